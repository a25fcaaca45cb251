import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { dialTcp } from '../../connector/dial/dial.ts';
import { listenDirectly, type DirectListener } from '../../connector/sessions/direct-listener.ts';
import { systemClock, systemRandom, type Clock } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newAgreementKey, type AgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { mac1 } from '../../protocol/link/handshake-messages.ts';
import {
  acceptSecureChannel,
  openSecureChannel,
  type SecureChannel,
} from '../../protocol/link/secure-channel.ts';
import { dialTcpCarrier } from '../../protocol/link/tcp-dial.ts';
import { gateBytes, gateMs } from '../../protocol/link/tcp-gate.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const prologue = Buffer.from('postern/1 tunnel\0net_test');
const connector = newAgreementKey();
const device = newAgreementKey();
const listeners: DirectListener[] = [];
after(() => {
  for (const listener of listeners) listener.close();
});

/** A connector's door on loopback, and what happened behind it. */
class Door {
  readonly clock: VirtualClock | Clock;
  readonly budget: HandshakeBudget;
  /** Diffie-Hellman operations with the connector's key. */
  agreements = 0;
  readonly channels: SecureChannel[] = [];
  readonly refused: string[] = [];
  welcomes = true;
  #listener: DirectListener | undefined;

  constructor(clock: VirtualClock | Clock = new VirtualClock()) {
    this.clock = clock;
    this.budget = new HandshakeBudget(clock);
  }

  async open(): Promise<this> {
    const count = (): void => void this.agreements++;
    const own: AgreementKey = {
      publicKey: connector.publicKey,
      get privateKey() {
        count();
        return connector.privateKey;
      },
    };
    this.#listener = await listenDirectly({
      address: '127.0.0.1',
      port: 0,
      own,
      clock: this.clock,
      onCarrier: (carrier, source, welcome) => {
        const accepting = acceptSecureChannel(carrier, {
          ...{ own, prologue, kem: false, clock: this.clock, random: systemRandom },
          ...{ budget: this.budget, source },
        });
        accepting.then(
          (channel) => {
            this.channels.push(channel);
            if (this.welcomes) welcome();
          },
          (error: unknown) => this.refused.push(error instanceof Fault ? error.code : String(error)),
        );
      },
    });
    listeners.push(this.#listener);
    return this;
  }

  get listener(): DirectListener {
    assert.ok(this.#listener);
    return this.#listener;
  }

  /** A connection that says `bytes` and nothing else. */
  async say(bytes: Buffer): Promise<Visitor> {
    const visitor = new Visitor(this.listener.port);
    await visitor.connected;
    visitor.socket.write(bytes);
    return visitor;
  }

  /** As a client does it. */
  async dial(own = device): Promise<SecureChannel> {
    const carrier = await dialTcpCarrier({
      endpoint: { host: '127.0.0.1', port: this.listener.port },
      mayDial: () => true,
      timeoutMs: 5_000,
      clock: systemClock,
    });
    const channel = await openSecureChannel(carrier, {
      ...{ own, prologue, kem: false, clock: systemClock, random: systemRandom },
      peer: connector.publicKey,
    });
    channel.send(Buffer.from('proof'));
    return channel;
  }
}

class Visitor {
  readonly socket: Socket;
  readonly connected: Promise<void>;
  heard = 0;
  isClosed = false;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.connected = new Promise((resolve) => this.socket.once('connect', resolve));
    this.socket.on('data', (bytes: Buffer) => (this.heard += bytes.length));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.isClosed = true));
  }
}

/** The INIT of a genuine handshake, whole, with its header. */
async function genuineInit(): Promise<Buffer> {
  const { left, toRight } = memoryCarriers();
  const clock = new VirtualClock();
  openSecureChannel(left, {
    ...{ own: device, prologue, kem: false, clock, random: systemRandom },
    peer: connector.publicKey,
  }).catch(() => undefined);
  return Buffer.from(toRight.sent[0]!);
}

