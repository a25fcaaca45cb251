/**
 * A real OpenID provider for an organisation's people, run as a process inside a place; `IdentityProvider` is its
 * handle. It reads the people from a file whenever somebody signs in, so that a test may change groups at any time.
 * Its pages are its own and load nothing from elsewhere.
 *
 *   node identity-provider-server.ts SETTINGS-FILE
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import Provider, { type Context } from 'oidc-provider';

export interface Person {
  /** What identifies them to those who trust the provider. */
  subject: string;
  name: string;
  password: string;
  emailVerified: boolean;
  groups: string[];
  /** How the provider says that they signed in (RFC 8176), for example `['pwd', 'otp', 'mfa']`. */
  amr: string[];
}

export interface Settings {
  issuer: string;
  address: string;
  port: number;
  certFile: string;
  keyFile: string;
  client: {
    id: string;
    secret: string;
    redirectUris: string[];
    /** Where it sends a browser back to after a sign-out, and logout tokens to; it offers neither without. */
    signedOutUris?: string[];
    backChannelUri?: string;
  };
  /** A file with the people by e-mail address. */
  peopleFile: string;
}

if (import.meta.main) serve(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Settings);

function serve(settings: Settings): void {
  const people = (): Record<string, Person> =>
    JSON.parse(readFileSync(settings.peopleFile, 'utf8')) as Record<string, Person>;
  const provider = new Provider(settings.issuer, configuration(settings, people));
  provider.on('server_error', (_, error) => console.error(error));
  const protocol = provider.callback();

  const interact = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { uid, params } = await provider.interactionDetails(request, response);
    if (request.method !== 'POST') return signInPage(response, uid, params.login_hint, '');
    const form = new URLSearchParams(await text(request));
    const email = (form.get('email') ?? '').trim().toLowerCase();
    const person = people()[email];
    if (person === undefined || person.password !== form.get('password'))
      return signInPage(response, uid, email, 'E-mail or password is wrong.');
    console.log(`signed in ${email}`);
    const result = { login: { accountId: person.subject, amr: person.amr } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  };

  const tls = { cert: readFileSync(settings.certFile), key: readFileSync(settings.keyFile) };
  const server = createServer(tls, (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) protocol(request, response);
    else
      interact(request, response).catch((error: unknown) => {
        console.error(error);
        response.writeHead(400).end('This sign-in is over. Start again at the application.\n');
      });
  });
  // Whoever started it holds the other end of this pipe, also when he is killed.
  process.stdin.on('close', () => process.exit()).resume();
  server.listen(settings.port, settings.address, () => console.log('ready'));
}

function configuration({ client }: Settings, people: () => Record<string, Person>): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const personOf = (subject: string): [string, Person] | undefined =>
    Object.entries(people()).find(([, person]) => person.subject === subject);
  return {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: client.redirectUris,
        grant_types: ['authorization_code'],
        response_types: ['code'],
        ...(client.signedOutUris === undefined ? {} : { post_logout_redirect_uris: client.signedOutUris }),
        ...(client.backChannelUri === undefined
          ? {}
          : {
              backchannel_logout_uri: client.backChannelUri,
              backchannel_logout_session_required: true,
            }),
      },
    ],
    // Groups come with every sign-in, asked for or not, in the ID token as well as from the userinfo endpoint.
    claims: {
      openid: ['sub', 'groups', 'amr', 'auth_time'],
      email: ['email', 'email_verified'],
      profile: ['name'],
    },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: client.backChannelUri !== undefined },
      rpInitiatedLogout: { enabled: client.signedOutUris !== undefined, logoutSource: signOutPage },
    },
    // Its own fetch refuses loopback, where the controllers of tests are.
    fetch: (url: string, { dispatcher: _guard, ...options }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, options),
    pkce: { required: () => true },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    ttl: { Session: 86_400, Interaction: 600, Grant: 86_400, AccessToken: 600, IdToken: 600 },
    interactions: { url: (_: Context, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount(_: Context, subject: string) {
      const found = personOf(subject);
      if (found === undefined) return undefined;
      const [email, { name, emailVerified, groups }] = found;
      return {
        accountId: subject,
        claims: () => ({ sub: subject, email, email_verified: emailVerified, name, groups }),
      };
    },
    // The organisation has agreed for its people: nobody is asked for consent.
    async loadExistingGrant({ oidc }: Context) {
      const { clientId } = oidc.client;
      const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope([...oidc.requestParamScopes].join(' '));
      grant.addOIDCClaims(['email', 'email_verified', 'name', 'groups']);
      await grant.save();
      return grant;
    },
  };
}

/** Asks whether to sign out here as well; `form` is the provider's own, to be sent with the answer. */
function signOutPage(ctx: Context & { body: string }, form: string): void {
  ctx.body = `<!doctype html>
<html lang="en">
<title>Acme sign-out</title>
<h1>Sign out of Acme?</h1>
${form.replace('</form>', '<button name="logout" value="yes">Yes</button></form>')}
</html>
`;
}

function signInPage(response: ServerResponse, uid: string, email: unknown, complaint: string): void {
  const value =
    typeof email === 'string' ? email.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`) : '';
  response.writeHead(complaint === '' ? 200 : 401, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html>
<html lang="en">
<title>Acme sign-in</title>
<h1>Acme sign-in</h1>
<p role="alert">${complaint}</p>
<form method="post" action="/interaction/${uid}">
  <label>E-mail <input name="email" type="email" value="${value}" autofocus required></label>
  <label>Password <input name="password" type="password" required></label>
  <button>Sign in</button>
</form>
</html>
`);
}
