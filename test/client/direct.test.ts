/**
 * A client and a connector that publishes an endpoint, with a way to it that the test holds: flows move to the direct
 * path, survive whatever is done to it, and `status` and `ping` say how it is.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Client } from '../../client/client.ts';
import type { PingReply, PingTarget } from '../../client/status.ts';
import type { Fault } from '../../protocol/errors.ts';
import { callLocalApi } from '../../protocol/node/local-api.ts';
import { eventually } from '../support/eventually.ts';
import { until } from '../support/until.ts';
import { serveWiki, startLaptop } from './support/laptop.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

/** The way between client and connector outside every relay: passes bytes on, changes them, or nothing. */
class Way {
  /** Changes what passes from the client (`up`) or to it; bytes of each connection are counted from 0. */
  change: (bytes: Buffer, at: number, direction: 'up' | 'down') => Buffer = (bytes) => bytes;
  isClosed = false;
  connections = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(t: TestContext, to: () => number) {
    this.#server = createServer((near) => {
      if (this.isClosed) return void near.resetAndDestroy();
      this.connections += 1;
      const far = connect(to(), '127.0.0.1');
      this.#join(near, far, 'up');
      this.#join(far, near, 'down');
      return undefined;
    });
    t.after(() => this.close());
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection and refuses others. */
  cut(): void {
    this.isClosed = true;
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(from: Socket, to: Socket, direction: 'up' | 'down'): void {
    let at = 0;
    this.#open.add(from);
    from.on('error', () => undefined);
    from.on('data', (bytes: Buffer) => {
      const changed = this.change(bytes, at, direction);
      at += bytes.length;
      to.write(changed);
    });
    from.on('close', () => {
      this.#open.delete(from);
      to.destroy();
    });
  }
}

interface World {
  readonly organisation: SmallOrganisation;
  readonly way: Way;
  readonly client: Client;
  readonly directPort: number;
  readonly path: () => string | undefined;
  readonly call: <T>(route: string) => Promise<T>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function open(t: TestContext): Promise<World> {
  const directPort = await freePort();
  const way = new Way(t, () => directPort);
  const endpoint = `127.0.0.1:${await way.listen()}`;
  const organisation = await SmallOrganisation.start(t, {
    address: '127.0.0.1',
    port: directPort,
    endpoints: [endpoint],
  });
  // The application echoes.
  await serveWiki(organisation, (socket) => socket.pipe(socket));
  const state = organisation.state('laptop');
  const client = await startLaptop(organisation, { state });
  const path = (): string | undefined => client.status().networks[0]?.path?.kind;
  const call = async <T>(route: string): Promise<T> => (await callLocalApi(state.path, 'POST', route)) as T;
  return { organisation, way, client, directPort, path, call };
}

/** A flow on which numbered bytes go up and must come back, each once and in order. */
class EchoFlow {
  readonly #flow: Awaited<ReturnType<Client['open']>>;
  #sent = 0;
  heard = 0;
  wrong: number | undefined;
  fault: Error | undefined;

  constructor(flow: Awaited<ReturnType<Client['open']>>) {
    this.#flow = flow;
    flow.on('error', (error: Error) => (this.fault = error));
    flow.on('data', (bytes: Buffer) => {
      for (const byte of bytes) if (byte !== this.heard++ % 251) this.wrong ??= this.heard - 1;
    });
  }

  send(bytes: number): void {
    const from = this.#sent;
    this.#sent += bytes;
    this.#flow.write(Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => (from + index) % 251)));
  }

