/** The flow log over restarts, lost files and full disks; and how many refusals it takes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FlowLog } from '../../connector/flows/flow-log.ts';
import { foldMs } from '../../connector/flows/folded-refusals.ts';
import { HandIn } from '../../connector/flows/hand-in.ts';
import type { Receipts } from '../../protocol/control.ts';
import { Fault } from '../../protocol/errors.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function stateOf(t: TestContext): StateDirectory {
  const folder = mkdtempSync(join(tmpdir(), 'postern-flow-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return openStateDirectory(folder);
}

const noAlarm = (): void => assert.fail('an alarm');
const clock = new VirtualClock();

function logOf(state: StateDirectory, alarm = noAlarm): FlowLog {
  return new FlowLog({ state, clock, alarm });
}

const opened = (flow: string): Omit<FlowRecord, 'seq'> => ({ at: 1, event: 'open', flow });
const flowsIn = (log: FlowLog): string[] => log.batch().map(({ flow }) => flow);
const fileOf = ({ path }: StateDirectory): string => readFileSync(join(path, 'flows.jsonl'), 'utf8');

/** The controller's half (WIRE A4 `receipts`): whatever is not above what it has it has already. */
class Audit {
  readonly stored: FlowRecord[] = [];
  #received = 0;

  take({ list }: Receipts): number {
    const fresh = list.filter(({ seq }) => seq > this.#received);
    this.stored.push(...fresh);
    this.#received = fresh.at(-1)?.seq ?? this.#received;
    return this.#received;
  }

  get flows(): string[] {
    return this.stored.map(({ flow }) => flow);
  }
}

/** A contact with the controller that lasts until everything is there. */
function handIn(log: FlowLog, audit: Audit): void {
  const messages: Receipts[] = [];
  const hand = new HandIn({ flows: log, send: (message) => messages.push(message) > 0, clock });
  hand.restart();
  for (let message = messages.shift(); message !== undefined; message = messages.shift())
    hand.received(audit.take(message));
  hand.stop();
}

test('AUD-5 keeps what the controller has not confirmed across restarts, and goes on counting', (t) => {
  const state = stateOf(t);
  const first = logOf(state);
  first.received(0);
  for (const flow of ['a', 'b', 'c']) first.record(opened(flow));
  first.received(1);
  const second = logOf(state);
  assert.deepEqual(flowsIn(second), ['b', 'c']);
  second.received(3);
  const third = logOf(state);
  third.record(opened('d'));
  assert.deepEqual(
    third.batch().map(({ seq, flow }) => [seq, flow]),
    [[4, 'd']],
  );
  assert.match(fileOf(state), /"seq":4/);
});

test('half of it is kept for flows: what strangers cause has no room beyond, until the controller has taken some', (t) => {
  const log = logOf(stateOf(t));
  log.received(0);
  for (let count = 0; count < 49_999; count++) log.record(opened('a'));
  assert.equal(log.hasRoom, true);
  log.record({ at: 1, event: 'refused', flow: 'a' });
  assert.deepEqual([log.hasRoom, log.full], [false, false]);
  log.received(1);
  assert.equal(log.hasRoom, true);
});

test('the file stays bounded however many records were confirmed', (t) => {
  const state = stateOf(t);
  const log = logOf(state);
  log.received(0);
  for (let seq = 1; seq <= 20_000; seq++) {
    log.record(opened('a'));
    log.received(seq);
  }
  const lines = fileOf(state).split('\n').length;
  assert.ok(lines <= 5_010, `${lines} lines`);
  log.record(opened('b'));
  assert.deepEqual(
    logOf(state)
      .batch()
      .map(({ seq, flow }) => [seq, flow]),
    [[20_001, 'b']],
  );
});

test('AUD-5 whatever becomes of the file, lost or put back from an older copy, each record is in the audit log once', (t) => {
  const state = stateOf(t);
  const audit = new Audit();
  const first = logOf(state);
  for (const flow of ['a', 'b', 'c']) first.record(opened(flow));
  handIn(first, audit);
  const older = fileOf(state);
  for (let at = 0; at < 700; at++) first.record(opened(`d${at}`));
  handIn(first, audit);
  first.close();

  // Put back: it counts on from three, in contact only after it has more than it lacks.
  writeFileSync(join(state.path, 'flows.jsonl'), older);
  const rolledBack = logOf(state);
  for (let at = 0; at < 800; at++) rolledBack.record(opened(`e${at}`));
  handIn(rolledBack, audit);
  rolledBack.record(opened('f'));
  rolledBack.close();
  // What it had not handed in is there in the next process, under numbers that mean nothing else.
  handIn(logOf(state), audit);

  state.remove('flows.jsonl');
  const lost = logOf(state);
  lost.record(opened('g'));
  handIn(lost, audit);
  lost.record(opened('h'));
  handIn(lost, audit);

  const expected = [
    ...['a', 'b', 'c'],
    ...Array.from({ length: 700 }, (_, at) => `d${at}`),
    ...Array.from({ length: 800 }, (_, at) => `e${at}`),
    ...['f', 'g', 'h'],
  ];
  assert.deepEqual(audit.flows, expected);
  assert.deepEqual(
    audit.stored.map(({ seq }) => seq),
    expected.map((_, at) => at + 1),
  );
  assert.deepEqual(flowsIn(logOf(state)), []);
});

test('REL-16 a full, failing or read-only disk ends nothing: an alarm, no new flow, and all records once there is room', (t) => {
  for (const code of ['ENOSPC', 'EIO', 'EROFS']) {
    const inner = stateOf(t);
    let isFailing = false;
    const state: StateDirectory = {
      ...inner,
      write(name, content) {
        if (isFailing) throw new Fault('internal', `${name} cannot be written (${code})`);
        inner.write(name, content);
      },
    };
    const audit = new Audit();
    let alarms = 0;
    const log = logOf(state, () => (alarms += 1));
    log.record(opened('a'));
    handIn(log, audit);
    assert.equal(log.full, false);
    isFailing = true;
    // So many that the file is made anew, which fails.
    for (let at = 0; at < 3_000; at++) {
      log.record(opened(`b${at}`));
      handIn(log, audit);
    }
    assert.equal(log.full, true);
    assert.ok(alarms > 0);
    log.record({ at: 2, event: 'close', flow: 'a' });
    log.tend();
    assert.equal(log.full, true);
    isFailing = false;
    log.tend();
    assert.equal(log.full, false);
    log.record(opened('c'));
    log.close();
    handIn(logOf(inner), audit);
    assert.deepEqual(
      audit.flows,
      ['a', ...Array.from({ length: 3_000 }, (_, at) => `b${at}`), 'a', 'c'],
      code,
    );
  }
});

test('REL-16 a connector starts on a disk that takes nothing, also behind a line that was cut short, and appends to none', (t) => {
  const state = stateOf(t);
  const half = '{"received":0}\n{"seq":1,"at":1,"event":"open","flow":"a"}\n{"seq":2,"at":1,"ev';
  writeFileSync(join(state.path, 'flows.jsonl'), half);
  const blocked = join(state.path, '.flows.jsonl.new');
  mkdirSync(blocked);
  let alarms = 0;
  const log = logOf(state, () => (alarms += 1));
  assert.equal(log.full, true);
  assert.equal(alarms, 1);
  log.record({ at: 2, event: 'close', flow: 'a' });
  assert.equal(fileOf(state), half);
  assert.deepEqual(flowsIn(logOf(state, () => undefined)), ['a']);
  rmdirSync(blocked);
  log.tend();
  assert.equal(log.full, false);
  assert.deepEqual(flowsIn(logOf(state)), ['a', 'a']);
});

test('REL-16 a log that filled the disk by itself makes room once the controller has everything, and not before', (t) => {
  const inner = stateOf(t);
  let isFull = false;
  const state: StateDirectory = {
    ...inner,
    write(name, content) {
      if (isFull && inner.read(name) !== undefined) throw new Fault('internal', 'ENOSPC');
      inner.write(name, content);
    },
  };
  writeFileSync(
    join(inner.path, 'flows.jsonl'),
    '{"received":0}\n{"seq":1,"at":1,"event":"open","flow":"a"}\n',
  );
  isFull = true;
  const log = logOf(state, () => undefined);
  log.tend();
  log.received(0);
  assert.equal(log.full, true);
  assert.deepEqual(flowsIn(logOf(state, () => undefined)), ['a']);
  log.received(1);
  assert.equal(log.full, false);
  log.record(opened('b'));
  assert.deepEqual(
    logOf(inner)
      .batch()
      .map(({ seq, flow }) => [seq, flow]),
    [[2, 'b']],
  );
});

test('SEC-D3: refusals without end take a bounded place, tell how many they were, and leave room for flows', (t) => {
  const log = logOf(stateOf(t));
  let recorded = 0;
  log.onRecord = () => (recorded += 1);
  const refused = (device: string, resource: string, code = 'denied'): void =>
    log.record({ at: 1, event: 'refused', flow: 'x', device, resource, code });
  for (let at = 0; at < 10_000; at++) refused('dev_a', 'res_a');
  assert.equal(recorded, 100);
  refused('dev_b', 'res_a');
  assert.equal(recorded, 101);
  for (let at = 0; at < 200_000; at++) refused(`dev_${at % 5_000}`, `res_${at % 7_919}`, `code-${at % 30}`);
  assert.equal(recorded, 2_000);
  clock.advance(foldMs - 1);
  log.tend();
  assert.equal(recorded, 2_000);
  clock.advance(1);
  log.tend();
  assert.ok((recorded as number) > 2_000 && (recorded as number) <= 3_050);
  assert.equal(log.full, false);
  const all = drain(log);
  assert.equal(all.length, recorded);
  assert.equal(
    all.reduce((sum, { count = 1 }) => sum + count, 0),
    210_001,
  );
  const ofOne = all.filter(({ device, resource }) => device === 'dev_a' && resource === 'res_a');
  assert.equal(ofOne.at(-1)?.count, 9_900);
});

test('SEC-D3: a device that asks for ever new resources has a few kinds, and the log keeps half its room for flows', (t) => {
  const log = logOf(stateOf(t));
  let recorded = 0;
  log.onRecord = () => (recorded += 1);
  const refused = (resource: string): void =>
    log.record({ at: 1, event: 'refused', flow: 'x', device: 'dev_a', resource, code: 'denied' });
  for (let at = 0; at < 1_000; at++) refused(`res_${at}`);
  log.tend(true);
  assert.equal(recorded, 121);
  for (let at = recorded; at < 50_000; at++) log.record(opened('a'));
  clock.advance(3_600_000);
  for (let at = 0; at < 1_000; at++) refused('res_a');
  log.tend(true);
  assert.equal(recorded, 50_000);
  const all = drain(log);
  assert.equal(all.length, 50_000);
  log.tend(true);
  assert.equal(drain(log).at(-1)?.count, 1_000);
});

/** Everything that the log holds, which it then holds no more. */
function drain(log: FlowLog): FlowRecord[] {
  const stored: FlowRecord[] = [];
  const from = log.isPlaced ? (log.batch()[0]?.seq ?? 1) - 1 : 0;
  log.received(from);
  for (let batch = log.batch(); batch.length > 0; batch = log.batch()) {
    stored.push(...batch);
    log.received(batch.at(-1)?.seq ?? 0);
  }
  return stored;
}
