/** What becomes of capturing when it cannot begin, when several want it, and when the client ends while it begins. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptCapture, type Captured } from '../../client/kept-capture.ts';
import type { Undone } from '../../client/system/journal.ts';
import { Fault } from '../../protocol/errors.ts';
import { settle } from '../support/settle.ts';

/** A system that a capture changes when the test lets it, and what it went through. */
class System {
  readonly did: string[] = [];
  readonly begun: PromiseWithResolvers<Captured>[] = [];
  readonly updates: PromiseWithResolvers<void>[] = [];
  readonly capture: Captured = {
    update: () => {
      this.did.push('update');
      const update = Promise.withResolvers<void>();
      this.updates.push(update);
      return update.promise;
    },
    stop: () => {
      this.did.push('stop');
      return Promise.resolve<Undone>({ resolvConf: 'restored' });
    },
  };
  readonly kept = new KeptCapture(() => {
    this.did.push('begin');
    const begun = Promise.withResolvers<Captured>();
    this.begun.push(begun);
    return begun.promise;
  });
}

const noNft = new Fault('unreachable', 'The program "nft" is not installed.');

test('who asks while it begins waits for the same, hears of its failure, and the next one tries again', async () => {
  const { kept, did, begun, capture } = new System();
  assert.equal(kept.isBeginning, false);
  const both = [kept.start(), kept.start()];
  assert.equal(kept.isBeginning, true);
  begun[0]?.reject(noNft);
  for (const start of both) await assert.rejects(start, noNft);
  assert.deepEqual([kept.isComplete, kept.isBeginning], [false, false]);
  const again = [kept.start(), kept.start()];
  begun[1]?.resolve(capture);
  await Promise.all(again);
  await kept.start();
  assert.deepEqual([kept.isComplete, kept.isBeginning], [true, false]);
  assert.equal(kept.current, capture);
  assert.deepEqual(did, ['begin', 'begin']);
});

test('what was only beginning when the client ended is given back, and nothing is taken after that', async () => {
  const { kept, did, begun, capture } = new System();
  const start = kept.start();
  const undone = kept.stop();
  await settle();
  assert.deepEqual(did, ['begin']);
  begun[0]?.resolve(capture);
  assert.deepEqual(await undone, { resolvConf: 'restored' });
  await start;
  await kept.update();
  await kept.start();
  assert.deepEqual(did, ['begin', 'stop']);
  assert.equal(kept.current, undefined);
  assert.equal(await kept.stop(), await undone);
});

test('one that did not begin has nothing to give back', async () => {
  const { kept, did, begun } = new System();
  const start = kept.start();
  const undone = kept.stop();
  begun[0]?.reject(noNft);
  assert.deepEqual(await undone, { resolvConf: 'untouched' });
  await assert.rejects(start, noNft);
  assert.deepEqual(did, ['begin']);
  assert.deepEqual(await new System().kept.stop(), { resolvConf: 'untouched' });
  assert.equal(new KeptCapture(undefined).isComplete, true);
});

test('changes are told one after the other, also behind one that failed, and the end comes after the last', async () => {
  const { kept, did, begun, updates, capture } = new System();
  const start = kept.start();
  begun[0]?.resolve(capture);
  await start;
  const told = [kept.update(), kept.update()];
  await settle();
  assert.deepEqual(did, ['begin', 'update']);
  updates[0]?.reject(noNft);
  await assert.rejects(told[0] ?? Promise.resolve(), noNft);
  await settle();
  assert.deepEqual(did, ['begin', 'update', 'update']);
  const undone = kept.stop();
  const late = kept.update();
  assert.equal(kept.current, capture);
  await settle();
  assert.deepEqual(did, ['begin', 'update', 'update']);
  updates[1]?.resolve();
  await Promise.all([told[1], undone, late]);
  assert.deepEqual(did, ['begin', 'update', 'update', 'stop']);
  assert.equal(kept.current, undefined);
});
