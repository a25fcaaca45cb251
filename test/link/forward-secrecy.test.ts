/**
 * T1, forward secrecy: somebody kept every byte of a session and later steals the static keys of both its ends. The
 * attacker here computes whatever can be computed from that; the same attacker with the ephemeral keys too reads
 * everything, which shows that nothing but those was missing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom, type Random } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { agree, agreementKeyFrom, newAgreementKey, type AgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { tunnelPrologue } from '../../protocol/link/handshake-messages.ts';
import { maxBodyBytes, MessageReader } from '../../protocol/link/message-reader.ts';
import { acceptSession, dialSession } from '../../protocol/link/open-session.ts';
import { CipherState } from '../../protocol/noise/cipher-state.ts';
import { SymmetricState } from '../../protocol/noise/symmetric-state.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const networkId = newId('net', systemRandom(16));
const client = newAgreementKey();
const connector = newAgreementKey();
const question = 'what nobody else may read, on its way up';
const answer = 'what nobody else may read, on its way down';
const grant = 'a.grant.nobody.else.may.read';

interface Message {
  readonly type: number;
  readonly epoch: number;
  readonly body: Buffer;
}

/** Yesterday: a session with a grant, a request and an answer, before and after a rekey; every byte is kept. */
async function record(kem: boolean) {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const ephemerals: AgreementKey[] = [];
  const random: Random = (bytes) => {
    const drawn = systemRandom(bytes);
    if (bytes === 32) ephemerals.push(agreementKeyFrom(drawn));
    return drawn;
  };
  const heard: string[] = [];
  const accepting = acceptSession({
    ...{ carrier: pair.right, own: connector, networkId, kem, clock, random: systemRandom },
    ...{ budget: new HandshakeBudget(clock), source: 'dev_test' },
    handle: () => ({
      grant: (jws) => void heard.push(jws),
      stream: (stream) => {
        stream.accept();
        stream.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
        stream.end(answer);
      },
    }),
  });
  const session = await dialSession({
    ...{ carrier: pair.left, own: client, peer: connector.publicKey, networkId, kem, clock, random },
    ...{ grants: [grant], handle: () => ({}) },
  });
  await accepting;
  const ask = async (): Promise<void> => {
    const stream = session.openStream({ name: 'wiki.acme.internal' });
    stream.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
    stream.end(question);
    await settle(30);
  };
  await ask();
  for (let second = 0; second < 125; second++) {
    clock.advance(1_000);
    await settle(2);
  }
  await ask();
  session.close();
  await settle(10);
  assert.deepEqual(heard.toSorted(), [answer, answer, grant, question, question].toSorted());
  const up = messages(pair.toRight.sent);
  assert.equal(up.at(-1)?.epoch, 1, 'there was a rekey');
  return { up, down: messages(pair.toLeft.sent), ephemerals };
}

function messages(sent: readonly Buffer[]): Message[] {
  const list: Message[] = [];
  const reader = new MessageReader(maxBodyBytes, (type, epoch, body) =>
    list.push({ type, epoch, body: Buffer.from(body) }),
  );
  assert.ok(reader.feed(Buffer.concat(sent)));
  return list;
}

interface Opened {
  /** The initiator's static key, as message 1 shows it. */
  readonly initiator: Buffer | undefined;
  readonly welcome: Buffer | undefined;
  readonly records: Buffer[];
}

/**
 * What opens of one epoch with these keys. Without the ephemeral key the agreement `ee` is missing: `guess` stands in for
 * it, or nothing does.
 */
