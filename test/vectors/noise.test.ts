import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreementKeyFrom } from '../../protocol/keys.ts';
import { CipherState } from '../../protocol/noise/cipher-state.ts';
import { Initiator, Responder } from '../../protocol/noise/handshake.ts';
import { NoiseTwin, patternOf } from '../support/noise-twin.ts';
import { hex, readVectors } from '../support/vectors.ts';

interface Vector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_psks?: readonly string[];
  readonly init_static?: string;
  readonly init_ephemeral: string;
  readonly init_remote_static?: string;
  readonly resp_psks?: readonly string[];
  readonly resp_static?: string;
  readonly resp_ephemeral?: string;
  readonly resp_remote_static?: string;
  readonly handshake_hash?: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

const files = ['cacophony.txt', 'snow.txt'].map((file) => ({
  file,
  vectors: (readVectors('noise', file) as { vectors: readonly Vector[] }).vectors,
}));

test('K1 the handshake and the records after it equal the cacophony vector of IKpsk2 byte for byte', () => {
  const vector = files[0]?.vectors.find((v) => v.protocol_name === 'Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s');
  assert.ok(vector);
  const prologue = hex(vector.init_prologue);
  const psk = hex(vector.init_psks![0]!);
  const initiator = new Initiator({
    own: agreementKeyFrom(hex(vector.init_static!)),
    ephemeral: agreementKeyFrom(hex(vector.init_ephemeral)),
    prologue,
    peer: hex(vector.init_remote_static!),
  });
  const responder = new Responder({
    own: agreementKeyFrom(hex(vector.resp_static!)),
    ephemeral: agreementKeyFrom(hex(vector.resp_ephemeral!)),
    prologue,
  });
  const [m1, m2, ...records] = vector.messages;
  const first = initiator.writeFirst(hex(m1!.payload));
  assert.equal(first?.toString('hex'), m1!.ciphertext);
  assert.equal(responder.readFirst(first)?.payload.toString('hex'), m1!.payload);
  const second = responder.writeSecond(hex(m2!.payload), psk);
  assert.equal(second?.message.toString('hex'), m2!.ciphertext);
  const done = initiator.readSecond(second.message, psk);
  assert.equal(done?.payload.toString('hex'), m2!.payload);
  assert.equal(done.result.hash.toString('hex'), vector.handshake_hash);
  assert.equal(records.length > 2, true);
  const directions = [
    [new CipherState(done.result.send), new CipherState(second.result.receive)],
    [new CipherState(second.result.send), new CipherState(done.result.receive)],
  ] as const;
  for (const [index, record] of records.entries()) {
    const [sender, receiver] = directions[index % 2]!;
    const sealed = sender.sealWith(Buffer.alloc(0), hex(record.payload));
    assert.equal(sealed.toString('hex'), record.ciphertext);
    assert.equal(receiver.openInPlace(sealed)?.toString('hex'), record.payload);
  }
});

for (const { file, vectors } of files) {
  test(`K1 our symmetric state reproduces every pattern of our suite in ${file}`, () => {
    const covered = vectors.filter((vector) => patternOf(vector.protocol_name) !== undefined);
    // Ours and what it is made of; snow publishes the pattern with a second psk only.
    const ours = file === 'snow.txt' ? 'IKpsk0+psk2' : 'IKpsk2';
    for (const pattern of ['IK', ours]) {
      const name = `Noise_${pattern}_25519_ChaChaPoly_BLAKE2s`;
      assert.ok(
        covered.some((vector) => vector.protocol_name === name),
        name,
      );
    }
    assert.ok(covered.length >= 15, `${covered.length} vectors`);
    for (const vector of covered) replay(vector);
  });
}

function replay(vector: Vector): void {
  const key = (text: string | undefined) => (text === undefined ? undefined : agreementKeyFrom(hex(text)));
  const raw = (text: string | undefined) => (text === undefined ? undefined : hex(text));
  const sides = [true, false].map(
    (initiator) =>
      new NoiseTwin({
        protocolName: vector.protocol_name,
        initiator,
        prologue: hex(vector.init_prologue),
        own: key(initiator ? vector.init_static : vector.resp_static),
        ephemeral: key(initiator ? vector.init_ephemeral : vector.resp_ephemeral),
        peer: raw(initiator ? vector.init_remote_static : vector.resp_remote_static),
        psks: (vector.init_psks ?? []).map(hex),
      }),
  ) as [NoiseTwin, NoiseTwin];
  for (const [index, message] of vector.messages.entries()) {
    const sender = sides[index % 2]!;
    if (sender.finished) break;
    const bytes = sender.write(hex(message.payload));
    assert.equal(bytes.toString('hex'), message.ciphertext, `${vector.protocol_name} message ${index}`);
    assert.equal(sides[(index + 1) % 2]!.read(bytes)?.toString('hex'), message.payload);
  }
  if (vector.handshake_hash !== undefined) {
    assert.equal(sides[0].symmetric.hash.toString('hex'), vector.handshake_hash);
  }
}
