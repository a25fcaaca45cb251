/** `postern logs`: each entry of the log once and in order, as it is written, whatever happens to the controller meanwhile. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { ApiProblem } from '../../cli/admin-call.ts';
import type { AuditPage, AuditQuery } from '../../cli/audit-pages.ts';
import { LogTail } from '../../cli/log-tail.ts';
import { CommandError } from '../../cli/output.ts';
import { exits } from '../../protocol/errors.ts';
import type { AuditRow } from '../../protocol/inventory.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { runPostern } from './support/program.ts';

/** A log as the controller keeps it, and who follows it. */
class Log {
  readonly clock = new VirtualClock();
  readonly shown: number[] = [];
  readonly said: string[] = [];
  readonly asked: AuditQuery[] = [];
  entries: AuditRow[] = [];
  /** What the controller answers instead. */
  fault: Error | undefined;
  /** Runs once, between where the log ends and what is asked next. */
  between: () => void = () => undefined;

  write(count: number, what = 'flow.open'): void {
    for (let left = count; left > 0; left--) {
      const seq = this.entries.length + 1;
      this.entries.push({ seq, time: '', who: 'usr_a', what, result: 'allowed', reasons: [], detail: {} });
    }
  }

  follow(first: number, filters: AuditQuery = {}): LogTail {
    return new LogTail({
      page: (query) => this.#page(query),
      filters,
      first,
      show: ({ seq }) => this.shown.push(seq),
      away: ({ message }) => this.said.push(message),
      back: () => this.said.push('back'),
      clock: this.clock,
    });
  }

  async seconds(count: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      await settle();
      this.clock.advance(1_000);
    }
    await settle();
  }

  #page({ after: cursor = 0, before = Infinity, limit, last, what }: AuditQuery): Promise<AuditPage> {
    this.asked.push({ after: cursor, limit, last, what });
    if (this.fault !== undefined) return Promise.reject(this.fault);
    const fitting = this.entries.filter(
      (entry) =>
        entry.seq > Number(cursor) && entry.seq < Number(before) && (what ?? entry.what) === entry.what,
    );
    const entries = last === undefined ? fitting.slice(0, Number(limit)) : fitting.slice(-Number(last));
    const next = entries.at(-1)?.seq ?? Number(cursor);
    if (last === 1 && what === undefined) {
      this.between();
      this.between = () => undefined;
    }
    return Promise.resolve({ entries, next });
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

test('entries come once and in order, however many are written at once or while others are read', async () => {
  const log = new Log();
  log.write(20);
  log.between = () => log.write(3);
  const tail = log.follow(5);
  const ended = tail.run();
  await log.seconds(1);
  assert.deepEqual(log.shown, range(16, 23));
  log.write(2_500);
  await log.seconds(2);
  assert.deepEqual(log.shown, range(16, 2_523));
  tail.stop();
  await ended;
  assert.equal(log.clock.pending, 0);
});

test('what filters leave out is not gone through again, and none of the entries that are there come where none is asked for', async () => {
  const log = new Log();
  log.write(10, 'document');
  const tail = log.follow(0, { what: 'flow.open' });
  const ended = tail.run();
  await log.seconds(1);
  log.write(5, 'document');
  await log.seconds(1);
  log.write(1);
  await log.seconds(1);
  assert.deepEqual(log.shown, [16]);
  const cursors = log.asked.filter(({ what }) => what !== undefined).map(({ after: cursor }) => cursor);
  assert.deepEqual(cursors, [10, 15]);
  const asked = log.asked.length;
  await log.seconds(3);
  assert.equal(log.asked.length, asked + 3, 'a log that stands still costs one question a look');
  tail.stop();
  await ended;
});

test('a controller that goes away is asked ever more rarely, told of once, and nothing is missed; a refusal ends it', async () => {
  const log = new Log();
  const tail = log.follow(0);
  const ended = tail.run();
  await log.seconds(1);
  log.fault = new CommandError(exits.controllerUnreachable, 'away');
  const asked = log.asked.length;
  await log.seconds(60);
  assert.ok(log.asked.length - asked <= 9, `${log.asked.length - asked} questions`);
  assert.deepEqual(log.said, ['away']);
  log.write(3);
  log.fault = undefined;
  await log.seconds(16);
  assert.deepEqual(
    [log.said, log.shown],
    [
      ['away', 'back'],
      [1, 2, 3],
    ],
  );
  const problem = { type: 'about:blank', title: 'The token has ended', status: 401 };
  log.fault = new ApiProblem(problem);
  const refused = assert.rejects(ended, { exit: exits.notSignedIn });
  await log.seconds(1);
  await refused;
  // At the start nothing is waited for: the address may be wrong.
  log.fault = new CommandError(exits.controllerUnreachable, 'away');
  await assert.rejects(log.follow(0).run(), { exit: exits.controllerUnreachable });
});

test('postern logs follows a real controller as JSON lines by a filter, and ends with Ctrl-C', async () => {
  const controller = await StartedController.start({ after }, { tls: false });
  const env = {
    PATH: process.env['PATH'] ?? '',
    POSTERN_CONTROLLER: `http://127.0.0.1:${controller.url.port}`,
    POSTERN_TOKEN: controller.admin,
  };
  const key = (): ReturnType<typeof runPostern> =>
    runPostern(['token', 'create', '--connector', 'hq'], { env });
  await key();
  const launcher = join(import.meta.dirname, '../../bin/postern');
  const child = spawn(process.execPath, [launcher, 'logs', '--json', '--what', 'key'], { env });
  after(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<AuditRow & { schema: string }> =>
    JSON.parse(String((await lines.next()).value)) as AuditRow & { schema: string };
  const before = await next();
  await key();
  const entry = await next();
  assert.ok(entry.seq > before.seq);
  assert.equal(entry.schema, 'postern.log/v1');
  assert.equal(entry.what, 'key.create');
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const { stdout } = await runPostern(['audit', '--last', '3'], { env });
  assert.match(stdout, new RegExp(entry.what));
  assert.equal((await runPostern(['logs', '--what', 'A B'], { env })).exit, 2);
  assert.equal((await runPostern(['logs', '--last', '1001'], { env })).exit, 2);
});
