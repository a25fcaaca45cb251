import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { codes, Fault, type CodeName } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey, type AgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { tunnelPrologue } from '../../protocol/link/handshake-messages.ts';
import { encodeReceived, encodeResume, linkKinds } from '../../protocol/link/link-messages.ts';
import { Link } from '../../protocol/link/link.ts';
import { recordBlockBytes, takeBlock } from '../../protocol/mux/record-block.ts';
import type { ProvenPath } from '../../protocol/link/proven-path.ts';
import { Replay, ReplayBudget } from '../../protocol/link/replay.ts';
import {
  acceptSecureChannel,
  openSecureChannel,
  type SecureChannel,
} from '../../protocol/link/secure-channel.ts';
import { acceptSession, dialSession, SessionTable } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { frame } from '../support/frames.ts';
import { memoryCarriers, type MemoryPair } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const networkId = newId('net', systemRandom(16));
const client = newAgreementKey();
const connector = newAgreementKey();

/** A client and a connector between whom the test lays one carrier after the other. */
class Ends {
  readonly clock = new VirtualClock();
  readonly table = new SessionTable();
  readonly streams: MuxStream[] = [];
  readonly datagrams: string[] = [];
  readonly lost: CodeName[] = [];
  /** What the responder's handlers were made for. */
  readonly accepted: Session[] = [];
  /** The carrier in use. */
  pair!: MemoryPair;
  session!: Session;

  async dial(own: AgreementKey = client): Promise<this> {
    this.pair = memoryCarriers();
    const accepting = this.accept(this.pair);
    this.session = await dialSession({
      networkId,
      clock: this.clock,
      random: systemRandom,
      kem: false,
      carrier: this.pair.left,
      own,
      peer: connector.publicKey,
      grants: ['a.grant'],
      handle: () => ({ lost: ({ code }) => void this.lost.push(code) }),
    });
    await accepting;
    return this;
  }

  accept({ right }: MemoryPair): Promise<Session> {
    return acceptSession({
      networkId,
      clock: this.clock,
      random: systemRandom,
      kem: false,
      carrier: right,
      own: connector,
      budget: new HandshakeBudget(this.clock),
      source: 'dev_test',
      sessions: this.table,
      handle: (session) => {
        this.accepted.push(session);
        return {
          stream: (stream) => {
            stream.accept();
            this.streams.push(stream);
            stream.onDatagram((bytes) => this.datagrams.push(bytes.toString()));
          },
        };
      },
    });
  }

  cut(): void {
    this.pair.cut(new Fault('cancelled'));
  }

  /** Continues on a new carrier. */
  async resume(change: (pair: MemoryPair) => void = () => undefined): Promise<void> {
    const pair = memoryCarriers();
    change(pair);
    const [resumed] = await Promise.allSettled([this.session.resume(pair.left), this.accept(pair)]);
    if (resumed.status === 'rejected') throw resumed.reason;
    this.pair = pair;
  }

  /** A channel of somebody who holds `own`, on which the test says what it wants. */
  async speak(
    own: AgreementKey,
  ): Promise<{ channel: SecureChannel; heard: Buffer[]; answer: Promise<unknown> }> {
    const pair = memoryCarriers();
    const answer = this.accept(pair).then(
      () => 'accepted',
      (error: unknown) => (error as Fault).code,
    );
    const channel = await openSecureChannel(pair.left, {
      own,
      peer: connector.publicKey,
      prologue: tunnelPrologue(networkId),
      kem: false,
      clock: this.clock,
      random: systemRandom,
    });
    const heard: Buffer[] = [];
    channel.start({ record: (plain) => heard.push(Buffer.from(plain)), drain: () => {}, closed: () => {} });
    return { channel, heard, answer };
  }
}

/** A secure channel over this pair, both ends. */
async function channels(
  clock: VirtualClock,
  { left, right }: MemoryPair,
): Promise<[SecureChannel, SecureChannel]> {
  const common = { prologue: tunnelPrologue(networkId), kem: false, clock, random: systemRandom };
  const accepting = acceptSecureChannel(right, {
    ...common,
    own: connector,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
  });
  const near = await openSecureChannel(left, { ...common, own: client, peer: connector.publicKey });
  near.send(Buffer.from([6, 0, 0, 0, 0, 0, 0, 0, 0]));
  return [near, await accepting];
}

