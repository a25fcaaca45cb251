/**
 * A second organisation in a lab, with a controller, relay and provider of its own. Its private network has the same
 * subnet as Acme's, with another wiki at the same address, and it claims Acme's zone beside its own.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { Wiki } from '../lab/wiki.ts';
import { Organisation } from './organisation.ts';

export async function startGlobex(lab: Lab): Promise<Organisation> {
  const { internet, laptop, authority, addresses } = lab;
  const dir = join(lab.dir, 'globex');
  mkdirSync(dir, { mode: 0o755 });
  // What Acme has behind a NAT, Globex has here: nobody else in this place is asked for that address.
  await internet.run('ip', ['address', 'add', `${addresses.wiki}/32`, 'dev', 'lo']);
  await Wiki.start(internet, {
    name: 'globex-wiki',
    title: 'Globex wiki',
    address: addresses.wiki,
    ports: [80],
  });
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
    adapt: ({ identityProviders }) => ({
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
    }),
  });
}
