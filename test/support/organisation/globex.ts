/**
 * A second organisation in a lab: with a controller, relay and provider of its own, or as another organisation of Acme's
 * controller. Its private network has the same subnet as Acme's, with another wiki at the same address, and it claims Acme's zone
 * beside its own.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { IdentityProvider } from '../identity-provider.ts';
import type { Lab } from '../lab/lab.ts';
import { Wiki } from '../lab/wiki.ts';
import { acmeDocument, clientSecretVariable, toYaml, type OrganisationFile } from './acme-document.ts';
import { Organisation } from './organisation.ts';
import type { Home } from './person.ts';

export async function startGlobex(lab: Lab): Promise<Organisation> {
  const { internet, laptop, authority, addresses } = lab;
  const dir = await globexPlace(lab);
  const site = {
    dir,
    authority,
    internet,
    hq: internet,
    laptop,
    controller: { host: 'access.globex.example', address: addresses.controller, port: 9443 },
    relay: { host: 'relay.globex.example', address: addresses.relay, port: 9444 },
    provider: { host: 'idp.globex.example', address: addresses.identityProvider, port: 9445 },
  };
  return Organisation.start(site, {
    adapt: ({ identityProviders }) => globexDocument(lab, identityProviders),
  });
}

/** Makes its folder and its private network. */
async function globexPlace({ dir: lab, internet, addresses }: Lab): Promise<string> {
  const dir = join(lab, 'globex');
  mkdirSync(dir, { mode: 0o755 });
  // What Acme has behind a NAT, Globex has here: nobody else in this place is asked for that address.
  await internet.run('ip', ['address', 'add', `${addresses.wiki}/32`, 'dev', 'lo']);
  await Wiki.start(internet, {
    name: 'globex-wiki',
    title: 'Globex wiki',
    address: addresses.wiki,
    ports: [80],
  });
  return dir;
}

function globexDocument(
  { addresses }: Lab,
  identityProviders: OrganisationFile['identityProviders'],
): OrganisationFile {
  return {
    organisation: 'globex',
    zones: ['globex.internal', 'acme.internal'],
    groups: ['staff'],
    identityProviders,
    networks: [{ name: 'hq' }],
    resources: [
      {
        name: 'wiki',
        network: 'hq',
        address: addresses.wiki,
        alias: 'wiki.globex.internal',
        ports: ['tcp/80'],
      },
      {
        name: 'trap',
        network: 'hq',
        address: addresses.publicSite,
        alias: 'trap.acme.internal',
        ports: ['tcp/80'],
      },
    ],
    policies: [{ name: 'staff', allow: { groups: ['staff'] }, to: 'everything' }],
  };
}

/** Globex as the second organisation of Acme's controller, with Acme's relay, and a connector and provider of its own. */
export interface Tenant extends Home {
  /** Runs a command as its administrator, which must succeed; what it printed. */
  admin(command: string, ...args: string[]): Promise<string>;
  /** Runs a command as the operator of the controller, which must succeed. */
  operate(command: string, ...args: string[]): Promise<string>;
}

/** Makes it, and waits until its connector is ready. Acme's controller must go where the lab's provider is. */
export async function addGlobex(lab: Lab, acme: Organisation): Promise<Tenant> {
  const { internet, authority, addresses } = lab;
  const dir = await globexPlace(lab);
  const url = 'https://access.globex.example:8443';
  const { caFile, site } = acme;
  const run = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
    const { code, stdout, stderr } = await internet.run('bin/postern', args, { env });
    assert.equal(code, 0, `postern ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const operate = (command: string, ...args: string[]): Promise<string> =>
    run([command, ...args, '--data', join(site.dir, 'controller')]);
  await operate('organisation', 'create', 'globex', '--address', url);
  const tokenFile = join(dir, 'admin.token');
  const token = await operate('token', 'create', '--organisation', 'globex', '--role', 'admin');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const provider = await IdentityProvider.start(internet, {
    address: addresses.identityProvider,
    host: 'idp.globex.example',
    port: 9445,
    dir,
    authority,
    redirectUris: [`${url}/oidc/corp/callback`],
  });
  const env = {
    POSTERN_CONTROLLER: url,
    POSTERN_TOKEN_FILE: tokenFile,
    [clientSecretVariable]: provider.client.secret,
  };
  const admin = (command: string, ...args: string[]): Promise<string> =>
    run([command, ...args, '--ca', caFile], env);
  const { identityProviders } = acmeDocument({ issuer: provider.issuer, caFile: provider.caFile });
  const file = join(dir, 'postern.yaml');
  writeFileSync(file, toYaml(globexDocument(lab, identityProviders)));
  await admin('apply', '-f', file);
  const keyFile = join(dir, 'connector.key');
  writeFileSync(keyFile, await admin('token', 'create', '--connector', 'hq'), { mode: 0o600 });
  const state = join(dir, 'connector');
  internet.spawn(
    'bin/postern',
    ['connector', '--state', state, '--name', 'globex-1', '--key-file', keyFile],
    {
      name: 'globex-connector',
    },
  );
  await eventually(
    'a connector of globex',
    async () => {
      const { code, stdout } = await internet.run('bin/postern', ['status', '--state', state, '--json']);
      return code === 0 && (JSON.parse(stdout) as { state: string }).state === 'ready' ? true : undefined;
    },
    { timeoutMs: 20_000 },
  );
  return { url, caFile, provider, personArgs: ['--controller', url, '--ca', caFile], admin, operate };
}