/** Answers the handshake of a client and takes whatever it says. */
async function hostileResponder(clock: VirtualClock, { right }: MemoryPair): Promise<SecureChannel> {
  const channel = await acceptSecureChannel(right, {
    own: connector,
    prologue: tunnelPrologue(networkId),
    kem: false,
    clock,
    random: systemRandom,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
  });
  channel.start({ record: () => undefined, drain: () => undefined, closed: () => undefined });
  return channel;
}

/** Numbered blocks: a byte that is lost, doubled or out of order shows. */
function blocks(count: number, bytes = 1_000): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => Buffer.alloc(bytes, `${index} `)));
}

function whole(stream: MuxStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.once('end', () => resolve(Buffer.concat(parts)));
    stream.once('error', reject);
  });
}

test('REL-1 a stream goes on over another carrier byte for byte, with what was in flight both ways, and its half-close', async () => {
  const ends = await new Ends().dial();
  const up = blocks(3_000);
  const down = blocks(2_500, 1_111);
  const stream = ends.session.openStream({});
  stream.end(up);
  const answered = whole(stream);
  await settle(2);
  const [far] = ends.streams as [MuxStream];
  const asked = whole(far);
  far.end(down);
  for (let cut = 0; cut < 12; cut++) {
    await settle(1 + (cut % 4));
    ends.cut();
    await settle(2);
    await ends.resume();
  }
  assert.ok((await asked).equals(up));
  assert.ok((await answered).equals(down));
  assert.equal(ends.accepted.length, 1, 'one session in all');
  assert.ok(ends.lost.length >= 12);
});

test('a carrier that dies at any message loses nothing: three hundred places, several times each', async () => {
  const said = blocks(60, 777);
  for (let at = 0; at < 60; at++) {
    const ends = await new Ends().dial();
    const arm = (pair: MemoryPair, after: number): void => {
      let left = after;
      pair.toRight.change = (bytes) => {
        if (left-- > 0) return bytes;
        pair.cut(new Fault('cancelled'));
        return undefined;
      };
    };
    const stream = ends.session.openStream({});
    stream.write(said);
    await settle(4);
    arm(ends.pair, at % 7);
    const [far] = ends.streams as [MuxStream];
    far.end(said);
    stream.end(said);
    const answered = whole(stream);
    const asked = whole(far);
    for (let round = 0; round < 5; round++) {
      await settle(6);
      if (ends.session.hasPath) ends.cut();
      await settle(2);
      await ends
        .resume(round === 4 ? undefined : (pair) => arm(pair, 3 + ((at + round) % 9)))
        .catch(() => undefined);
    }
    if (!ends.session.hasPath) await ends.resume();
    assert.ok((await answered).equals(said), `after message ${at}`);
    assert.ok((await asked).equals(Buffer.concat([said, said])), `after message ${at}`);
  }
});

test('a session moves while its carrier works: three pings first, then the old one is neither read nor written', async () => {
  const ends = await new Ends().dial();
  const stream = ends.session.openStream({});
  stream.write('before ');
  await settle();
  const old = ends.pair;
  const pair = memoryCarriers();
  const accepting = ends.accept(pair);
  const proven = await ends.session.prove(pair.left);
  assert.equal(pair.toLeft.sent.length, 4, 'RESP and three PONGs');
  stream.write('meanwhile ');
  await settle();
  const [far] = ends.streams as [MuxStream];
  assert.equal(far.bytesReceived, 'before meanwhile '.length, 'the old one is still in use');
  await Promise.all([ends.session.moveTo(proven), accepting]);
  const written = old.toRight.sent.length;
  stream.end('after');
  await settle();
  assert.equal(old.toRight.sent.length, written);
  assert.equal((await whole(far)).toString(), 'before meanwhile after');
  assert.deepEqual(ends.lost, []);
});

