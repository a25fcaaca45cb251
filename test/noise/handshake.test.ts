import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAgreementKey } from '../../protocol/keys.ts';
import { CipherState } from '../../protocol/noise/cipher-state.ts';
import { Initiator, Responder } from '../../protocol/noise/handshake.ts';

const prologue = Buffer.from('a prologue');
const psk = Buffer.alloc(32, 3);
const client = newAgreementKey();
const server = newAgreementKey();

function pair(changed: { prologue?: Buffer; peer?: Buffer } = {}) {
  return {
    initiator: new Initiator({
      own: client,
      ephemeral: newAgreementKey(),
      prologue: changed.prologue ?? prologue,
      peer: changed.peer ?? server.publicKey,
    }),
    responder: new Responder({ own: server, ephemeral: newAgreementKey(), prologue }),
  };
}

function handshake() {
  const { initiator, responder } = pair();
  const first = initiator.writeFirst(Buffer.from('hello'));
  assert.ok(first);
  const read = responder.readFirst(first);
  const second = responder.writeSecond(Buffer.from('welcome'), psk);
  assert.ok(read && second);
  const done = initiator.readSecond(second.message, psk);
  assert.ok(done);
  return { first, second: second.message, read, left: done, right: second.result };
}

test('K1 both sides end with the same hash, crossed keys and one resume secret, and learn payloads and static key', () => {
  const { read, left, right } = handshake();
  assert.equal(read.payload.toString(), 'hello');
  assert.equal(left.payload.toString(), 'welcome');
  assert.deepEqual(read.peer, client.publicKey);
  assert.deepEqual(left.result.hash, right.hash);
  assert.deepEqual(left.result.send, right.receive);
  assert.deepEqual(left.result.receive, right.send);
  assert.deepEqual(left.result.resumeSecret, right.resumeSecret);
  const keys = [left.result.send, left.result.receive, left.result.resumeSecret];
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 3);
  const sealed = new CipherState(left.result.send).sealWith(Buffer.alloc(0), Buffer.from('record'));
  assert.equal(new CipherState(right.receive).openInPlace(sealed)?.toString(), 'record');
});

test('K6 the static key of the initiator never crosses in clear', () => {
  const { first, second } = handshake();
  assert.equal(first.includes(client.publicKey), false);
  assert.equal(second.includes(client.publicKey), false);
});

test('T1 every changed byte of either message fails the handshake', () => {
  const { initiator } = pair();
  const first = initiator.writeFirst(Buffer.from('x'));
  assert.ok(first);
  for (let index = 0; index < first.length; index++) {
    const changed: Buffer = Buffer.from(first);
    changed[index]! ^= 0x40;
    assert.equal(pair().responder.readFirst(changed), undefined, `byte ${index}`);
  }
  for (const index of [0, 16, 31, 32, 40, 48]) {
    const fresh = pair();
    const message = fresh.initiator.writeFirst(Buffer.alloc(0));
    assert.ok(message && fresh.responder.readFirst(message));
    const answer = fresh.responder.writeSecond(Buffer.from('y'), psk);
    assert.ok(answer);
    answer.message[index]! ^= 0x40;
    assert.equal(fresh.initiator.readSecond(answer.message, psk), undefined, `byte ${index}`);
  }
});

test('K7 another prologue, another responder key or another psk fails, on whichever side it is first seen', () => {
  const elsewhere = pair({ prologue: Buffer.from('another') });
  assert.equal(elsewhere.responder.readFirst(elsewhere.initiator.writeFirst(Buffer.alloc(0))!), undefined);
  const stranger = pair({ peer: newAgreementKey().publicKey });
  assert.equal(stranger.responder.readFirst(stranger.initiator.writeFirst(Buffer.alloc(0))!), undefined);
  const { initiator, responder } = pair();
  assert.ok(responder.readFirst(initiator.writeFirst(Buffer.alloc(0))!));
  const second = responder.writeSecond(Buffer.alloc(0), Buffer.alloc(32, 4));
  assert.equal(initiator.readSecond(second!.message, psk), undefined);
});

test('K7 whoever stole the responder key cannot act as an initiator whose key they lack', () => {
  // The thief knows `server`, pretends to be `client` with a key of their own: the responder learns the thief's key.
  const thief = newAgreementKey();
  const { responder } = pair();
  const forged = new Initiator({
    own: thief,
    ephemeral: newAgreementKey(),
    prologue,
    peer: server.publicKey,
  });
  const read = responder.readFirst(forged.writeFirst(Buffer.alloc(0))!);
  assert.notDeepEqual(read?.peer, client.publicKey);
});

test('K2 low-order points end the handshake on both sides', () => {
  const zero = Buffer.alloc(32);
  assert.equal(pair({ peer: zero }).initiator.writeFirst(Buffer.alloc(0)), undefined);
  const { initiator, responder } = pair();
  const first = initiator.writeFirst(Buffer.alloc(0))!;
  zero.copy(first);
  assert.equal(responder.readFirst(first), undefined);
});

test('short messages are refused, and a failed or finished handshake refuses further use', () => {
  for (const length of [0, 1, 31, 95]) {
    assert.equal(pair().responder.readFirst(Buffer.alloc(length)), undefined);
  }
  const { initiator, responder } = pair();
  assert.throws(() => initiator.readSecond(Buffer.alloc(48), psk), /fresh/);
  initiator.writeFirst(Buffer.alloc(0));
  assert.throws(() => initiator.writeFirst(Buffer.alloc(0)), /waiting/);
  assert.equal(responder.readFirst(Buffer.alloc(96)), undefined);
  assert.throws(() => responder.writeSecond(Buffer.alloc(0), psk), /done/);
});
