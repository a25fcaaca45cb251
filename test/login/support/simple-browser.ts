/**
 * A browser without pages: keeps cookies per host, follows redirects, fills in the provider's form. Requests to the
 * controller are injected, those to a provider travel; every address it was sent to is remembered.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, fetch } from 'undici';
import type { Person } from '../../support/identity-provider-server.ts';
import type { TestPortal } from './portal.ts';
import type { TestProvider } from './provider.ts';

export interface Answer {
  readonly status: number;
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly cookies: readonly string[];
  readonly body: string;
}

export class SimpleBrowser {
  /** The address the controller sees. */
  address = '203.0.113.9';
  /** Every address it asked for, oldest first. */
  readonly visited: URL[] = [];
  readonly #portal: TestPortal;
  readonly #dispatcher: Agent;
  readonly #jars = new Map<string, Map<string, string>>();

  constructor(portal: TestPortal, providers: readonly TestProvider[]) {
    this.#portal = portal;
    this.#dispatcher = new Agent({ connect: { ca: providers.map(({ ca }) => ca), lookup: loopback } });
  }

  cookie(url: URL, name: string): string | undefined {
    return this.#jar(url).get(name);
  }

  setCookie(url: URL, name: string, value: string): void {
    this.#jar(url).set(name, value);
  }

  /** One request without following where it leads. */
  async ask(where: string | URL, form?: Record<string, string>): Promise<Answer> {
    const url = new URL(where, this.#portal.publicUrl);
    this.visited.push(url);
    const jar = this.#jar(url);
    const headers: Record<string, string> = {
      accept: 'text/html',
      cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
    };
    const answer =
      url.origin === this.#portal.publicUrl.origin
        ? await this.#askController(url, headers)
        : await this.#askProvider(url, headers, form);
    take(jar, answer.cookies);
    return answer;
  }

  /** Follows redirects until something else comes, signing in as `person` where a provider asks. */
  async open(where: string | URL, person?: Person, email = ''): Promise<Answer> {
    let answer = await this.ask(where);
    for (let step = 0; step < 20; step++) {
      const location = answer.headers['location'];
      const form = /<form method="post" action="([^"]+)"/.exec(answer.body)?.[1];
      if (location !== undefined) answer = await this.ask(new URL(location, answer.url));
      else if (form !== undefined && person !== undefined) {
        answer = await this.ask(new URL(form, answer.url), { email, password: person.password });
      } else return answer;
    }
    throw new Error('the redirects have no end');
  }

  /** Follows redirects up to the first address for which `stop` holds, which is not asked for. */
  async openUntil(
    where: string | URL,
    stop: (url: URL) => boolean,
    person: Person,
    email: string,
  ): Promise<URL> {
    let answer = await this.ask(where);
    for (let step = 0; step < 20; step++) {
      const location = answer.headers['location'];
      const form = /<form method="post" action="([^"]+)"/.exec(answer.body)?.[1];
      if (location !== undefined) {
        const next = new URL(location, answer.url);
        if (stop(next)) return next;
        answer = await this.ask(next);
      } else if (form !== undefined) {
        answer = await this.ask(new URL(form, answer.url), { email, password: person.password });
      } else throw new Error(`the way ends at ${answer.url.href} with ${answer.status}`);
    }
    throw new Error('the redirects have no end');
  }

  /** A call of the portal's API as its own pages make it; `json` is undefined for an answer without a body. */
  async call(
    method: 'GET' | 'POST',
    path: string,
    payload?: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: unknown }> {
    const jar = this.#jar(this.#portal.publicUrl);
    const answer = await this.#portal.app.inject({
      method,
      url: `/api/v1/${path}`,
      remoteAddress: this.address,
      headers: {
        host: this.#portal.publicUrl.host,
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        origin: this.#portal.publicUrl.origin,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    });
    take(jar, [answer.headers['set-cookie'] ?? []].flat());
    return { status: answer.statusCode, json: answer.body === '' ? undefined : (answer.json() as unknown) };
  }

  async #askController(url: URL, headers: Record<string, string>): Promise<Answer> {
    const answer = await this.#portal.app.inject({
      method: 'GET',
      url: url.pathname + url.search,
      headers: { ...headers, host: url.host },
      remoteAddress: this.address,
    });
    const cookies = [answer.headers['set-cookie'] ?? []].flat();
    return {
      status: answer.statusCode,
      url,
      headers: answer.headers as Record<string, string>,
      cookies,
      body: answer.body,
    };
  }

  async #askProvider(
    url: URL,
    headers: Record<string, string>,
    form?: Record<string, string>,
  ): Promise<Answer> {
    const answer = await fetch(url, {
      dispatcher: this.#dispatcher,
      redirect: 'manual',
      headers,
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    return {
      status: answer.status,
      url,
      headers: Object.fromEntries(answer.headers),
      cookies: answer.headers.getSetCookie(),
      body: await answer.text(),
    };
  }

  #jar(url: URL): Map<string, string> {
    const jar = this.#jars.get(url.host) ?? new Map<string, string>();
    this.#jars.set(url.host, jar);
    return jar;
  }
}

function take(jar: Map<string, string>, cookies: readonly string[]): void {
  for (const line of cookies) {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
    if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
}

const loopback: LookupFunction = (hostname, options, callback) =>
  systemLookup(hostname.endsWith('.localhost') ? '127.0.0.1' : hostname, options, callback);