test('a move that fails after RESUME leaves the session on the carrier it had, and loses nothing', async () => {
  const said = blocks(400);
  const ends = await new Ends().dial();
  const stream = ends.session.openStream({});
  stream.write(said);
  await settle();
  const [far] = ends.streams as [MuxStream];
  const [asked, answered] = [whole(far), whole(stream)];
  far.write(said);
  const old = ends.pair;
  const next = memoryCarriers();
  const accepting = ends.accept(next);
  accepting.catch(() => undefined);
  const proven = await ends.session.prove(next.left);
  await settle(20);
  // Whether the RESUME gets there or not: nobody hears of it.
  next.toRight.hold();
  // What a carrier has read before it was told to pause may still arrive.
  old.left.pause = () => undefined;
  const moving = ends.session.moveTo(proven);
  const written = old.toRight.sent.length;
  const read = stream.bytesReceived;
  stream.write(said);
  far.write(said);
  await settle(8);
  assert.equal(old.toRight.sent.length, written, 'the old one is not written meanwhile');
  assert.equal(stream.bytesReceived, read, 'nor read');
  next.cut(new Fault('unreachable'));
  await assert.rejects(moving, { code: 'unreachable' });
  assert.equal(ends.session.hasPath, true);
  // As many turns as the windows need that this much comes through.
  await settle(40);
  assert.equal(stream.bytesReceived, read + said.length, 'what came meanwhile is read now');
  stream.end();
  far.end();
  assert.ok((await asked).equals(Buffer.concat([said, said])));
  assert.ok((await answered).equals(Buffer.concat([said, said])));
  assert.deepEqual(ends.lost, []);
});

test('a move that is not answered is given up after 2 s, and whoever waits proven is closed after 3 s', async () => {
  const ends = await new Ends().dial();
  const open = async (): Promise<[MemoryPair, ProvenPath]> => {
    const pair = memoryCarriers();
    ends.accept(pair).catch(() => undefined);
    return [pair, await ends.session.prove(pair.left)];
  };
  const [pair, path] = await open();
  pair.toRight.hold();
  const moving = ends.session.moveTo(path);
  const [, other] = await open();
  await assert.rejects(ends.session.moveTo(other), { code: 'busy' });
  ends.clock.advance(2_000);
  await assert.rejects(moving, { code: 'timeout' });
  const [, unused] = await open();
  ends.clock.advance(3_000);
  await assert.rejects(ends.session.moveTo(unused), { code: 'cancelled' });
  assert.equal(ends.session.hasPath, true);
  await ends.resume();
});

test('what was not acknowledged is sent again, and datagrams are not', async () => {
  const ends = await new Ends().dial();
  const stream = ends.session.openStream({});
  await settle();
  stream.sendDatagram(Buffer.from('arrives'));
  await settle();
  ends.pair.toRight.change = () => undefined;
  stream.sendDatagram(Buffer.from('is lost'));
  stream.write('kept');
  stream.sendDatagram(Buffer.from('is lost too'));
  await settle();
  ends.cut();
  await settle();
  await ends.resume();
  stream.sendDatagram(Buffer.from('arrives again'));
  stream.end();
  const [far] = ends.streams as [MuxStream];
  assert.equal((await whole(far)).toString(), 'kept');
  assert.deepEqual(ends.datagrams, ['arrives', 'arrives again']);
});

test('what is opened, written and granted between two carriers goes out on the next', async () => {
  const ends = await new Ends().dial();
  ends.cut();
  await settle();
  const stream = ends.session.openStream({ r: 'later' });
  stream.end(blocks(300));
  ends.session.sendGrant('another.grant');
  await settle();
  assert.equal(ends.streams.length, 0);
  await ends.resume();
  await settle();
  const [far] = ends.streams as [MuxStream];
  assert.ok((await whole(far)).equals(blocks(300)));
});

test('an hour of carriers, each for a minute, is one session; 60 s without one end it on both sides, by name', async () => {
  const ends = await new Ends().dial();
  const stream = ends.session.openStream({});
  for (let minute = 0; minute < 60; minute++) {
    for (let second = 0; second < 30; second++) {
      ends.clock.advance(1_000);
      await settle(1);
    }
    ends.cut();
    await settle(2);
    ends.clock.advance(29_000);
    await ends.resume();
  }
  stream.write('still');
  await settle();
  assert.equal(ends.streams.length, 1);
  const [responder] = ends.accepted as [Session];
  ends.cut();
  await settle();
  ends.clock.advance(59_999);
  assert.equal(stream.destroyed, false);
  ends.clock.advance(1);
  assert.equal((stream.errored as Fault | null)?.code, 'connector-lost');
  assert.equal((await ends.session.closed).message, 'There was no way to the other side for 60 s.');
  assert.equal((await responder.closed).code, 'connector-lost');
  assert.equal(ends.clock.pending, 0);
  await assert.rejects(ends.session.resume(memoryCarriers().left), { code: 'connector-lost' });
});

