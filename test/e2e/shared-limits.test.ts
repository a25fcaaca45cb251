/**
 * One organisation's limits where two connectors give out its flows and two relays pass its bytes: together never more than
 * it may have, and all of it where it is wanted. Controller, relays, connectors and client are the real ones, on loopback.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import { decodeJwt } from 'jose';
import { pino } from 'pino';
import { startRelayNode } from '../../cli/relay-node.ts';
import { startClient, type Client } from '../../client/client.ts';
import { startConnector } from '../../connector/connector.ts';
import { setLimits, type Limits } from '../../controller/operator/limits.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey, type EnrolmentKey } from '../../protocol/secrets.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import { attachDevice, dialConnector } from '../support/bare-device.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/servers/free-port.ts';

const log = pino({ level: 'silent' });
const networks = ['hq', 'lab'] as const;
type Network = (typeof networks)[number];

/** Takes what it is sent, at a port of each network, and counts that and who is connected. */
class Applications {
  readonly open = { hq: 0, lab: 0 };
  readonly bytes = { hq: 0, lab: 0 };
  /** The most that were connected at both at one time. */
  most = 0;
  readonly #servers = networks.map((network) =>
    createServer((socket) => {
      this.open[network] += 1;
      this.most = Math.max(this.most, this.open.hq + this.open.lab);
      socket.on('error', () => undefined).once('close', () => (this.open[network] -= 1));
      socket.on('data', (chunk) => (this.bytes[network] += chunk.length));
    }),
  );

  async start(): Promise<number[]> {
    return Promise.all(
      this.#servers.map(async (server) => {
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        return (server.address() as AddressInfo).port;
      }),
    );
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}

interface Held {
  readonly snapshot: DeviceSnapshot;
  readonly tickets: readonly string[];
  readonly grants: readonly string[];
  readonly authorities: readonly string[];
}

