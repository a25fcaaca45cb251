/** An organisation's OpenID provider running in a lab's internet: where it is, whom it knows, as what. */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Person, Settings } from './identity-provider-server.ts';
import type { Authority } from './authority.ts';
import type { Place } from './lab/place.ts';
import type { Program } from './lab/program.ts';

/** What the people of a new provider are. */
const acme: Record<string, Person> = {
  'alice@acme.example': person('a1', 'Alice Example', ['staff', 'sre']),
  'bob@acme.example': person('b2', 'Bob Example', []),
  'carol@acme.example': person('c3', 'Carol Example', ['contractors']),
};

function person(subject: string, name: string, groups: string[]): Person {
  return { subject, name, groups, password: `${subject}-password`, emailVerified: true, amr: ['pwd'] };
}

export class IdentityProvider {
  readonly issuer: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** Private authority that certifies it. */
  readonly caFile: string;
  readonly program: Program;
  readonly #people: Record<string, Person> = structuredClone(acme);
  readonly #peopleFile: string;

  private constructor(settings: Settings, caFile: string, program: Program) {
    this.issuer = settings.issuer;
    this.client = settings.client;
    this.caFile = caFile;
    this.program = program;
    this.#peopleFile = settings.peopleFile;
  }

  /**
   * Starts it at https://HOST on `address` and waits until it answers. `redirectUris`: where the client `postern` may
   * be sent back to, for example `https://access.acme.example:8443/oidc/corp/callback`; `logout`: where it sends browsers
   * after a sign-out there, and logout tokens.
   */
  static async start(
    place: Place,
    options: {
      address: string;
      dir: string;
      authority: Authority;
      redirectUris: readonly string[];
      logout?: { signedOutUris: readonly string[]; backChannelUri: string };
      host?: string;
      port?: number;
    },
  ): Promise<IdentityProvider> {
    const { address, dir, authority, redirectUris, logout, host = 'idp.acme.example', port = 443 } = options;
    const settings: Settings = {
      issuer: `https://${host}${port === 443 ? '' : `:${port}`}`,
      address,
      port,
      ...authority.issue([host]),
      client: {
        id: 'postern',
        secret: randomBytes(24).toString('hex'),
        redirectUris: [...redirectUris],
        ...(logout === undefined
          ? {}
          : { signedOutUris: [...logout.signedOutUris], backChannelUri: logout.backChannelUri }),
      },
      peopleFile: join(dir, `${host}.people.json`),
    };
    const settingsFile = join(dir, `${host}.json`);
    writeFileSync(settingsFile, JSON.stringify(settings), { mode: 0o600 });
    writeFileSync(settings.peopleFile, JSON.stringify(acme), { mode: 0o600 });
    const script = fileURLToPath(new URL('./identity-provider-server.ts', import.meta.url));
    const program = place.spawn('node', [script, settingsFile], {
      name: host,
      // It starts before the controller, whose authority it could trust, has made one.
      ...(logout === undefined ? {} : { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }),
    });
    await program.waitFor(/^ready$/m);
    return new IdentityProvider(settings, authority.caFile, program);
  }

  /** What it knows of a person now. */
  person(email: string): Readonly<Person> {
    const found = this.#people[email];
    if (found === undefined) throw new Error(`the identity provider knows no ${email}`);
    return found;
  }

  /** Changes a person from their next sign-in on, or adds one. */
  setPerson(email: string, change: Partial<Person>): void {
    const before = this.#people[email] ?? person(randomBytes(4).toString('hex'), email, []);
    this.#people[email] = { ...before, ...change };
    const draft = `${this.#peopleFile}.new`;
    writeFileSync(draft, JSON.stringify(this.#people), { mode: 0o600 });
    renameSync(draft, this.#peopleFile);
  }
}
