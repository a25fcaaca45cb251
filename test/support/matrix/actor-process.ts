/**
 * Who changes things in the revocation matrix, as a process in a place: an administrator with an API token, and a person
 * with a browser's cookies. Takes one JSON object a line and answers each with one, with the instants of question and
 * answer. `Actor` is its handle.
 */
import { createInterface } from 'node:readline';

export interface Ask {
  readonly id: number;
  /** Whose credentials: the session of the person's last sign-in, or an API token. */
  readonly as: { readonly token: string } | 'person';
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

export interface SignIn {
  readonly id: number;
  readonly signIn: { readonly email: string; readonly password: string };
}

export interface SignOut {
  readonly id: number;
  /** The issuer at which the person signs out, as a browser that never heard of the controller would. */
  readonly signOutAt: string;
}

export interface Answer {
  readonly id: number;
  readonly status: number;
  readonly body: unknown;
  /** Epoch milliseconds. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

const jars = new Map<string, Map<string, string>>();

if (import.meta.main) await run(process.argv.slice(2));

async function run([controller]: string[]): Promise<void> {
  if (controller === undefined) throw new Error('usage: actor-process.ts CONTROLLER');
  console.log('ready');
  for await (const line of createInterface(process.stdin)) {
    const message = JSON.parse(line) as Ask | SignIn | SignOut;
    const answer = act(controller, message);
    answer.then(
      (given) => console.log(JSON.stringify(given)),
      (error: unknown) => console.log(JSON.stringify({ id: message.id, status: 0, body: String(error) })),
    );
  }
}

function act(controller: string, message: Ask | SignIn | SignOut): Promise<Answer> {
  if ('signIn' in message) return signIn(controller, message);
  return 'signOutAt' in message ? signOut(message) : ask(controller, message);
}

async function ask(controller: string, { id, as, method, path, body }: Ask): Promise<Answer> {
  const url = new URL(path, controller);
  const who =
    as === 'person'
      ? { cookie: cookiesOf(url), origin: url.origin, 'sec-fetch-site': 'same-origin' }
      : { authorization: `Bearer ${as.token}` };
  const askedAt = Date.now();
  const response = await fetch(url, {
    method,
    headers: { ...who, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answeredAt = Date.now();
  const text = await response.text();
  return {
    ...{ id, status: response.status, askedAt, answeredAt },
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

/** Signs in at the provider anew, whoever was signed in before. */
async function signIn(controller: string, { id, signIn: { email, password } }: SignIn): Promise<Answer> {
  jars.clear();
  const askedAt = Date.now();
  let response = await travel(new URL('/oidc/corp/start', controller));
  for (let step = 0; step < 20; step += 1) {
    const { url, location, body } = response;
    const form = /<form method="post" action="([^"]+)"/.exec(body)?.[1];
    const next = location === null ? undefined : new URL(location, url);
    const home = new URL(controller).origin;
    // The controller has let the person in and sends them to its pages, which nobody reads here.
    if (next?.origin === home && url.origin === home && !next.pathname.startsWith('/oidc/'))
      return { id, status: 200, body: next.href, askedAt, answeredAt: Date.now() };
    if (next !== undefined) response = await travel(next);
    else if (form !== undefined)
      response = await travel(new URL(form, url), new URLSearchParams({ email, password }));
    else return { id, status: 500, body, askedAt, answeredAt: Date.now() };
  }
  throw new Error('the redirects have no end');
}

/** The provider answers once it has told everyone whom it let in. */
async function signOut({ id, signOutAt }: SignOut): Promise<Answer> {
  const asked = await travel(new URL('/session/end?client_id=postern', signOutAt));
  const action = /<form [^>]*action="([^"]+)"/.exec(asked.body)?.[1] ?? '';
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.body)?.[1] ?? '';
  const askedAt = Date.now();
  const done = await travel(new URL(action, asked.url), new URLSearchParams({ xsrf, logout: 'yes' }));
  return { id, status: done.status, body: done.body, askedAt, answeredAt: Date.now() };
}

async function travel(
  url: URL,
  form?: URLSearchParams,
): Promise<{ url: URL; status: number; location: string | null; body: string }> {
  const response = await fetch(url, {
    method: form === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { cookie: cookiesOf(url), accept: 'text/html' },
    ...(form === undefined ? {} : { body: form }),
  });
  const jar = jars.get(url.host) ?? new Map<string, string>();
  jars.set(url.host, jar);
  for (const line of response.headers.getSetCookie()) {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
    if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
  return {
    ...{ url, status: response.status },
    location: response.headers.get('location'),
    body: await response.text(),
  };
}

function cookiesOf(url: URL): string {
  return [...(jars.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
}
