/** A person without a browser: follows redirects over real TLS, keeps cookies, and fills in the provider's form. */
import { Agent, request } from 'undici';

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Signs in on the way to `url`; the cookies that its host has set by then, as a `Cookie` header. Every name is loopback. */
export async function signInAt(url: URL, { email, password }: Credentials): Promise<string> {
  // Only what is measured matters here; who is at the other end was settled when the site was made.
  const dispatcher = new Agent({
    connect: {
      rejectUnauthorized: false,
      lookup: (_host, { all }, found) =>
        all === true ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4),
    },
  });
  const jars = new Map<string, Map<string, string>>();
  const ask = async (to: URL, form?: Record<string, string>): Promise<Answer> => {
    const jar = jars.get(to.host) ?? new Map<string, string>();
    jars.set(to.host, jar);
    const { statusCode, headers, body } = await request(to, {
      dispatcher,
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'text/html',
        cookie: cookiesOf(jar),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
    });
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    const location = typeof headers.location === 'string' ? headers.location : undefined;
    return { status: statusCode, location, body: await body.text() };
  };
  let at = url;
  let answer = await ask(at);
  for (let step = 0; step < 30; step++) {
    const { location, body, status } = answer;
    const form = /<form method="post" action="([^"]+)"/.exec(body)?.[1];
    if (location !== undefined) {
      at = new URL(location, at);
      answer = await ask(at);
    } else if (form !== undefined) {
      at = new URL(form, at);
      answer = await ask(at, { email, password });
    } else if (at.host === url.host && status === 200) {
      await dispatcher.close();
      return cookiesOf(jars.get(url.host) ?? new Map());
    } else throw new Error(`the way to ${url.href} ends at ${at.href} with ${status}: ${body.slice(0, 300)}`);
  }
  throw new Error(`the way to ${url.href} has no end`);
}

function cookiesOf(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}
