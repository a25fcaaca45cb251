import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { codes, Fault, type CodeName } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { tunnelPrologue } from '../../protocol/link/handshake-messages.ts';
import { acceptSecureChannel, openSecureChannel } from '../../protocol/link/secure-channel.ts';
import { acceptSession, dialSession } from '../../protocol/link/open-session.ts';
import type { Session, SessionHandlers } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { frame, u16, u64 } from '../support/frames.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const client = newAgreementKey();
const connector = newAgreementKey();
const networkId = newId('net', systemRandom(16));

/** What the responder heard. */
interface Heard {
  readonly grants: string[];
  readonly notes: unknown[];
  readonly streams: { readonly stream: MuxStream; readonly payload: unknown }[];
  readonly lost: CodeName[];
}

function listener(): { heard: Heard; handlers: SessionHandlers } {
  const heard: Heard = { grants: [], notes: [], streams: [], lost: [] };
  return {
    heard,
    handlers: {
      grant: (jws) => heard.grants.push(jws),
      note: (note) => heard.notes.push(note),
      stream: (stream, payload) => heard.streams.push({ stream, payload }),
      lost: ({ code }) => heard.lost.push(code),
    },
  };
}

async function sessions(grants: readonly string[] = []) {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const near = listener();
  const far = listener();
  const common = { networkId, clock, random: systemRandom };
  const accepted = acceptSession({
    ...common,
    carrier: pair.right,
    own: connector,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
    handle: () => far.handlers,
  });
  const dialled = await dialSession({
    ...common,
    carrier: pair.left,
    own: client,
    peer: connector.publicKey,
    grants,
    handle: () => near.handlers,
  });
  const answered = await accepted;
  await settle();
  return { ...pair, clock, dialled, answered, near: near.heard, far: far.heard };
}

/** A responder session whose peer is the test, speaking through a channel of its own. */
async function hostile() {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const session = acceptSession({
    networkId,
    clock,
    random: systemRandom,
    carrier: pair.right,
    own: connector,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
    handle: () => ({}),
  });
  const channel = await openSecureChannel(pair.left, {
    own: client,
    peer: connector.publicKey,
    prologue: tunnelPrologue(networkId),
    kem: false,
    clock,
    random: systemRandom,
  });
  const heard: Buffer[] = [];
  channel.start({
    record: (plaintext) => heard.push(Buffer.from(plaintext)),
    drain: () => {},
    closed: () => {},
  });
  return { channel, session, clock, heard, pair };
}

const codeOf = async (session: Session) => (await session.closed).code;

test('K8 both ends know each other and the same hash; grants arrive in the first flight, in order', async () => {
  const { dialled, answered, far, toRight } = await sessions(['grant.one', 'grant.two']);
  assert.ok(dialled.peerKey.equals(connector.publicKey));
  assert.ok(answered.peerKey.equals(client.publicKey));
  assert.ok(dialled.handshakeHash.equals(answered.handshakeHash));
  assert.ok(dialled.sessionId.equals(answered.sessionId));
  assert.deepEqual(far.grants, ['grant.one', 'grant.two']);
  // INIT, START and the grants: everything else comes later.
  assert.ok(toRight.sent.length <= 5);
  dialled.sendGrant('grant.three');
  answered.sendNote({ code: 'revoked', r: 'res_x' });
  await settle();
  assert.equal(far.grants[2], 'grant.three');
});

test('streams carry their JSON payload, notes come back, and the round trip is known', async () => {
  const { dialled, answered, far, near, clock } = await sessions();
  const stream = dialled.openStream({ r: 'res_x', h: 'wiki.acme.internal', p: 80, k: 'tcp' });
  answered.sendNote({ n: 1 });
  await settle();
  assert.deepEqual(far.streams[0]?.payload, { r: 'res_x', h: 'wiki.acme.internal', p: 80, k: 'tcp' });
  assert.deepEqual(near.notes, [{ n: 1 }]);
  far.streams[0]?.stream.accept();
  await stream.accepted();
  assert.equal(dialled.streams, 1);
  clock.advance(2_000);
  await settle();
  assert.equal(dialled.rttMs, 0);
});

test('T4 a connector that opens streams to a client that takes none is refused', async () => {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const common = { networkId, clock, random: systemRandom };
  const accepted = acceptSession({
    ...common,
    carrier: pair.right,
    own: connector,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
    handle: () => ({}),
  });
  await dialSession({
    ...common,
    carrier: pair.left,
    own: client,
    peer: connector.publicKey,
    grants: [],
    handle: () => ({}),
  });
  const stream = (await accepted).openStream({ r: 'surprise' });
  await assert.rejects(stream.accepted(), (error) => error instanceof Fault && error.code === 'denied');
});