test('K8 a cloned device key alone cannot take a session over: GONE, and the session goes on where it is', async () => {
  const ends = await new Ends().dial();
  const stream = ends.session.openStream({});
  stream.write('before ');
  await settle();
  const { sessionId } = ends.session;
  const right = { sessionId, generation: 1, received: 0 };
  const attempts: [string, AgreementKey, Parameters<typeof encodeResume>[0], Buffer][] = [
    ['the key without the secret', client, right, Buffer.alloc(32)],
    ['another key', newAgreementKey(), right, Buffer.alloc(32)],
    ['another session', client, { ...right, sessionId: Buffer.alloc(16) }, Buffer.alloc(32)],
    [
      'the largest numbers',
      client,
      { ...right, generation: 0xffff_ffff, received: 2 ** 53 },
      Buffer.alloc(32),
    ],
  ];
  for (const [name, key, request, secret] of attempts) {
    const { channel, heard, answer } = await ends.speak(key);
    channel.send(encodeResume(request, secret, channel.handshakeHash));
    assert.equal(await answer, 'connector-lost', name);
    await settle();
    assert.deepEqual([...heard.at(-1)!], [4, 0, codes['connector-lost']], name);
  }
  assert.deepEqual(ends.lost, []);
  stream.end('after');
  const [far] = ends.streams as [MuxStream];
  assert.equal((await whole(far)).toString(), 'before after');
});

test('K5 a RESUME counts once: an older generation, and records that cannot be, are answered with GONE', async () => {
  // With the secret in hand, which only this test can have: the first handshake is its own.
  const ends = new Ends();
  const first = await ends.speak(client);
  first.channel.send(Buffer.from([1]));
  assert.equal(await first.answer, 'accepted');
  const [session] = ends.accepted as [Session];
  const ask = async (generation: number, received: number, key = client): Promise<number> => {
    const next = await ends.speak(key);
    const request = { sessionId: session.sessionId, generation, received };
    next.channel.send(encodeResume(request, first.channel.resumeSecret, next.channel.handshakeHash));
    await next.answer;
    await settle();
    return next.heard.find(([kind]) => kind === 3 || kind === 4)![0]!;
  };
  assert.equal(await ask(5, 1), 4, 'a record that was never sent');
  assert.equal(await ask(5, 0, newAgreementKey()), 4, 'another key');
  assert.equal(await ask(5, 0), 3);
  assert.equal(await ask(5, 0), 4, 'the same generation');
  assert.equal(await ask(4, 0), 4, 'an older one');
  assert.equal(session.hasPath, true);
  assert.equal(await ask(6, 0), 3);
  assert.equal(ends.accepted.length, 1);
});

test('a session that its connector does not know any more ends at once, and so do its streams', async () => {
  const ends = await new Ends().dial();
  const stream = ends.session.openStream({});
  await settle();
  ends.cut();
  await settle();
  const forgetful = new Ends();
  const pair = memoryCarriers();
  const answer = assert.rejects(forgetful.accept(pair), { code: 'connector-lost' });
  await assert.rejects(ends.session.resume(pair.left), { code: 'connector-lost' });
  await answer;
  assert.equal((await ends.session.closed).code, 'connector-lost');
  assert.equal((stream.errored as Fault | null)?.code, 'connector-lost');
});

test('an attempt that fails leaves the session to the next; two at once are refused', async () => {
  const ends = await new Ends().dial();
  const stream = ends.session.openStream({});
  stream.write('whole');
  ends.cut();
  await settle();
  const dead = memoryCarriers();
  const failing = ends.session.resume(dead.left);
  await assert.rejects(ends.session.resume(memoryCarriers().left), { code: 'busy' });
  dead.cut(new Fault('no-peer'));
  await assert.rejects(failing, { code: 'no-peer' });
  // One that dies between RESUME and RESUMED: the responder may have moved, which the next attempt outdoes.
  await assert.rejects(
    ends.resume((pair) => {
      let answers = 0;
      pair.toLeft.change = (bytes) => {
        if (answers++ === 0) return bytes;
        pair.cut(new Fault('cancelled'));
        return undefined;
      };
    }),
  );
  await ends.resume();
  stream.end();
  await settle();
  const [far] = ends.streams as [MuxStream];
  assert.equal((await whole(far)).toString(), 'whole');
});

test('a device that begins anew ends what it has lost, and nobody else’s', async () => {
  const ends = await new Ends().dial();
  ends.cut();
  await ends.dial(newAgreementKey());
  ends.cut();
  await settle();
  const [own, other] = ends.accepted as [Session, Session];
  assert.deepEqual([own.hasPath, other.hasPath], [false, false]);
  await ends.dial();
  assert.deepEqual([own.isOver, other.isOver], [true, false]);
  assert.equal((await own.closed).code, 'connector-lost');
  // One that still has its carrier is left alone.
  await ends.dial();
  assert.equal(ends.accepted[2]?.isOver, false);
});

