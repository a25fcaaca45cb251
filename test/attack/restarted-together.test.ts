/**
 * REL-5 with real connectors: three hundred, and the controller with its relay killed and started again. It does nothing at first,
 * as one that thousands come to at once: what is asserted is how many are there and in which order, never when.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { HerdController } from '../support/herd/herd-controller.ts';
import { Herd, type HerdCount } from '../support/herd/herd.ts';

/** Twice as many connections, of the control channel and to the relay, are more than Node has the system take by itself. */
const count = 300;
const networks = 20;
const removed = 5;
const stay = count - removed;
const doors = ['control', 'relay'] as const;

interface Listed {
  readonly id: string;
  readonly online: boolean;
}

test('REL-5 three hundred connectors whose controller and relay are restarted together come back one by one, each once', async (t) => {
  const { controller, herd } = await populated(t);
  const list = () => controller.call<Listed[]>('GET', 'connectors');
  const gone = idsOf(await list()).slice(0, removed);
  for (const id of gone) await controller.call('DELETE', `connectors/${id}`);
  const areOut = ({ refusedBy, back }: HerdCount) => refusedBy.control.length === removed && back === stay;
  assert.ok(areOut(await lastSeen(herd, areOut)), 'those that were removed are out');
  const known = idsOf(await list());
  assert.equal(known.length, stay);
  await herd.tell({ mark: true });

  // All are lost at one moment, and come to a controller that listens and does nothing else.
  herd.hold();
  await controller.kill();
  await controller.start();
  controller.hold();
  herd.goOn();
  const { taken } = await lastSeen(herd, (now) => now.taken >= 2 * stay);
  assert.ok(taken >= 2 * stay, `the system took ${taken} of ${2 * stay} connections`);
  const mixed = await herd.mixed();
  for (const door of doors)
    assert.ok(mixed[door] > 0.05, `of all pairs ${mixed[door]} dialled the other way round: ${door}`);

  // An administrator asks while all of them wait, and then over and over; those that were removed come with all they knew.
  const first = list();
  controller.goOn();
  await herd.tell({ again: true });
  const meanwhile = [await first];
  const back = await eventually(
    'the return of all',
    async () => {
      const listed = await list();
      const now = await herd.count();
      const out = doors.every((door) => now.refusedBy[door].length >= removed);
      if (now.back >= stay && out) return now;
      meanwhile.push(listed);
      return undefined;
    },
    { timeoutMs: 60_000, everyMs: 20 },
  );
  assert.equal(back.back, stay);
  for (const door of doors) {
    const each = back[door] / stay;
    assert.ok(each >= 1 && each <= 1.5, `${each} attempts each: ${door}`);
    assert.deepEqual(back.refusedBy[door].toSorted(), gone);
  }
  assert.ok(
    meanwhile.some((listed) => listed.some(({ online }) => !online)),
    'the administrator is answered before all are back',
  );
  const last = await list();
  assert.ok(last.every(({ online }) => online));
  for (const listed of [...meanwhile, last]) assert.deepEqual(idsOf(listed), known);
});

async function populated(t: TestContext): Promise<{ controller: HerdController; herd: Herd }> {
  const controller = await HerdController.open('source', networks);
  t.after(() => controller.close());
  const herd = new Herd();
  t.after(() => herd.close());
  await controller.populate(herd, count, networks);
  return { controller, herd };
}

/** The herd as soon as it is so; where it does not come to be so, as it was last. */
async function lastSeen(herd: Herd, isSo: (now: HerdCount) => boolean): Promise<HerdCount> {
  let now = await herd.count();
  const look = async () => (isSo((now = await herd.count())) ? true : undefined);
  await eventually('the herd', look, { everyMs: 20 }).catch(() => undefined);
  return now;
}

function idsOf(listed: readonly Listed[]): string[] {
  return listed.map(({ id }) => id).toSorted();
}