/** Whatever somebody may say who does not know the connector's key, or who says it wrongly. */
async function strangers(): Promise<Record<string, Buffer>> {
  const init = await genuineInit();
  const change = (how: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(init);
    how(copy);
    return copy;
  };
  const other = newAgreementKey().publicKey;
  return {
    nothing: Buffer.alloc(0),
    'one byte': Buffer.from([0]),
    'an HTTP request': Buffer.from('GET / HTTP/1.1\r\nHost: hq.acme.example\r\n\r\n'),
    'a TLS ClientHello': Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), systemRandom(200)]),
    'an SSH banner': Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n'),
    'a length of nothing': Buffer.from([0, 0, 1, 0, 1, 2, 3, 4]),
    'an empty INIT': Buffer.from([0, 2, 1, 0]),
    'a DATA': change((copy) => (copy[2] = 3)),
    'a RESP': change((copy) => (copy[2] = 2)),
    'an INIT of another epoch': change((copy) => (copy[3] = 1)),
    'an INIT that is too long': change((copy) => copy.writeUInt16BE(5_000)),
    'an INIT that is not whole': init.subarray(0, -1),
    'an INIT with a wrong mac1': change((copy) => (copy[copy.length - 1]! ^= 1)),
    'an INIT of which a byte was changed': change((copy) => (copy[20]! ^= 1)),
    'an INIT for another connector': change((copy) =>
      mac1(other, copy.subarray(4, -16)).copy(copy, copy.length - 16),
    ),
  };
}

test('SEC-D8 K9 whoever brings no INIT with the right mac1 hears nothing, costs no Diffie-Hellman, and sees the same end at the same time', async () => {
  const clock = new VirtualClock();
  const door = await new Door(clock).open();
  const visitors = new Map<string, Visitor>();
  for (const [name, bytes] of Object.entries(await strangers())) visitors.set(name, await door.say(bytes));
  await until(() => door.listener.strangers === visitors.size);
  await settle(50);
  clock.advance(gateMs - 1);
  await settle(50);
  for (const [name, { isClosed, heard }] of visitors)
    assert.deepEqual({ isClosed, heard }, { isClosed: false, heard: 0 }, name);
  clock.advance(1);
  await until(() => [...visitors.values()].every(({ isClosed }) => isClosed));
  for (const [name, { heard }] of visitors) assert.equal(heard, 0, name);
  assert.equal(door.agreements, 0);
  assert.deepEqual(door.refused, []);
  await until(() => door.listener.strangers === 0);
  assert.equal(clock.pending, 0);
});

test('SEC-D8 the same number of bytes ends each of them, and no sooner', async () => {
  const door = await new Door().open();
  for (const [name, bytes] of Object.entries(await strangers())) {
    const visitor = await door.say(bytes);
    visitor.socket.write(Buffer.alloc(gateBytes - bytes.length));
    // Answered only when everything before it was read.
    const marker = await door.say(await genuineInit());
    await until(() => marker.heard > 0);
    await settle(20);
    assert.deepEqual([visitor.isClosed, visitor.heard], [false, 0], name);
    visitor.socket.write(Buffer.alloc(1));
    await until(() => visitor.isClosed);
    assert.equal(visitor.heard, 0, name);
    marker.socket.destroy();
  }
});

test('a client that knows the key comes in, with its INIT in one piece or byte by byte, and is no stranger any more', async () => {
  const door = await new Door(systemClock).open();
  const heard = await new Promise<string>((resolve) => {
    void door.dial().then((channel) => {
      channel.start({
        record: (plaintext) => resolve(plaintext.toString()),
        drain: () => undefined,
        closed: () => undefined,
      });
    });
    void until(() => door.channels.length === 1).then(() => {
      door.channels[0]!.start({
        record: () => undefined,
        drain: () => undefined,
        closed: () => undefined,
      });
      door.channels[0]!.send(Buffer.from('an answer'));
    });
  });
  assert.equal(heard, 'an answer');
  assert.equal(door.listener.strangers, 0);
  const visitor = new Visitor(door.listener.port);
  await visitor.connected;
  visitor.socket.setNoDelay(true);
  for (const byte of await genuineInit()) {
    visitor.socket.write(Buffer.from([byte]));
    await settle(1);
  }
  await until(() => visitor.heard > 0);
  visitor.socket.destroy();
});

