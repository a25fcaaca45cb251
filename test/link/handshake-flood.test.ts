import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newAgreementKey, type AgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { acceptSecureChannel, openSecureChannel } from '../../protocol/link/secure-channel.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { retainedBytes } from '../support/retained-memory.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const client = newAgreementKey();
const server = newAgreementKey();
const prologue = Buffer.from('postern/1 tunnel\0net_test');

/** A responder that counts the Diffie-Hellman operations with its static key: two for each handshake it answers. */
class Responder {
  readonly clock = new VirtualClock();
  readonly budget = new HandshakeBudget(this.clock);
  agreements = 0;
  up = 0;
  readonly refused = new Map<string, number>();
  readonly #own: AgreementKey;

  constructor() {
    const count = (): void => void this.agreements++;
    this.#own = {
      publicKey: server.publicKey,
      get privateKey() {
        count();
        return server.privateKey;
      },
    };
  }

  /** A carrier to it, as from `source`. */
  carrier(source: string) {
    const pair = memoryCarriers();
    acceptSecureChannel(pair.right, {
      own: this.#own,
      prologue,
      kem: true,
      clock: this.clock,
      random: systemRandom,
      budget: this.budget,
      source,
    }).then(
      () => this.up++,
      (error: unknown) => {
        const code = error instanceof Fault ? error.code : String(error);
        this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
      },
    );
    return pair;
  }

  /** Whether somebody with a genuine key gets through, as from `source`. */
  async serves(source: string, own = client): Promise<boolean> {
    const before = this.up;
    const { left } = this.carrier(source);
    const opening = openSecureChannel(left, {
      own,
      peer: server.publicKey,
      prologue,
      kem: true,
      clock: this.clock,
      random: systemRandom,
    });
    opening.then(
      (channel) => channel.send(Buffer.from('proof')),
      () => undefined,
    );
    await settle(12);
    return this.up === before + 1;
  }
}

/** The INIT of a handshake that took place elsewhere: its mac1 is right. */
async function recordedInit(kem: boolean): Promise<Buffer> {
  const { left, toRight } = memoryCarriers();
  const opening = openSecureChannel(left, {
    own: client,
    peer: server.publicKey,
    prologue,
    kem,
    clock: new VirtualClock(),
    random: systemRandom,
  });
  opening.catch(() => undefined);
  return toRight.sent[0]!;
}

test('K9 SEC-D8 20,000 INITs without a right mac1 cost no Diffie-Hellman and no budget: anybody else is served', async () => {
  const responder = new Responder();
  const init = await recordedInit(true);
  for (let index = 0; index < 20_000; index++) {
    const changed = Buffer.from(init);
    changed[changed.length - 1 - (index % 16)]! ^= 1 + (index % 255);
    responder.carrier('dev_flood').toRight.inject(changed);
    if (index % 500 === 0) await settle(2);
  }
  await settle(3);
  assert.equal(responder.agreements, 0);
  assert.deepEqual([...responder.refused], [['protocol', 20_000]]);
  assert.equal(await responder.serves('dev_flood'), true);
  assert.equal(await responder.serves('dev_other'), true);
});

test('K9 SEC-D8 a flood of right INITs from one source costs its own share: others, new ones too, are served', async () => {
  const responder = new Responder();
  const init = await recordedInit(false);
  for (let second = 0; second < 3; second++) {
    for (let index = 0; index < 2_000; index++)
      responder.carrier('dev_flood').toRight.inject(Buffer.from(init));
    await settle(3);
    assert.equal(await responder.serves(`dev_new${second}`), true);
    assert.equal(await responder.serves('dev_flood'), false);
    responder.clock.advance(1_000);
  }
  assert.ok(responder.agreements / 2 <= 100 + 3 * 20 + 3 + 3, `${responder.agreements / 2} handshakes`);
  assert.ok((responder.refused.get('busy') ?? 0) > 5_500);
});

test('K9 SEC-D8 10,000 right INITs a second from a thousand sources cost 600 handshakes a second, and whoever was here before is served', async () => {
  const responder = new Responder();
  const init = await recordedInit(false);
  assert.equal(await responder.serves('dev_known'), true);
  responder.clock.advance(1_000);
  const before = responder.agreements;
  const seconds = 3;
  for (let tenth = 0; tenth < 10 * seconds; tenth++) {
    for (let index = 0; index < 1_000; index++) {
      responder.carrier(`dev_${index}`).toRight.inject(Buffer.from(init));
    }
    await settle(3);
    if (tenth % 2 === 1) assert.equal(await responder.serves('dev_known'), true, `tenth ${tenth}`);
    responder.clock.advance(100);
  }
  const handshakes = (responder.agreements - before) / 2;
  assert.ok(handshakes <= 600 + seconds * 600, `${handshakes} handshakes`);
  assert.equal(responder.up, 1 + (10 * seconds) / 2);
});

test('SEC-D8 a process to which thousands return answers 600 more, once: a flood has them too, and no more than its rate after', () => {
  const clock = new VirtualClock();
  const budget = new HandshakeBudget(clock, { awaitsReturn: true });
  budget.proved('10.9.9.9');
  const flood = (): number => {
    let taken = 0;
    for (let source = 0; source < 4_000; source++)
      if (budget.take(`10.0.${source >> 8}.${source & 255}`)) taken++;
    return taken;
  };
  assert.equal(flood(), 1_000);
  assert.ok(budget.take('10.9.9.9'), 'who was here before has a part of its own');
  for (let second = 0; second < 5; second++) {
    clock.advance(1_000);
    assert.equal(flood(), 400);
  }
});

test('SEC-D8 what was remembered of a million sources is bounded, and the newest are known', () => {
  const clock = new VirtualClock();
  const budget = new HandshakeBudget(clock);
  for (let index = 0; index < 50_000; index++) budget.proved(`dev_${index}`);
  while (budget.take(`dev_flood${clock.nowMs()}`)) clock.advance(0.001);
  assert.equal(budget.take('dev_0'), false);
  assert.equal(budget.take('dev_49999'), true);
});

test('K5 SEC-D3 replayed INITs, each with 4 KiB after it, cost little until 5 s are over, and nothing then', async () => {
  const responder = new Responder();
  const init = await recordedInit(true);
  const header = Buffer.from([0x10, 0x02, 3, 0]);
  const replays = 390;
  await responder.serves('dev_known');
  const before = await retainedBytes();
  for (let index = 0; index < replays; index++) {
    // The largest DATA an unproven initiator may announce, one byte short of its end.
    responder.carrier(`dev_${index}`).toRight.inject(Buffer.concat([init, header, Buffer.alloc(4_095)]));
  }
  await settle(3);
  const held = (await retainedBytes()) - before;
  assert.equal(responder.up, 1);
  // 4 KiB of theirs; the rest is our state of a handshake, what the carrier records, and what shared buffers pin.
  assert.ok(held < replays * 32_768, `${held / replays} bytes each`);
  assert.ok(responder.clock.pending >= replays);
  responder.clock.advance(5_000);
  await settle(3);
  assert.equal(responder.refused.get('timeout'), replays);
  const left = (await retainedBytes()) - before;
  assert.ok(left < 500_000, `${left} bytes stay`);
  // The two ends of the one that came up keep theirs.
  assert.equal(responder.clock.pending, 2);
});
