import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { udpIdleMs } from '../../connector/dial/udp.ts';
import type { Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ConnectorBench, outcome } from './support/connector-bench.ts';

/** Sends back what it gets, and knows who asked last. */
const echo = createSocket('udp4');
let lastFrom: RemoteInfo | undefined;
let port = 0;
let clock: VirtualClock;
let bench: ConnectorBench;

before(async () => {
  echo.on('message', (bytes, from) => {
    lastFrom = from;
    echo.send(bytes, from.port, from.address);
  });
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  ({ port } = echo.address());
});
after(() => void echo.close());

beforeEach(async () => {
  clock = new VirtualClock();
  bench = new ConnectorBench(clock);
  await bench.start();
  const wiki = bench.resources[bench.wiki];
  assert.ok(wiki !== undefined);
  bench.resources[bench.wiki] = { ...wiki, ports: [`tcp/${bench.port}`, `udp/${port}`] };
});
afterEach(async () => {
  await bench.close();
});

const asked = (change: object = {}): object => bench.request({ k: 'udp', p: port, ...change });

async function opened(): Promise<{ session: Session; stream: MuxStream; heard: Buffer[] }> {
  const { session } = await bench.dial([await bench.grant()]);
  const stream = session.openStream(asked());
  const heard: Buffer[] = [];
  stream.onDatagram((bytes) => heard.push(bytes));
  stream.on('error', () => undefined);
  await stream.accepted();
  return { session, stream, heard };
}

/** Second by second, so that the session's own pings are answered meanwhile. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1_000);
    await settle(2);
  }
}

test('datagrams pass both ways in their borders, and open and close are recorded with what passed', async () => {
  const { stream, heard } = await opened();
  // What one record holds, and the least there is.
  const sent = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(64_971, 3)];
  for (const [index, bytes] of sent.entries()) {
    assert.equal(stream.sendDatagram(bytes), true);
    await until(() => heard.length > index);
  }
  assert.deepEqual(heard, sent);
  assert.equal(stream.sendDatagram(Buffer.alloc(64_972)), false);
  stream.end();
  await bench.recorded('close');
  const [open, close] = bench.records();
  assert.deepEqual([open?.event, open?.kind, open?.port], ['open', 'udp', port]);
  assert.deepEqual(
    [close?.kind, close?.bytesUp, close?.bytesDown, close?.code],
    ['udp', 64_974, 64_974, undefined],
  );
});

test('only the one who was dialled is heard', async () => {
  const { stream, heard } = await opened();
  stream.sendDatagram(Buffer.from('who is there'));
  await until(() => heard.length === 1);
  const stranger: Socket = createSocket('udp4');
  const { port: to = 0, address = '' } = lastFrom ?? {};
  await new Promise<void>((resolve) => stranger.send('me too', to, address, () => resolve()));
  stranger.close();
  stream.sendDatagram(Buffer.from('still you?'));
  await until(() => heard.length >= 2);
  assert.deepEqual(heard.map(String), ['who is there', 'still you?']);
});

test('SEC-A13 UDP is refused wherever TCP would be, and nothing is sent', async () => {
  const { session } = await bench.dial([await bench.grant()]);
  lastFrom = undefined;
  assert.equal(await outcome(session, asked({ r: bench.databases, h: 'a.db.acme.internal' })), 'denied');
  assert.equal(await outcome(session, asked({ h: 'other.acme.internal' })), 'denied');
  assert.equal(await outcome(session, asked({ h: '127.0.0.1' })), 'denied');
  assert.equal(await outcome(session, asked({ p: bench.port })), 'port-not-listed');
  assert.equal(await outcome(session, bench.request({ p: port })), 'port-not-listed');
  assert.equal(await outcome(session, asked({ k: 'UDP' })), 'denied');
  assert.equal(lastFrom, undefined);
});

test('SEC-A13 a grant that lists ports lists them for each transport, and an address that is forbidden stays so', async () => {
  const nowS = Math.floor(bench.wallMs / 1_000);
  const only = await bench.grant({ cav: [{ until: nowS + 600, out: 3_600, ports: [`tcp/${port}`] }] });
  const { session } = await bench.dial([only]);
  assert.notEqual(await outcome(session, asked()), 'accepted');
  const databases = bench.resources[bench.databases];
  assert.ok(databases !== undefined);
  bench.resources[bench.databases] = { ...databases, ports: [`udp/${port}`] };
  bench.names['a.db.acme.internal'] = ['127.0.0.1'];
  const both = await bench.dial([await bench.grant({ res: { [bench.databases]: 0 } })]);
  assert.equal(
    await outcome(both.session, asked({ r: bench.databases, h: 'a.db.acme.internal' })),
    'address-forbidden',
  );
});

test('a right that is gone ends the flow at the next look, and says why', async () => {
  const { stream, heard } = await opened();
  stream.sendDatagram(Buffer.from('before'));
  await until(() => heard.length === 1);
  bench.lease.revoke({ epoch: 2, ids: [bench.grantId], reason: 'policy' });
  bench.accepted?.recheck();
  await until(() => stream.destroyed);
  await bench.recorded('close');
  assert.equal(bench.records().at(-1)?.code, 'revoked');
  lastFrom = undefined;
  assert.equal(stream.sendDatagram(Buffer.from('after')), false);
  await settle();
  assert.equal(lastFrom, undefined);
});

test('a flow over which nothing passes ends after two minutes, and one that is used does not', async () => {
  const { stream, heard } = await opened();
  await pass(udpIdleMs / 1_000 - 1);
  stream.sendDatagram(Buffer.from('still here'));
  await until(() => heard.length === 1);
  await pass(udpIdleMs / 1_000 - 1);
  await settle();
  assert.equal(stream.destroyed, false);
  await pass(2);
  await until(() => stream.destroyed);
  await bench.recorded('close');
  assert.equal(bench.records().at(-1)?.code, undefined);
});

test('where nobody listens the flow ends as refused', async () => {
  const gone = createSocket('udp4');
  gone.bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: free } = gone.address();
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  const wiki = bench.resources[bench.wiki];
  assert.ok(wiki !== undefined);
  bench.resources[bench.wiki] = { ...wiki, ports: [`udp/${free}`] };
  const { session } = await bench.dial([await bench.grant()]);
  const stream = session.openStream(asked({ p: free }));
  stream.on('error', () => undefined);
  await stream.accepted();
  stream.sendDatagram(Buffer.from('anyone?'));
  await until(() => stream.destroyed);
  await bench.recorded('close');
  assert.equal(bench.records().at(-1)?.code, 'refused');
});
