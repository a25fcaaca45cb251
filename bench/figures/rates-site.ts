/**
 * What the rates are measured on: an organisation with so many devices of as many people and twenty connectors, on the
 * controller as it is by default (SQLite, alone), or on two over a real PostgreSQL and a real Redis, both in this process.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { ControllerContext } from '../../controller/context.ts';
import { openController } from '../../controller/open-controller.ts';
import { applyDocument } from '../../controller/organisation/apply-document.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { newId, type ConnectorId, type DeviceId, type Id, type ResourceId } from '../../protocol/ids.ts';
import { startPostgres } from '../../test/support/servers/postgres-server.ts';
import { startRedis } from '../../test/support/servers/redis-server.ts';

export type Shape = 'embedded' | 'cluster';

const connectorCount = 20;
const rowsAtOnce = 500;
const issuer = 'https://idp.acme.example';

export interface Site {
  /** The controllers, work going to each in turn. */
  readonly contexts: readonly ControllerContext[];
  readonly people: readonly Id<'usr'>[];
  readonly devices: readonly DeviceId[];
  readonly connectors: readonly ConnectorId[];
  readonly resources: readonly ResourceId[];
  close(): Promise<void>;
}

export async function openSite(shape: Shape, size: number): Promise<Site> {
  const root = await mkdtemp(join(tmpdir(), 'postern-rates-'));
  const undo: (() => Promise<void>)[] = [() => rm(root, { recursive: true })];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const services = shape === 'cluster' ? await startServices(undo) : {};
    const contexts: ControllerContext[] = [];
    for (const name of shape === 'cluster' ? ['a', 'b'] : ['a']) {
      const opened = await openController({
        directory: join(root, name),
        secretKeyFile: join(root, 'secret.key'),
        ...services,
        publicUrl: new URL('https://access.acme.example:8443'),
        builtInAuthority: false,
        now: Date.now,
        clock: systemClock,
        random: systemRandom,
        log: pino({ level: 'error' }),
      });
      undo.push(() => opened.close());
      contexts.push(opened.context);
    }
    const [first] = contexts;
    if (first === undefined) throw new Error('a site has a controller');
    return { contexts, ...(await fill(first, size)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startServices(undo: (() => Promise<void>)[]): Promise<{ database: string; redis: string }> {
  // As it is run: every commit reaches the disk before it is acknowledged.
  const postgres = await startPostgres({ fsync: true });
  undo.push(() => postgres.stop());
  const redis = await startRedis();
  undo.push(() => redis.stop());
  return { database: postgres.url, redis: redis.url };
}

async function fill(
  context: ControllerContext,
  size: number,
): Promise<Pick<Site, 'people' | 'devices' | 'connectors' | 'resources'>> {
  const { store } = context.organisation(context.firstOrganisation);
  const { secretKey, random } = context;
  const nowMs = Date.now();
  const resources = Array.from({ length: 20 }, (_, at) => ({
    name: `app-${at}`,
    network: 'hq',
    address: `app-${at}.acme.internal`,
    ports: ['tcp/443'],
  }));
  const document = {
    organisation: 'acme',
    zones: ['acme.internal'],
    groups: ['staff'],
    identityProviders: [
      { name: 'corp', issuer, clientId: 'postern', clientSecret: 'none', groupsClaim: 'groups' },
    ],
    networks: [{ name: 'hq' }],
    resources,
    policies: [
      {
        name: 'staff',
        allow: { groups: ['staff'] },
        to: { resources: resources.map(({ name }) => name) },
        doors: ['client' as const],
      },
    ],
  };
  await applyDocument(store, document, { secretKey, random, nowMs, who: 'bench' });
  const { id: network } = await store.select('networks').select('id').executeTakeFirstOrThrow();
  const id = (): Buffer => systemRandom(16);
  const people = Array.from({ length: size }, () => newId('usr', id()));
  const devices = Array.from({ length: size }, () => newId('dev', id()));
  const connectors = Array.from({ length: connectorCount }, () => newId('con', id()));
  await store.transaction(async (tx) => {
    const peopleRows = people.map((person, at) => ({
      id: person,
      issuer,
      subject: `${at}`,
      email: `person${at}@acme.example`,
      name: `Person ${at}`,
      groups: '["staff"]',
      created_ms: nowMs,
      signed_in_ms: nowMs,
    }));
    for (const part of inParts(peopleRows)) await tx.insert('people', part).execute();
    const deviceRows = devices.map((device, at) => ({
      ...node(device, nowMs),
      kind: 'device' as const,
      owner: people[at] ?? null,
      signed_in_ms: nowMs,
      acknowledged_ms: nowMs,
    }));
    for (const part of inParts(deviceRows)) await tx.insert('nodes', part).execute();
    const connectorRows = connectors.map((connector) => ({
      ...node(connector, nowMs),
      kind: 'connector' as const,
      network,
    }));
    for (const part of inParts(connectorRows)) await tx.insert('nodes', part).execute();
    const sessionRows = devices.map((device, at) => ({
      id: newId('ses', id()),
      kind: 'device' as const,
      subject: people[at] ?? '',
      device,
      address: '192.0.2.7',
      started_ms: nowMs,
      until_ms: nowMs + 12 * 3_600_000,
      auth_ms: nowMs,
      amr: '["mfa"]',
    }));
    for (const part of inParts(sessionRows)) await tx.insert('sessions', part).execute();
  });
  const stored = await store.select('resources').select('id').execute();
  return { people, devices, connectors, resources: stored.map((resource) => resource.id) };
}

function node(of: DeviceId | ConnectorId, nowMs: number) {
  const key = (): string => systemRandom(32).toString('base64url');
  return {
    id: of,
    mk: key(),
    nk: key(),
    name: 'laptop',
    os: 'linux',
    version: '0.1.0',
    approval: 'approved',
    state: 'active',
    created_ms: nowMs,
    seen_ms: nowMs,
    received_seq: 0,
  } as const;
}

/** One statement takes a bounded number of rows. */
function* inParts<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce);
}
