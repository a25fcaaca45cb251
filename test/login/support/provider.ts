/** A real OpenID provider in a process of its own on loopback, certified by an authority of its own. */
import { freePort } from '../../support/servers/free-port.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { IdentityProviderDocument } from '../../../protocol/organisation-document.ts';
import { createAuthority } from '../../support/authority.ts';
import type { Person, Settings } from '../../support/identity-provider-server.ts';

export interface TestProvider {
  readonly issuer: string;
  /** How the organisation's document names it. */
  readonly document: IdentityProviderDocument;
  /** Its authority, PEM. */
  readonly ca: string;
  /** The people it knows by e-mail address; a change counts from their next sign-in on. */
  setPeople(people: Record<string, Person>): Promise<void>;
}

export function person(subject: string, groups: string[], more: Partial<Person> = {}): Person {
  return {
    subject,
    name: `Person ${subject}`,
    password: `${subject}-password`,
    emailVerified: true,
    groups,
    amr: ['pwd'],
    ...more,
  };
}

/** Starts a provider that the end of the test stops. `name` is its name in the document. */
export async function startProvider(
  test: { after(done: () => Promise<void>): void },
  name: string,
  publicUrl: URL,
  people: Record<string, Person>,
  logout?: { readonly backChannelUri?: string },
): Promise<TestProvider> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-provider-'));
  const authority = createAuthority(dir);
  const port = await freePort();
  const host = `${name}.localhost`;
  const settings: Settings = {
    issuer: `https://${host}:${port}`,
    address: '127.0.0.1',
    port,
    ...authority.issue([host]),
    client: {
      id: 'postern',
      secret: `secret of ${name}`,
      redirectUris: [new URL(`/oidc/${name}/callback`, publicUrl).href],
      ...(logout === undefined
        ? {}
        : { ...logout, signedOutUris: [new URL(`/oidc/${name}/signed-out`, publicUrl).href] }),
    },
    peopleFile: join(dir, 'people.json'),
  };
  const setPeople = (list: Record<string, Person>): Promise<void> =>
    writeFile(settings.peopleFile, JSON.stringify(list));
  await setPeople(people);
  await writeFile(join(dir, 'settings.json'), JSON.stringify(settings));
  const script = fileURLToPath(new URL('../../support/identity-provider-server.ts', import.meta.url));
  const child = spawn(process.execPath, [script, join(dir, 'settings.json')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  test.after(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await rm(dir, { recursive: true });
  });
  for await (const line of createInterface(child.stdout)) if (line === 'ready') break;
  child.stdout.resume();
  const ca = await readFile(authority.caFile, 'utf8');
  const { id: clientId, secret: clientSecret } = settings.client;
  const { issuer } = settings;
  return {
    issuer,
    ca,
    document: { name, issuer, clientId, clientSecret, groupsClaim: 'groups', ca },
    setPeople,
  };
}
