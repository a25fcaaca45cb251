/** Keys that are no longer needed are overwritten where they lie, at the moment at which the other side can no longer use them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { ChannelKeys } from '../../protocol/link/channel-keys.ts';
import { tagBytes } from '../../protocol/noise/aead.ts';
import { aead } from '../../protocol/noise/best-aead.ts';
import type { HandshakeResult } from '../../protocol/noise/handshake.ts';

/** What both sides of a handshake get. */
function agreement(): { initiator: HandshakeResult; responder: HandshakeResult } {
  const [up, down] = [systemRandom(32), systemRandom(32)];
  const rest = { resumeSecret: systemRandom(32), hash: systemRandom(32) };
  return {
    initiator: { send: Buffer.from(up), receive: Buffer.from(down), ...rest },
    responder: { send: Buffer.from(down), receive: Buffer.from(up), ...rest },
  };
}

/** The memory that the cipher was given as keys, in the order in which it was used first. */
function watchKeys(t: TestContext): { sealing: Buffer[]; opening: Buffer[] } {
  const seen = { sealing: new Set<Buffer>(), opening: new Set<Buffer>() };
  const seal = aead.seal.bind(aead);
  const open = aead.open.bind(aead);
  t.mock.method(aead, 'seal', (...args: Parameters<typeof seal>) => {
    seen.sealing.add(args[0]);
    seal(...args);
  });
  t.mock.method(aead, 'open', (...args: Parameters<typeof open>) => {
    seen.opening.add(args[0]);
    return open(...args);
  });
  return {
    get sealing() {
      return [...seen.sealing];
    },
    get opening() {
      return [...seen.opening];
    },
  };
}

function sealed(keys: ChannelKeys, text: string): Buffer {
  const out = Buffer.alloc(text.length + tagBytes);
  keys.seal(Buffer.from(text), out);
  return out;
}

const isGone = (key: Buffer | undefined): boolean => key?.every((byte) => byte === 0) ?? false;

function pair() {
  const first = agreement();
  const [initiator, responder] = [new ChannelKeys(), new ChannelKeys()];
  initiator.establish(first.initiator);
  responder.establish(first.responder);
  return { initiator, responder, first };
}

test('K3 what a handshake gave is erased once the keys are made of it', () => {
  const { first } = pair();
  for (const { send, receive } of [first.initiator, first.responder])
    assert.ok(isGone(send) && isGone(receive));
});

test('K3 after a rekey each side has erased the old keys: to send at once, to receive with the first record of the new', (t) => {
  const keys = watchKeys(t);
  const { initiator, responder } = pair();
  assert.equal(responder.open(sealed(initiator, 'one'))?.toString(), 'one');
  assert.equal(initiator.open(sealed(responder, 'two'))?.toString(), 'two');
  const [initiatorSent, responderSent] = keys.sealing;
  const [responderReceived, initiatorReceived] = keys.opening;
  const old = [initiatorSent, responderSent, responderReceived, initiatorReceived];
  assert.deepEqual(old.map(isGone), [false, false, false, false]);

  const next = agreement();
  responder.agree(next.responder);
  initiator.lead(next.initiator);
  // What the responder has on its way is still under the old keys.
  assert.deepEqual(old.map(isGone), [true, false, false, false]);
  assert.equal(initiator.open(sealed(responder, 'three'))?.toString(), 'three');
  const record = sealed(initiator, 'four');
  assert.equal(responder.place(initiator.sendEpoch), 'next');
  assert.equal(responder.switch(), true);
  assert.deepEqual(old.map(isGone), [true, true, true, false]);
  assert.equal(responder.open(record)?.toString(), 'four');
  const answer = sealed(responder, 'five');
  assert.equal(initiator.place(responder.sendEpoch), 'next');
  assert.equal(initiator.switch(), false);
  assert.deepEqual(old.map(isGone), [true, true, true, true]);
  assert.equal(initiator.open(answer)?.toString(), 'five');
});

test('K3 a channel that ends erases all keys, those that were agreed on and never used among them', (t) => {
  const keys = watchKeys(t);
  const { initiator, responder } = pair();
  responder.open(sealed(initiator, 'one'));
  initiator.open(sealed(responder, 'two'));
  responder.agree(agreement().responder);
  initiator.erase();
  responder.erase();
  assert.equal(keys.sealing.length + keys.opening.length, 4);
  assert.ok([...keys.sealing, ...keys.opening].every(isGone));
  assert.throws(() => sealed(initiator, 'more'), /an erased key was used/);
  responder.switch();
  assert.throws(() => sealed(responder, 'more'), /an erased key was used/);
});
