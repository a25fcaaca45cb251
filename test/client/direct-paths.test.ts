/** Published endpoints as a client tries them: real sockets to whatever may answer there, and why each is not used. */
import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { listenDirectly } from '../../connector/sessions/direct-listener.ts';
import { mayDialDirectly } from '../../client/tunnel/direct-address.ts';
import { DirectPaths } from '../../client/tunnel/direct-paths.ts';
import { parseRange } from '../../client/dns/address-range.ts';
import { systemClock, systemRandom, type Clock } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import {
  acceptSecureChannel,
  openSecureChannel,
  type SecureChannel,
} from '../../protocol/link/secure-channel.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const prologue = Buffer.from('postern/1 tunnel\0net_test');
const key = newAgreementKey();
const device = newAgreementKey();
const connector = newId('con', systemRandom(16));
const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

function paths(clock: Clock = new VirtualClock(), mayDial: (address: string) => boolean = () => true) {
  // Jitter always takes the whole of it.
  const random = (bytes: number): Buffer => Buffer.alloc(bytes, 255);
  return new DirectPaths({ lookup, mayDial, clock, random });
}

/** Something that listens, and its endpoint. */
async function listen(answer: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A connector's own door; `budget` may be spent. */
async function door(budget = new HandshakeBudget(systemClock)) {
  const channels: SecureChannel[] = [];
  const listener = await listenDirectly({
    ...{ address: '127.0.0.1', port: 0, own: key, clock: systemClock },
    onCarrier: (carrier, source) => {
      const options = { own: key, prologue, kem: false, clock: systemClock, random: systemRandom };
      acceptSecureChannel(carrier, { ...options, budget, source }).then(
        (channel) => {
          channels.push(channel);
          channel.start({ record: () => undefined, drain: () => undefined, closed: () => undefined });
        },
        () => undefined,
      );
    },
  });
  cleanups.push(() => listener.close());
  return { endpoint: `127.0.0.1:${listener.port}`, listener, channels };
}

/** The handshake, as a session does it; `clock` decides when it has waited for long enough. */
function shake(carrier: Carrier, clock: Clock = systemClock): Promise<SecureChannel> {
  return openSecureChannel(carrier, {
    ...{ own: device, peer: key.publicKey, prologue, kem: false, clock, random: systemRandom },
  });
}

/** What it says of an endpoint after one try. */
async function whyAfter(endpoint: string, all = paths(), clock?: Clock): Promise<string> {
  await all
    .dial(connector, endpoint)
    .then((carrier) => shake(carrier, clock))
    .then((channel) => channel.send(Buffer.from('proof')))
    .catch((error: unknown) => assert.ok(error instanceof Fault, String(error)));
  await settle(5);
  return all.whyNot(connector, [endpoint]);
}

test('why an endpoint is not used is told in words, whatever answers there', async () => {
  assert.equal(paths().whyNot(connector, []), 'no endpoint published');
  assert.equal(paths().whyNot(connector, ['192.0.2.1:7443']), 'not tried yet');
  const nobody = await listen(() => undefined);
  cleanups.pop()?.();
  assert.equal(await whyAfter(nobody), 'refused');
  assert.equal(
    await whyAfter(await listen((socket) => socket.write('SSH-2.0-x\r\n'))),
    'another key answered',
  );
  assert.equal(await whyAfter(await listen((socket) => socket.destroy())), 'closed without an answer');
  assert.equal(await whyAfter(await listen((socket) => socket.end())), 'closed without an answer');
  assert.equal(await whyAfter('nothing-has-this-name.invalid:7443'), 'its name is not known here');
  const budget = new HandshakeBudget(new VirtualClock());
  while (budget.take('127.0.0.1'));
  assert.equal(await whyAfter((await door(budget)).endpoint), 'busy');
});

test('an endpoint that stays silent has timed out after five seconds, in the connection or in the handshake', async () => {
  const silent = await listen((socket) => socket.resume());
  const clock = new VirtualClock();
  const all = paths(clock);
  const carrier = await all.dial(connector, silent);
  const shaking = shake(carrier, clock);
  clock.advance(5_000);
  await assert.rejects(shaking, (error: Fault) => error.code === 'timeout');
  assert.equal(all.whyNot(connector, [silent]), 'timed out');
});

test('an endpoint that fails is put off for longer each time, at most a minute, and until then nobody dials it', async () => {
  const clock = new VirtualClock();
  const all = paths(clock);
  const endpoint = await listen(() => undefined);
  cleanups.pop()?.();
  const waits: number[] = [];
  for (let time = 0; time < 6; time++) {
    assert.deepEqual(all.worthTrying(connector, [endpoint]), [endpoint]);
    await whyAfter(endpoint, all);
    let waitedS = 0;
    while (all.worthTrying(connector, [endpoint]).length === 0) {
      clock.advance(1_000);
      waitedS++;
    }
    waits.push(waitedS);
  }
  assert.deepEqual(waits, [5, 10, 20, 40, 60, 60]);
  await whyAfter(endpoint, all);
  all.forgive();
  assert.deepEqual(all.worthTrying(connector, [endpoint]), [endpoint]);
  all.follow({ networks: {} });
  assert.equal(all.whyNot(connector, [endpoint]), 'not tried yet');
});

test('one that answers with the connector’s key has not failed, and one that breaks then is put off', async () => {
  const clock = new VirtualClock();
  const all = paths(clock);
  const { endpoint, channels } = await door();
  const dial = async (): Promise<SecureChannel> => {
    const channel = await shake(await all.dial(connector, endpoint));
    channel.send(Buffer.from('proof'));
    return channel;
  };
  const first = await dial();
  assert.equal(all.whyNot(connector, [endpoint]), 'slower than the relay');
  // Closed by us, in order: it was not needed.
  first.close();
  await settle(5);
  assert.deepEqual(all.worthTrying(connector, [endpoint]), [endpoint]);
  const second = await dial();
  await until(() => channels.length === 2);
  second.start({ record: () => undefined, drain: () => undefined, closed: () => undefined });
  channels[1]!.close(new Fault('internal'));
  await until(() => all.whyNot(connector, [endpoint]) === 'broke off');
  assert.deepEqual(all.worthTrying(connector, [endpoint]), []);
  // Silence, which the session notices, is the same.
  clock.advance(10_000);
  const third = await dial();
  assert.equal(all.whyNot(connector, [endpoint]), 'slower than the relay');
  third.close(new Fault('connector-lost'));
  assert.equal(all.whyNot(connector, [endpoint]), 'broke off');
});

test('no address is dialled that Postern gives to names, or that is nobody’s, however it is written or found', async () => {
  const range = parseRange('100.96.0.0/12')!;
  for (const address of [
    '100.96.0.1',
    '100.111.255.255',
    '::ffff:100.100.1.1',
    '0.0.0.0',
    '224.0.0.1',
    '::',
    'ff02::1',
  ])
    assert.equal(mayDialDirectly(address, range), false, address);
  for (const address of ['100.95.255.255', '100.112.0.0', '203.0.113.9', '127.0.0.1', '2001:db8::1'])
    assert.equal(mayDialDirectly(address, range), true, address);
  assert.equal(mayDialDirectly('100.96.0.1', undefined), true);
  const { endpoint } = await door();
  const forbidden = 'its name leads to an address that is not dialled';
  const all = (): DirectPaths =>
    paths(systemClock, (address) => !address.startsWith('127.') && address !== '::1');
  assert.equal(await whyAfter(endpoint, all()), forbidden);
  assert.equal(await whyAfter(endpoint.replace('127.0.0.1', 'localhost'), all()), forbidden);
});