  async isWhole(): Promise<void> {
    await eventually(
      'the rest of what was sent',
      () => (this.heard >= this.#sent || this.fault !== undefined ? true : undefined),
      { everyMs: 10, timeoutMs: 15_000 },
    );
    assert.deepEqual([this.fault, this.wrong, this.heard], [undefined, undefined, this.#sent]);
  }

  close(): void {
    this.#flow.destroy();
  }
}

/** Pings look for a better path at once; on a busy machine one may find the direct path the slower. */
async function movesBack({ path, call }: World): Promise<void> {
  await eventually('a direct path', async () => {
    if (path() !== 'direct') await call('/v1/ping?resource=wiki&look=1');
    return path() === 'direct' ? true : undefined;
  });
}

async function flowOf({ client, organisation }: World): Promise<EchoFlow> {
  return new EchoFlow(await client.open({ host: 'wiki.acme.internal', port: organisation.wikiPort }));
}

test('a session moves to a published endpoint, back to the relay when that breaks, and no flow notices', async (t) => {
  const world = await open(t);
  const { way, client, path, call, organisation } = world;
  await until(() => path() === 'direct');
  const flow = await flowOf(world);
  flow.send(300_000);
  await flow.isWhole();
  assert.equal(organisation.connector(0).status().direct?.sessions, 1);
  way.cut();
  flow.send(300_000);
  await flow.isWhole();
  await until(() => path() === 'relay');
  assert.equal(client.status().networks[0]?.not_direct, 'broke off');
  assert.equal(organisation.connector(0).status().direct?.sessions, 0);
  // A ping looks for a better path at once.
  assert.equal((await call<PingReply>('/v1/ping?resource=wiki&look=1')).path?.kind, 'relay');
  // By a reset: while it connects, or right after.
  await until(() =>
    ['refused', 'closed without an answer'].includes(client.status().networks[0]?.not_direct ?? ''),
  );
  way.isClosed = false;
  await movesBack(world);
  flow.send(300_000);
  await flow.isWhole();
  assert.deepEqual(client.status().recent, []);
  flow.close();
});

test('T1 whatever byte is changed on a direct path, whichever way: no wrong byte arrives, and the flow goes on elsewhere', async (t) => {
  const world = await open(t);
  const { way, client, path, call } = world;
  const flow = await flowOf(world);
  // In INIT or RESP, at the first records, and well inside the flow.
  for (const [direction, place] of [
    ['up', 700],
    ['down', 900],
    ['up', 1_400],
    ['down', 1_300],
    ['up', 120_000],
    ['down', 90_000],
  ] as const) {
    await movesBack(world);
    let isDone = false;
    way.change = (bytes, at, toward) => {
      if (isDone || toward !== direction || at > place || place >= at + bytes.length) return bytes;
      isDone = true;
      const changed = Buffer.from(bytes);
      changed[place - at]! ^= 1 << (place % 8);
      return changed;
    };
    // A connection of which this byte has not passed yet.
    const before = way.connections;
    if (place < 2_000) {
      way.cut();
      way.isClosed = false;
    }
    await eventually(`a change of byte ${place} ${direction}`, async () => {
      flow.send(20_000);
      if (!isDone && path() !== 'direct') await call('/v1/ping?resource=wiki&look=1');
      return isDone ? true : undefined;
    });
    assert.ok(place >= 2_000 || way.connections > before);
    flow.send(20_000);
    await flow.isWhole();
  }
  assert.deepEqual(client.status().recent, []);
  flow.close();
});

test('ping tells path and round trip, and whether the connector reaches what was asked for', async (t) => {
  const world = await open(t);
  const { organisation, path, call } = world;
  await until(() => path() === 'direct');
  const reply = await call<PingReply>('/v1/ping?resource=wiki.acme.internal');
  assert.deepEqual([reply.resource, reply.network, reply.path?.kind], ['wiki', 'hq', 'direct']);
  assert.ok((reply.rtt_ms ?? -1) >= 0 && reply.lost === undefined && reply.not_direct === undefined);
  const target = (query: string): Promise<PingTarget> =>
    call<PingTarget>(`/v1/ping/target?resource=${query}`);
  assert.deepEqual(await target('wiki'), { host: 'wiki.acme.internal', state: 'resolves' });
  const port = organisation.wikiPort;
  assert.deepEqual(await target(`wiki&port=${port}`), {
    host: 'wiki.acme.internal',
    port,
    state: 'connects',
  });
  const closed = await target('wiki&port=9');
  assert.deepEqual([closed.state, closed.code], ['fails', 'port-not-listed']);
  assert.equal((await target('databases')).state, 'not-asked');
  const missing = await target('nobody.db.acme.internal');
  assert.deepEqual([missing.state, missing.code], ['fails', 'no-name']);
  for (const [resource, code] of [
    ['locked', 'denied'],
    ['hidden', 'denied'],
  ] as const) {
    await assert.rejects(call(`/v1/ping?resource=${resource}`), (error: Fault) => error.code === code);
    await assert.rejects(target(resource), (error: Fault) => error.code === code);
  }
  // Nobody answers any more: told in time, and by name.
  await organisation.stopRelay();
  world.way.change = () => Buffer.alloc(0);
  const lost = await call<PingReply>('/v1/ping?resource=wiki');
  assert.deepEqual([lost.rtt_ms, lost.lost?.code], [undefined, 'timeout']);
});

test('no resource leads to the connector’s own direct port', async (t) => {
  const world = await open(t);
  const { client, organisation, directPort } = world;
  organisation.wikiPort = directPort;
  await organisation.push();
  await until(() => client.status().resources.granted === 2);
  await eventually('the connector’s refusal', async () => {
    const code = await client.open({ host: 'wiki.acme.internal', port: directPort }).then(
      () => 'opened',
      (error: unknown) => (error as Fault).code,
    );
    if (code === 'port-not-listed') return undefined;
    assert.equal(code, 'address-forbidden');
    return true;
  });
});
