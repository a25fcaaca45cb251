/**
 * What happened to every flow, kept on disk until the controller says it has it: opened, closed with its bytes, refused
 * with its code. The audit log's half that only the connector can write.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { Fault } from '../../protocol/errors.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';

const file = 'flows.jsonl';
/** Beyond this the connector refuses flows rather than letting them go unrecorded. */
const maxPending = 100_000;
/** What one control message may carry. */
const maxBatch = 500;
/** The file is written anew only once so many lines in it mean nothing any more: a flow costs two short appends. */
const maxStale = 5_000;

export class FlowLog {
  readonly #state: StateDirectory;
  readonly #pending: FlowRecord[];
  #seq: number;
  /** The file, open for appending. */
  #file: number | undefined;
  /** Lines of the file, those that are received included. */
  #lines = 0;
  /** Called after each record, for whoever sends them on. */
  onRecord: () => void = () => undefined;

  /** Continues where the last process ended. Throws a Fault when the file is damaged. */
  constructor(state: StateDirectory) {
    this.#state = state;
    // A line that a crash cut short was never acknowledged to anyone.
    const lines = (state.read(file)?.toString('utf8') ?? '').split('\n').slice(0, -1);
    try {
      const entries = lines.map((line) => JSON.parse(line) as FlowRecord | { received: number });
      const records = entries.filter((entry) => 'seq' in entry);
      const received = Math.max(
        0,
        ...entries.filter((entry) => 'received' in entry).map((entry) => entry.received),
      );
      this.#pending = records.filter(({ seq }) => seq > received);
      this.#seq = Math.max(received, this.#pending.at(-1)?.seq ?? 0);
    } catch {
      throw new Fault(
        'internal',
        `${state.path}/${file} is damaged; restore it from a backup or move it away`,
      );
    }
    this.#rewrite();
  }

  /** Whether there is no room for the records of another flow. */
  get full(): boolean {
    return this.#pending.length >= maxPending;
  }

  /** Whether so much is left that what anybody may cause can be recorded, too: the other half is for flows. */
  get hasRoom(): boolean {
    return this.#pending.length < maxPending / 2;
  }

  record(entry: Omit<FlowRecord, 'seq'>): void {
    this.#seq += 1;
    const record = { seq: this.#seq, ...entry };
    this.#pending.push(record);
    this.#append(record);
    this.onRecord();
  }

  /** The oldest records not yet received, as many as one message may carry. */
  batch(): FlowRecord[] {
    return this.#pending.slice(0, maxBatch);
  }

  /** The controller has everything up to and including `seq`. */
  received(seq: number): void {
    const kept = this.#pending.findIndex((record) => record.seq > seq);
    this.#pending.splice(0, kept < 0 ? this.#pending.length : kept);
    if (this.#lines > 2 * this.#pending.length + maxStale) this.#rewrite();
    else this.#append({ received: seq });
  }

  /** Ends writing; the log may not be used afterwards. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #append(entry: FlowRecord | { received: number }): void {
    this.#file ??= openSync(join(this.#state.path, file), 'a', 0o600);
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#lines += 1;
  }

  #rewrite(): void {
    const received = (this.#pending[0]?.seq ?? this.#seq + 1) - 1;
    const lines = [{ received }, ...this.#pending].map((entry) => `${JSON.stringify(entry)}\n`);
    // The file that was open is not the one that takes its place.
    this.close();
    this.#state.write(file, lines.join(''));
    this.#lines = lines.length;
  }
}
