/**
 * A whole small world for tests, the demo and the bench: `laptop` behind a NAT, `hq`, a private network behind a NAT
 * that drops everything inbound, with its own DNS, a web application, a database and an SSH server, and between them
 * `internet` with a public DNS that records every question. Nothing of Postern runs in it until a test starts it.
 * Several labs may be open at once.
 */
import { cpSync, mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, type Authority } from '../authority.ts';
import { addressesOf, type Addresses } from './addresses.ts';
import { startBastion, type Bastion } from './bastion.ts';
import { startDatabase } from './database.ts';
import type { Zones } from './dns-server.ts';
import { NameServer } from './name-server.ts';
import { makeNetworks, type PlaceName } from './networks.ts';
import { Place } from './place.ts';
import type { Program } from './program.ts';
import { claimRun, namespaceName, removeRun, type Run } from './run-registry.ts';
import { Wiki } from './wiki.ts';

export interface Lab {
  /** 1 … 254, in the names of the lab's namespaces and in its addresses. */
  readonly number: number;
  /** Its folder: keys, logs, homes, whatever a test adds. Gone after `close()`. */
  readonly dir: string;
  readonly addresses: Addresses;
  readonly internet: Place;
  readonly laptop: Place;
  /** The machine in the private network that a connector runs on. */
  readonly hq: Place;
  /** The machine beside it that has the private network's DNS and applications. */
  readonly servers: Place;
  /** The routers, for what a test does to the paths. `hqNat` counts what it drops: `nft list counters`. */
  readonly laptopNat: Place;
  readonly hqNat: Place;
  readonly publicDns: NameServer;
  readonly privateDns: NameServer;
  /** A site outside every organisation: http://www.public.example. */
  readonly publicSite: Wiki;
  readonly wiki: Wiki;
  readonly database: Program;
  readonly bastion: Bastion;
  /** What public sites of the lab are certified by; every place trusts it as the web's own. */
  readonly authority: Authority;
  /**
   * Ends every process in the lab and removes whatever it made. May be called twice. With POSTERN_LAB_LOGS set to a
   * folder the logs of all programs are copied there first.
   */
  close(): Promise<void>;
}

/** Removes a lab at once, and forgets that a signal or the end of the process should. */
const open = new Map<Run, () => void>();

/** Opens a lab: about three seconds. Needs root on Linux and what `scripts/system.ts --for test` finds. */
export async function openLab(): Promise<Lab> {
  const dir = mkdtempSync(join(tmpdir(), 'postern-lab-'));
  // PostgreSQL, as another user, passes through it.
  chmodSync(dir, 0o755);
  const run = claimRun(dir);
  removeAtTheEnd(run);
  try {
    return await furnish(run);
  } catch (error) {
    keepLogs(run);
    open.get(run)?.();
    throw error;
  }
}

async function furnish(run: Run): Promise<Lab> {
  const { number, dir } = run;
  makeNetworks(number);
  const addresses = addressesOf(number);
  const authority = createAuthority(dir);
  const place = (name: PlaceName, address: string): Place =>
    new Place({
      namespace: namespaceName(number, name),
      address,
      dir,
      env: { SSL_CERT_FILE: authority.caFile },
    });
  const internet = place('internet', addresses.controller);
  const laptop = place('laptop', addresses.laptop);
  const hq = place('hq', addresses.connector);
  const servers = place('servers', addresses.wiki);
  const places = [
    internet,
    laptop,
    hq,
    servers,
    place('laptop-nat', addresses.laptopNat),
    place('hq-nat', addresses.hqNat),
  ];
  const [publicDns, privateDns, publicSite, wiki, database, bastion] = await Promise.all([
    NameServer.start(internet, {
      name: 'public-dns',
      address: addresses.publicDns,
      dir,
      zones: publicZones(addresses),
    }),
    NameServer.start(servers, {
      name: 'private-dns',
      address: addresses.privateDns,
      dir,
      zones: privateZones(addresses),
      forwardTo: addresses.publicDns,
    }),
    Wiki.start(internet, {
      name: 'public-site',
      title: 'A public site',
      address: addresses.publicSite,
      ports: [80],
    }),
    Wiki.start(servers, { name: 'wiki', title: 'Acme wiki', address: addresses.wiki, ports: [80, 8080] }),
    startDatabase(servers, { addresses: [addresses.db1, addresses.db2], dir }),
    startBastion(servers, { name: 'bastion.acme.internal', address: addresses.bastion, dir }),
  ]);
  return {
    number,
    dir,
    addresses,
    internet,
    laptop,
    hq,
    servers,
    laptopNat: places[4] as Place,
    hqNat: places[5] as Place,
    publicDns,
    privateDns,
    publicSite,
    wiki,
    database,
    bastion,
    authority,
    async close() {
      keepLogs(run);
      open.get(run)?.();
      await Promise.all(places.flatMap((each) => each.programs.map((program) => program.ended)));
    },
  };
}

function publicZones(addresses: Addresses): Zones {
  return {
    zones: [''],
    records: {
      'access.acme.example': [{ type: 'A', data: addresses.controller }],
      'relay.acme.example': [{ type: 'A', data: addresses.relay }],
      'idp.acme.example': [{ type: 'A', data: addresses.identityProvider }],
      'wiki.acme.example': [{ type: 'A', data: addresses.relay }],
      '*.team.acme.example': [{ type: 'A', data: addresses.relay }],
      'www.team.acme.example': [{ type: 'A', data: addresses.publicSite }],
      'alice-3000.apps.acme.example': [{ type: 'A', data: addresses.relay }],
      'access.globex.example': [{ type: 'A', data: addresses.controller }],
      'relay.globex.example': [{ type: 'A', data: addresses.relay }],
      'idp.globex.example': [{ type: 'A', data: addresses.identityProvider }],
      'www.public.example': [{ type: 'A', data: addresses.publicSite }],
    },
  };
}

function privateZones(addresses: Addresses): Zones {
  return {
    zones: ['acme.internal'],
    records: {
      'wiki.acme.internal': [{ type: 'A', data: addresses.wiki }],
      'db1.db.acme.internal': [{ type: 'A', data: addresses.db1 }],
      'db2.db.acme.internal': [{ type: 'A', data: addresses.db2 }],
      'bastion.acme.internal': [{ type: 'A', data: addresses.bastion }],
    },
  };
}

/** Makes the end of this process, by itself, by an error or by a signal, the end of the lab. */
function removeAtTheEnd(run: Run): void {
  const remove = (): void => {
    if (!open.delete(run)) return;
    process.off('exit', remove);
    for (const signal of signals) process.off(signal, onSignal);
    removeRun(run);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    remove();
    // With the last handler gone the signal does what it does by itself.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  open.set(run, remove);
  process.on('exit', remove);
  for (const signal of signals) process.on(signal, onSignal);
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function keepLogs({ dir }: Run): void {
  const target = process.env.POSTERN_LAB_LOGS;
  if (target === undefined) return;
  rmSync(target, { recursive: true, force: true });
  cpSync(join(dir, 'logs'), target, { recursive: true });
}