suite('one limit at two connectors and two relays', () => {
  const applications = new Applications();
  const ports: Record<string, number> = {};
  const stops: (() => unknown)[] = [];
  let controller: StartedController;
  let client: Client;
  let folder: string;

  before(async () => {
    controller = await StartedController.start({ after: (stop) => void stops.unshift(stop) });
    folder = await mkdtemp(join(tmpdir(), 'postern-shared-'));
    stops.unshift(() => rm(folder, { recursive: true }));
    const found = await applications.start();
    stops.unshift(() => applications.close());
    for (const [at, network] of networks.entries()) ports[network] = found[at] ?? 0;
    const applied = await controller.call('PUT', '/api/v1/document', {
      organisation: 'acme',
      zones: ['acme.internal'],
      groups: ['automation'],
      networks: networks.map((name) => ({ name })),
      serviceAccounts: [{ name: 'ci', groups: ['automation'] }],
      resources: networks.map((network) => ({
        name: `echo-${network}`,
        network,
        address: '127.0.0.1',
        alias: hostOf(network),
        ports: [`tcp/${ports[network]}`],
      })),
      policies: [{ name: 'ci', allow: { serviceAccounts: ['ci'] }, to: 'everything', doors: ['client'] }],
    });
    assert.equal(applied.status, 200, applied.body);
    const port = await freePort();
    const relay = await startRelayNode({
      address: '127.0.0.1',
      port,
      publicUrl: new URL(`https://localhost:${port}`),
      state: openStateDirectory(join(folder, 'relay')),
      key: decoded('pk', await controller.key('relay', 'second')),
      log,
    });
    stops.unshift(() => relay.stop());
    for (const network of networks) {
      const connector = await startConnector({
        state: openStateDirectory(join(folder, network)),
        key: decoded('pk', await controller.key('connector', network)),
        log,
      });
      stops.unshift(() => connector.stop(0));
      await eventually(`the connector of ${network} is at both relays`, () => {
        const { relays } = connector.status();
        return (relays.length === 2 && relays.every(({ connected }) => connected)) || undefined;
      });
    }
    client = await startClient({
      state: openStateDirectory(join(folder, 'laptop')),
      key: decoded('sk', await controller.key('service', 'ci')),
      browser: false,
      uids: [process.getuid?.() ?? 0],
      onEvent: () => undefined,
    });
    stops.unshift(() => client.stop());
    await client.ready;
  });
  after(async () => {
    for (const stop of stops) await stop();
  });

  test('flows: what one connector has given out the other has not, and what is let go goes to whoever wants it', async () => {
    const most = 6;
    await limit({ flows: most });
    const flows = { hq: [] as Duplex[], lab: [] as Duplex[] };
    const tries = async (network: Network): Promise<string> =>
      client.open({ host: hostOf(network), port: ports[network] ?? 0 }).then(
        (flow) => {
          flow.on('error', () => undefined);
          flows[network].push(flow);
          return 'opened';
        },
        (error: Error) => error.message,
      );
    /** Opens as many as it is let, and once more. */
    const fill = async (network: Network, count: number): Promise<void> => {
      await eventually(`${count} flows at ${network}`, async () => {
        const answer = await tries(network);
        if (answer !== 'opened') assert.match(answer, /^Your organisation has as many connections open/);
        return flows[network].length === count || undefined;
      });
      assert.match(await tries(network), /^Your organisation has as many connections open/);
    };
    // Each hears of the limit first, and of its share within a second.
    await eventually('both have it together', async () => {
      for (const network of networks)
        while (flows[network].length <= most && (await tries(network)) === 'opened');
      const all = [...flows.hq.splice(0), ...flows.lab.splice(0)];
      await closeAll(all, applications);
      return all.length <= most || undefined;
    });
    applications.most = 0;

    await fill('hq', most);
    assert.match(await tries('lab'), /^Your organisation has as many connections open/);
    const half = flows.hq.splice(0, most / 2);
    for (const flow of half) flow.destroy();
    await fill('lab', most / 2);
    assert.match(await tries('hq'), /^Your organisation has as many connections open/);
    assert.deepEqual(applications.open, { hq: most / 2, lab: most / 2 });
    assert.equal(applications.most, most, 'never more at one time');
    await closeAll([...flows.hq, ...flows.lab], applications);
    await limit({ flows: null });
  });

  test('bytes: two relays pass what one may, and one alone all of it', async (t) => {
    const bytesPerSecond = 1_000_000;
    await limit({ relay: (bytesPerSecond * 8) / 1e6 });
    const held = await eventually('its ticket says what may pass', async () => {
      const now = JSON.parse(await readFile(join(folder, 'laptop', 'session.json'), 'utf8')) as Held;
      return decodeJwt(now.tickets[0] ?? '')['rate'] === bytesPerSecond ? now : undefined;
    });
    await client.stop();
    const relays = Object.values(held.snapshot.relays);
    assert.equal(relays.length, 2);
    const pumps = await Promise.all(
      networks.map(async (network, at) => new Pump(await flowOver(held, relays[at]?.id ?? '', network))),
    );
    t.after(() => {
      for (const pump of pumps) pump.stop();
    });
    const { bytes } = applications;
    /** How long so many bytes take until they are there, in ms. */
    const takes = async (count: number): Promise<number> => {
      const from = bytes.hq + bytes.lab;
      const startedMs = performance.now();
      const enough = (): true | undefined => bytes.hq + bytes.lab >= from + count || undefined;
      await eventually(`${count} bytes`, enough, { timeoutMs: 60_000, everyMs: 20 });
      return performance.now() - startedMs;
    };
    await takes(3 * bytesPerSecond);
    const before = { ...bytes };
    const togetherMs = await takes(4 * bytesPerSecond);
    t.diagnostic(`four seconds' worth took ${Math.round(togetherMs)} ms by both`);
    assert.ok(togetherMs > 3_300, `${togetherMs} ms: together they pass more than may`);
    for (const network of networks)
      assert.ok(bytes[network] - before[network] > bytesPerSecond / 2, `${network} has its part`);
    pumps[0]?.stop();
    await takes(2 * bytesPerSecond);
    // Half as much, as fast as both: with its part alone it would take as long as all of that did. Others share the processors
    // of this machine, so the best of a few counts.
    const enoughMs = 0.8 * togetherMs;
    const alone: number[] = [];
    do alone.push(await takes(2 * bytesPerSecond));
    while (alone.length < 4 && !alone.some((ms) => ms < enoughMs));
    t.diagnostic(`two seconds' worth took ${alone.map(Math.round).join(', ')} ms by one`);
    assert.ok(Math.min(...alone) < enoughMs, 'one alone has what the other does not want');
    const allMs = alone.reduce((sum, ms) => sum + ms, 0);
    assert.ok(allMs > 1_650 * alone.length, 'and no more than may pass');
  });

  /** As the operator does it, beside the records. */
  async function limit(given: Partial<Limits>): Promise<void> {
    const { context } = controller;
    await setLimits(context.store, context.firstOrganisation, given, { nowMs: Date.now(), who: 'operator' });
  }

  /** A flow of the device to the application of this network, through this relay. */
  async function flowOver(held: Held, relayId: string, network: Network): Promise<Duplex> {
    const { snapshot, tickets, grants, authorities } = held;
    const identity = openIdentity(openStateDirectory(join(folder, 'laptop')));
    const relay = Object.values(snapshot.relays).find(({ id }) => id === relayId);
    const there = Object.values(snapshot.networks).find(({ name }) => name === network);
    const [connector] = there?.connectors ?? [];
    const resource = Object.values(snapshot.resources).find(({ name }) => name === `echo-${network}`);
    assert.ok(
      relay !== undefined && there !== undefined && connector !== undefined && resource !== undefined,
    );
    const attachment = await attachDevice(identity, relay, tickets[0] ?? '', authorities);
    stops.unshift(() => attachment.close());
    const dialled = { ...connector, network: there.id };
    const session = await dialConnector(attachment, identity, dialled, grants);
    stops.unshift(() => session.close());
    return session.openStream({ r: resource.id, h: hostOf(network), p: ports[network], k: 'tcp' });
  }
});

/** Keeps a flow full. */
class Pump {
  readonly #flow: Duplex;

  constructor(flow: Duplex) {
    this.#flow = flow;
    const block = Buffer.alloc(16_384, 'numbered');
    const write = (): void => {
      while (!flow.destroyed && flow.write(block));
    };
    flow.on('error', () => undefined);
    flow.on('drain', write);
    write();
  }

  stop(): void {
    this.#flow.destroy();
  }
}

async function closeAll(flows: readonly Duplex[], { open }: Applications): Promise<void> {
  for (const flow of flows) flow.destroy();
  await eventually('all are closed', () => open.hq + open.lab === 0 || undefined);
}

function hostOf(network: Network): string {
  return `echo-${network}.acme.internal`;
}

function decoded(kind: 'pk' | 'sk', text: string): EnrolmentKey {
  const key = decodeEnrolmentKey(kind, text);
  if (key === undefined) throw new Error(`no ${kind} key: ${text}`);
  return key;
}