test('T1 a session ends in order only by BYE: the code reaches the other side, and its streams end with it', async () => {
  const { dialled, answered, far } = await sessions();
  const stream = dialled.openStream({});
  await settle();
  answered.close('revoked');
  assert.equal(await codeOf(answered), 'revoked');
  assert.equal(await codeOf(dialled), 'revoked');
  assert.equal((stream.errored as Fault | null)?.code, 'revoked');
  assert.equal((far.streams[0]?.stream.errored as Fault | null)?.code, 'revoked');
  assert.throws(
    () => dialled.openStream({}),
    (error) => error instanceof Fault && error.code === 'revoked',
  );
});

test('T1 cutting the carrier, even in order, is no end in order: after 60 s without another it is connector-lost', async () => {
  for (const fault of [undefined, new Fault('cancelled'), new Fault('no-peer')]) {
    const { dialled, answered, right, clock } = await sessions();
    const stream = dialled.openStream({});
    right.close(fault);
    await settle();
    assert.equal(stream.destroyed, false);
    clock.advance(60_000);
    assert.equal((stream.errored as Fault | null)?.code, 'connector-lost');
    assert.equal(await codeOf(dialled), 'connector-lost');
    assert.equal(await codeOf(answered), 'connector-lost');
  }
});

test('REL-2 a path that passes nothing is dead 6 s after the first that went unanswered, whenever that was', async () => {
  for (const beforeMs of [100, 700, 1_300, 1_900, 2_100, 9_000]) {
    const { dialled, answered, clock, toRight, toLeft, near, far } = await sessions();
    for (let passedMs = 0; passedMs < beforeMs; passedMs += 100) {
      clock.advance(100);
      await settle(2);
    }
    toRight.change = () => undefined;
    toLeft.change = () => undefined;
    dialled.openStream({ r: 'into the void' });
    await settle();
    const silentSinceMs = clock.nowMs();
    for (let step = 0; step < 100 && near.lost.length === 0; step++) {
      clock.advance(100);
      await settle(1);
    }
    const noticedMs = clock.nowMs() - silentSinceMs;
    assert.ok(noticedMs >= 5_900 && noticedMs <= 6_100, `${noticedMs} ms, silent from ${beforeMs} ms on`);
    assert.deepEqual(near.lost, ['connector-lost']);
    clock.advance(21_000);
    await settle();
    assert.deepEqual(far.lost, ['connector-lost']);
    clock.advance(60_000);
    assert.deepEqual([await codeOf(dialled), await codeOf(answered)], ['connector-lost', 'connector-lost']);
    assert.equal(clock.pending, 0);
  }
});

test('an idle session pings every 15 s and lives', async () => {
  const { clock, toRight, dialled, answered } = await sessions();
  clock.advance(3_000);
  await settle();
  const before = toRight.sent.length;
  for (let second = 0; second < 100; second++) {
    clock.advance(1_000);
    await settle(2);
  }
  const messages = toRight.sent.length - before;
  // A ping and a pong every 15 s.
  assert.ok(messages >= 10 && messages <= 16, `${messages} messages in 100 s`);
  dialled.close();
  assert.equal(await codeOf(answered), 'cancelled');
});

test('records are acknowledged, at the latest after 50 ms', async () => {
  const { channel, session, clock, heard } = await hostile();
  channel.send(Buffer.from([1]));
  await session;
  channel.send(Buffer.concat([Buffer.from([0]), frame(0, 6, Buffer.alloc(8))]));
  await settle();
  const acks = () =>
    heard.filter((plaintext) => plaintext[0] === 5).map((ack) => Number(ack.readBigUInt64BE(1)));
  assert.deepEqual(acks(), []);
  clock.advance(50);
  await settle();
  assert.deepEqual(acks(), [1]);
});

test('SEC-D3 a peer that pings and does not read is owed one answer, not all of them', async () => {
  const { channel, session, heard, pair } = await hostile();
  channel.send(Buffer.from([1]));
  await session;
  pair.toLeft.hold();
  const before = pair.toLeft.sent.length;
  const ping = Buffer.concat([Buffer.from([6]), Buffer.alloc(8)]);
  for (let index = 0; index < 20_000; index++) {
    ping.writeUInt32BE(index, 5);
    channel.send(ping);
    if (index % 500 === 0) await settle(2);
  }
  await settle();
  const answered = pair.toLeft.sent.length - before;
  assert.ok(answered < 5_000, `${answered} answers wait in memory`);
  pair.toLeft.release();
  await settle();
  assert.equal(heard.at(-1)?.readUInt32BE(5), 19_999);
});