test('K9 beyond the budget of a source only those with the right mac1 hear anything: busy', async () => {
  const clock = new VirtualClock();
  const door = await new Door(clock).open();
  while (door.budget.take('127.0.0.1'));
  await assert.rejects(door.dial(), (error: Fault) => error.code === 'busy');
  assert.deepEqual(door.refused, ['busy']);
  assert.equal(door.agreements, 0);
  const visitor = await door.say((await strangers())['an INIT with a wrong mac1']!);
  await settle(30);
  assert.deepEqual([visitor.heard, visitor.isClosed], [0, false]);
});

test('SEC-D8 two thousand silent connections of one source keep 64 places, the newest, and nobody out', async () => {
  const door = await new Door(systemClock).open();
  const visitors: Visitor[] = [];
  for (let index = 0; index < 2_000; index++) {
    const visitor = new Visitor(door.listener.port);
    visitors.push(visitor);
    await visitor.connected;
    if (index === 1_000) await door.dial();
  }
  await until(() => visitors.filter(({ isClosed }) => !isClosed).length === 64);
  assert.ok(visitors.slice(-64).every(({ isClosed }) => !isClosed));
  assert.ok(visitors.every(({ heard }) => heard === 0));
  await door.dial();
  await until(() => door.channels.length === 2);
  for (const { socket } of visitors) socket.destroy();
  await until(() => door.listener.strangers === 0);
});

test('SEC-D8 who has proven a key and shown no right yet counts as a stranger', async () => {
  const door = await new Door(systemClock).open();
  door.welcomes = false;
  await door.dial();
  await until(() => door.channels.length === 1);
  assert.equal(door.listener.strangers, 1);
});

test('a port that another program has is refused by name', async () => {
  const door = await new Door().open();
  await assert.rejects(
    listenDirectly({
      ...{ address: '127.0.0.1', port: door.listener.port, own: connector, clock: systemClock },
      onCarrier: () => undefined,
    }),
    /cannot listen on port \d+ of 127\.0\.0\.1: another program does; choose another port/,
  );
});

test('what a resource leads to is dialled, unless it is the listener itself', async () => {
  const { listener } = await new Door().open();
  const resource = { address: '127.0.0.1', within: [] };
  const dial = (port: number): Promise<unknown> =>
    dialTcp(resource, 'wiki.acme.internal', port, (name) => Promise.resolve([name]), listener.isAt);
  await assert.rejects(dial(listener.port), (error: Fault) => error.code === 'address-forbidden');
  const other = await new Door().open();
  ((await dial(other.listener.port)) as Socket).destroy();
});

test('a resource that would lead to the listener itself is recognised, however its address is written', async () => {
  const { listener } = await new Door().open();
  assert.ok(listener.isAt('127.0.0.1', listener.port));
  assert.ok(listener.isAt('::ffff:127.0.0.1', listener.port));
  assert.ok(!listener.isAt('127.0.0.1', listener.port + 1));
  assert.ok(!listener.isAt('192.0.2.1', listener.port));
  const everywhere = await listenDirectly({
    ...{ address: undefined, port: 0, own: connector, clock: systemClock },
    onCarrier: () => undefined,
  });
  listeners.push(everywhere);
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:7f00:1'])
    assert.ok(everywhere.isAt(address, everywhere.port), address);
  assert.ok(!everywhere.isAt('192.0.2.1', everywhere.port));
});