function attack(
  epoch: number,
  { up, down }: { up: readonly Message[]; down: readonly Message[] },
  { ephemeral, guess, kemBytes }: { ephemeral?: AgreementKey; guess?: Buffer; kemBytes: number },
): Opened {
  const init = up.find((message) => message.type === 1 && message.epoch === epoch)!.body;
  const resp = down.find((message) => message.type === 2 && message.epoch === epoch)!.body;
  const s = new SymmetricState('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s');
  s.mixHash(tunnelPrologue(networkId));
  s.mixHash(connector.publicKey);
  // Message 1, with the responder's key: everything in it but what would need an ephemeral one.
  const e = init.subarray(0, 32);
  s.mixHash(e);
  s.mixKey(e);
  s.mixKey(agree(connector, e)!);
  const initiator = s.decryptAndHash(init.subarray(32, 80));
  s.mixKey(agree(connector, client.publicKey)!);
  const mac1Bytes = epoch === 0 ? 16 : 0;
  assert.ok(s.decryptAndHash(init.subarray(80, init.length - mac1Bytes)), 'message 1 opens with static keys');
  // Message 2.
  const from = 1 + kemBytes;
  const responderE = resp.subarray(from, from + 32);
  s.mixHash(responderE);
  s.mixKey(responderE);
  const ee = ephemeral === undefined ? guess : agree(ephemeral, responderE);
  if (ee !== undefined) s.mixKey(ee);
  s.mixKey(agree(client, responderE)!);
  s.mixKeyAndHash(Buffer.alloc(32));
  let welcome: Buffer | undefined;
  try {
    welcome = s.decryptAndHash(resp.subarray(from + 32));
  } catch {
    welcome = undefined;
  }
  const keys = s.split();
  const records = [
    ...open(up, epoch, keys.first),
    ...open(down, epoch, keys.second),
    // As if the directions were the other way round, or the resume secret were a key.
    ...(ephemeral === undefined
      ? [...open(up, epoch, keys.second), ...open(down, epoch, keys.first), ...open(up, epoch, keys.third)]
      : []),
  ];
  return { initiator, welcome, records };
}

/** The records of an epoch that open in their order. */
function open(list: readonly Message[], epoch: number, key: Buffer): Buffer[] {
  const cipher = new CipherState(key);
  return list
    .filter((message) => message.type === 3 && message.epoch === epoch)
    .flatMap(({ body }) => cipher.openInPlace(Buffer.from(body)) ?? []);
}

for (const kem of [false, true]) {
  test(`T1 with both static keys, yesterday’s bytes ${kem ? 'with' : 'without'} ML-KEM open nothing but the initiator’s static public key`, async () => {
    const kept = await record(kem);
    const all = Buffer.concat([...kept.up, ...kept.down].map(({ body }) => body));
    for (const secret of [question, answer, grant, 'wiki.acme.internal'])
      assert.equal(all.includes(secret), false, 'nothing crosses in clear');
    assert.equal(all.includes(client.publicKey), false, 'not even the public key does');
    const kemBytes = kem ? 1_088 : 0;
    const statics = agree(client, connector.publicKey)!;
    for (const epoch of [0, 1]) {
      for (const guess of [undefined, Buffer.alloc(32), statics]) {
        const opened = attack(epoch, kept, { kemBytes, ...(guess === undefined ? {} : { guess }) });
        assert.deepEqual(opened.initiator, client.publicKey);
        assert.equal(opened.welcome, undefined);
        assert.deepEqual(opened.records, []);
      }
    }
  });
}

test('T1 the same attacker, given the ephemeral keys too, reads everything of both epochs', async () => {
  const kept = await record(false);
  assert.equal(kept.ephemerals.length, 2);
  for (const [epoch, ephemeral] of kept.ephemerals.entries()) {
    const { welcome, records } = attack(epoch, kept, { ephemeral, kemBytes: 0 });
    assert.equal(welcome?.length, 21);
    const text = Buffer.concat(records).toString('latin1');
    for (const secret of [question, answer, 'wiki.acme.internal', ...(epoch === 0 ? [grant] : [])])
      assert.ok(text.includes(secret), `epoch ${epoch}: ${secret}`);
  }
});

test('T1 the ephemeral keys of one epoch read nothing of the next', async () => {
  const kept = await record(false);
  for (const epoch of [0, 1]) {
    const ephemeral = kept.ephemerals[1 - epoch]!;
    const opened = attack(epoch, kept, { ephemeral, kemBytes: 0 });
    assert.deepEqual([opened.welcome, opened.records], [undefined, []]);
  }
});