test('a RESUME where no session is kept is answered with GONE, and nothing happens', async () => {
  const { channel, session, heard } = await hostile();
  channel.send(Buffer.concat([Buffer.from([2]), Buffer.alloc(16 + 4 + 8 + 16)]));
  await assert.rejects(session, (error) => error instanceof Fault && error.code === 'connector-lost');
  await settle();
  assert.deepEqual(heard.at(-1), Buffer.concat([Buffer.from([4]), u16(codes['connector-lost'])]));
});

const violations: [string, Buffer[]][] = [
  ['a RECORD before START', [Buffer.from([0, 0])]],
  ['an ACK before START', [Buffer.concat([Buffer.from([5]), u64(0)])]],
  ['a BYE before START', [Buffer.concat([Buffer.from([8]), u16(1), u64(0)])]],
  ['a second START', [Buffer.from([1]), Buffer.from([1])]],
  ['a START with a payload', [Buffer.from([1, 1])]],
  ['a RESUME after START', [Buffer.from([1]), Buffer.concat([Buffer.from([2]), Buffer.alloc(44)])]],
  ['a RESUME of a wrong length', [Buffer.concat([Buffer.from([2]), Buffer.alloc(43)])]],
  ['a RESUMED nobody asked for', [Buffer.concat([Buffer.from([3]), u64(0)])]],
  ['a GONE nobody asked for', [Buffer.concat([Buffer.from([4]), u16(1)])]],
  ['an ACK of what was never sent', [Buffer.from([1]), Buffer.concat([Buffer.from([5]), u64(1)])]],
  ['an ACK past 2^53', [Buffer.from([1]), Buffer.concat([Buffer.from([5]), Buffer.alloc(8, 0xff)])]],
  ['a PING of a wrong length', [Buffer.from([1]), Buffer.from([6, 0])]],
  ['a BYE that counts other records', [Buffer.from([1]), Buffer.concat([Buffer.from([8]), u16(1), u64(1)])]],
  ['an unknown kind', [Buffer.from([9])]],
  [
    'an OPEN that is not JSON',
    [Buffer.from([1]), Buffer.concat([Buffer.from([0]), frame(1, 0, Buffer.from('{'))])],
  ],
  ['a frame that breaks the mux', [Buffer.from([1]), Buffer.concat([Buffer.from([0]), frame(2, 0)])]],
];

for (const [name, plaintexts] of violations) {
  test(`T4 ${name} ends the session with protocol`, async () => {
    const { channel, session } = await hostile();
    for (const plaintext of plaintexts) channel.send(plaintext);
    // Before START there is no session yet.
    const ended = session.then(codeOf, (error: unknown) => (error as Fault).code);
    assert.equal(await ended, 'protocol');
  });
}

test('a peer that breaks the protocol in a NOTE ends the session of the client too', async () => {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const accepted = acceptSecureChannel(pair.right, {
    own: connector,
    prologue: tunnelPrologue(networkId),
    kem: true,
    clock,
    random: systemRandom,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
  });
  const session = await dialSession({
    networkId,
    clock,
    random: systemRandom,
    carrier: pair.left,
    own: client,
    peer: connector.publicKey,
    grants: [],
    handle: () => ({}),
  });
  const channel = await accepted;
  channel.start({ record: () => {}, drain: () => {}, closed: () => {} });
  channel.send(Buffer.concat([Buffer.from([0]), frame(0, 11, Buffer.from('no JSON'))]));
  assert.equal(await codeOf(session), 'protocol');
});

test('after drain no new stream starts on either side, and those that run end by themselves', async () => {
  const { dialled, answered, far } = await sessions();
  const stream = dialled.openStream({});
  await settle();
  answered.drain();
  await settle();
  assert.throws(
    () => dialled.openStream({}),
    (error) => error instanceof Fault && error.code === 'draining',
  );
  far.streams[0]?.stream.end('still');
  assert.equal(String((await stream.toArray())[0]), 'still');
});

test('two sides that both have a megabyte of grants and notes to say at once get all of it across', async () => {
  const { dialled, answered, far, near, clock } = await sessions();
  const grants = Array.from({ length: 64 }, (_, index) => `${index}.`.padEnd(16_000, 'g'));
  const notes = Array.from({ length: 1_100 }, (_, index) => ({ n: `${index}.`.padEnd(900, 'n') }));
  for (const grant of grants) dialled.sendGrant(grant);
  for (const note of notes) answered.sendNote(note);
  await settle(200);
  clock.advance(10_000);
  await settle(200);
  assert.equal(far.grants.join(), grants.join());
  assert.equal(JSON.stringify(near.notes), JSON.stringify(notes));
});