test('what waits for acknowledgement is bounded for a session, and for all sessions of a process together', async () => {
  const pair = memoryCarriers();
  const ends = new Ends();
  const [near, far] = await channels(ends.clock, pair);
  far.start({ record: () => undefined, drain: () => undefined, closed: () => undefined });
  let drains = 0;
  const link = new Link(near, ends.clock, {
    frames: () => undefined,
    drain: () => (drains += 1),
    lost: () => undefined,
    closed: () => undefined,
  });
  link.start(true);
  const recordBytes = 60_000;
  let taken = 0;
  // The other side reads everything and acknowledges nothing.
  for (; taken < 50_000_000; taken += recordBytes) {
    if (link.send(takeBlock(), recordBytes)) continue;
    const before = drains;
    await settle(40);
    pair.toRight.sent.length = 0;
    if (drains === before) break;
  }
  taken += recordBytes;
  // Counted as the memory that is held, which the blocks are larger than these records.
  const held = (taken / recordBytes) * recordBlockBytes;
  assert.ok(held > 32 * 1_024 * 1_024 && held < 34_000_000, `${held} bytes`);

  const budget = new ReplayBudget(100);
  const [one, two] = [new Replay(budget), new Replay(budget)];
  let woken = 0;
  one.push(takeBlock(), 60);
  assert.equal(budget.isSpent, false);
  two.push(takeBlock(), 60);
  assert.equal(budget.isSpent, true);
  budget.wait(() => (woken += 1));
  one.shift(1);
  assert.deepEqual([woken, budget.isSpent], [1, false]);
  assert.deepEqual([one.bytes, two.bytes], [0, 60]);
});

test('between two carriers nothing more is taken than what was on its way', async () => {
  const pair = memoryCarriers();
  const { clock } = new Ends();
  const [near, far] = await channels(clock, pair);
  far.start({ record: () => undefined, drain: () => undefined, closed: () => undefined });
  const handlers = { frames: () => undefined, drain: () => undefined, lost: () => undefined };
  const link = new Link(near, clock, { ...handlers, closed: () => undefined });
  link.start(true);
  const record = Buffer.concat([Buffer.from([0]), frame(0, 7, Buffer.alloc(8))]);
  const send = (): boolean => {
    const block = takeBlock();
    record.copy(block);
    return link.send(block, record.length);
  };
  assert.equal(send(), true);
  pair.cut(new Fault('cancelled'));
  await settle();
  assert.equal(send(), false);
});

test('T4 a connector that says RESUMED with records that cannot be loses the session as protocol', async () => {
  for (const received of [2, 2 ** 40]) {
    const clock = new VirtualClock();
    const first = memoryCarriers();
    const common = { networkId, clock, random: systemRandom, kem: false };
    const dialling = dialSession({
      ...common,
      carrier: first.left,
      own: client,
      peer: connector.publicKey,
      grants: [],
      handle: () => ({}),
    });
    await hostileResponder(clock, first);
    const session = await dialling;
    first.cut(new Fault('cancelled'));
    await settle();
    const second = memoryCarriers();
    const resuming = session.resume(second.left);
    const channel = await hostileResponder(clock, second);
    channel.send(encodeReceived(linkKinds.resumed, received));
    await resuming;
    assert.equal((await session.closed).code, 'protocol');
  }
});

test('SEC-D6 a first word that is neither START nor RESUME nor PING ends the carrier, and silence does after 10 s', async () => {
  const ends = new Ends();
  for (const word of [
    Buffer.from([9]),
    Buffer.concat([Buffer.from([0]), frame(1, 0)]),
    Buffer.alloc(11, 8),
  ]) {
    const { channel, answer } = await ends.speak(client);
    channel.send(word);
    assert.equal(await answer, 'protocol');
  }
  const { channel, answer, heard } = await ends.speak(client);
  channel.send(Buffer.concat([Buffer.from([6]), Buffer.alloc(8, 1)]));
  await settle();
  assert.deepEqual(heard, [Buffer.concat([Buffer.from([7]), Buffer.alloc(8, 1)])]);
  ends.clock.advance(10_000);
  assert.equal(await answer, 'timeout');
  assert.equal(ends.accepted.length, 0);
});
