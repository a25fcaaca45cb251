/**
 * What happened to every flow, kept on disk until the controller says it has it: opened, closed with its bytes, refused
 * with its code. The audit log's half that only the connector can write. A disk that takes nothing more ends nothing: what
 * comes then is held in memory, no new flow may be opened, and the file is made anew once there is room (REL-16).
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../protocol/clock.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { Fault } from '../../protocol/errors.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import { FoldedRefusals } from './folded-refusals.ts';

const file = 'flows.jsonl';
/** From here on the connector opens no flow, rather than letting one go unrecorded; those that are open still close. */
const maxPending = 100_000;
/** From here on refusals are only counted: the rest is for what was opened. */
const maxWithRefusals = 50_000;
/** What one control message may carry. */
const maxBatch = 500;
/** The file is written anew only once so many lines in it mean nothing any more: a flow costs two short appends. */
const maxStale = 5_000;

export interface FlowLogOptions {
  readonly state: StateDirectory;
  readonly clock: Clock;
  /** The file cannot be written. */
  alarm(): void;
}

export class FlowLog {
  readonly #options: FlowLogOptions;
  readonly #refusals: FoldedRefusals;
  #pending: FlowRecord[];
  #seq: number;
  /** The highest number in what an earlier process left. */
  #found: number;
  /** Whether the controller has said, since this process began, what it has. */
  #isPlaced = false;
  /** The file, open for appending. */
  #file: number | undefined;
  /** The file's last line may be half of one, or it misses some: nothing is appended before it was made anew. */
  #isBroken = false;
  /** Lines of the file, those that are received included. */
  #lines = 0;
  /** Called after each record, for whoever sends them on. */
  onRecord: () => void = () => undefined;

  /** Continues where the last process ended. Throws a Fault when the file is damaged. */
  constructor(options: FlowLogOptions) {
    this.#options = options;
    this.#refusals = new FoldedRefusals(options.clock);
    const { state } = options;
    // A line that a crash cut short was never acknowledged to anyone.
    const lines = (state.read(file)?.toString('utf8') ?? '').split('\n').slice(0, -1);
    try {
      const entries = lines.map((line) => JSON.parse(line) as FlowRecord | { received: number });
      const records = entries.filter((entry) => 'seq' in entry);
      const received = entries.reduce(
        (most, entry) => ('received' in entry ? Math.max(most, entry.received) : most),
        0,
      );
      this.#pending = records.filter(({ seq }) => seq > received);
      this.#seq = Math.max(received, this.#pending.at(-1)?.seq ?? 0);
    } catch {
      throw new Fault(
        'internal',
        `${state.path}/${file} is damaged; restore it from a backup or move it away`,
      );
    }
    this.#found = this.#seq;
    this.#rewrite();
  }

  /** Whether the records of another flow could not be kept: too many wait, or the disk takes none. */
  get full(): boolean {
    return this.#isBroken || this.#pending.length >= maxPending;
  }

  /** Whether so much is left that what anybody may cause can be recorded, too: the other half is for flows. */
  get hasRoom(): boolean {
    return this.#pending.length < maxWithRefusals;
  }

  /** Whether the controller has said, since this process began, up to where it has the records: before, none is sent. */
  get isPlaced(): boolean {
    return this.#isPlaced;
  }

  /** Whether the controller lacks any. */
  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  record(entry: Omit<FlowRecord, 'seq'>): void {
    // The web door counts its own, by what they are.
    const isCounted = entry.event === 'refused' && entry.door !== 'web';
    if (!isCounted || this.#refusals.take(entry, this.hasRoom)) this.#write(entry);
  }

  /**
   * To be called every second or so: makes a broken file anew where there is room again, and records the refusals that
   * were counted for long enough.
   * @param isOver whether this process ends, and whatever was counted is to be recorded now
   */
  tend(isOver = false): void {
    if (this.#isBroken) this.#rewrite();
    if (this.hasRoom) for (const refusal of this.#refusals.due(isOver)) this.#write(refusal);
  }

  /** The oldest records not yet received, as many as one message may carry. */
  batch(): FlowRecord[] {
    return this.#pending.slice(0, maxBatch);
  }

  /**
   * The controller has everything up to and including `seq`. Where it has more than this log ever had, the file was lost
   * or is an older copy: then what it does not know yet is numbered behind that, or it would take it for something it has.
   */
  received(seq: number): void {
    const most = this.#isPlaced ? this.#seq : this.#found;
    this.#isPlaced = true;
    if (seq > most) return this.#renumber(seq);
    const kept = this.#pending.findIndex((record) => record.seq > seq);
    this.#pending.splice(0, kept < 0 ? this.#pending.length : kept);
    if (this.#isBroken || this.#lines > 2 * this.#pending.length + maxStale) this.#rewrite();
    else this.#append({ received: seq });
  }

  /** Ends writing; the log may not be used afterwards. */
  close(): void {
    const open = this.#file;
    this.#file = undefined;
    try {
      if (open !== undefined) closeSync(open);
    } catch {
      // What could not be written is told apart by `#append`; the descriptor is gone either way.
    }
  }

  /** What an earlier process left was in the numbers that the controller has; what this one recorded was not. */
  #renumber(behind: number): void {
    const own = this.#pending.filter(({ seq }) => seq > this.#found);
    this.#pending = own.map((record, at) => ({ ...record, seq: behind + 1 + at }));
    this.#found = behind;
    this.#seq = behind + own.length;
    this.#rewrite();
  }

  #write(entry: Omit<FlowRecord, 'seq'>): void {
    this.#seq += 1;
    const record = { seq: this.#seq, ...entry };
    this.#pending.push(record);
    this.#append(record);
    this.onRecord();
  }

  #append(entry: FlowRecord | { received: number }): void {
    if (this.#isBroken) return;
    try {
      this.#file ??= openSync(join(this.#options.state.path, file), 'a', 0o600);
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      for (let written = 0; written < line.length;) written += writeSync(this.#file, line, written);
      this.#lines += 1;
    } catch {
      this.#break();
    }
  }

  #rewrite(): void {
    const received = (this.#pending[0]?.seq ?? this.#seq + 1) - 1;
    const lines = [{ received }, ...this.#pending].map((entry) => `${JSON.stringify(entry)}\n`);
    // The file that was open is not the one that takes its place.
    this.close();
    const { state } = this.#options;
    try {
      // A file that filled the disk and tells nothing any more makes room for the one that takes its place; were that lost
      // as well, the controller would still know where the numbers go on.
      if (this.#isBroken && this.#pending.length === 0) state.remove(file);
      state.write(file, lines.join(''));
    } catch {
      return this.#break();
    }
    this.#lines = lines.length;
    this.#isBroken = false;
  }

  #break(): void {
    this.close();
    this.#isBroken = true;
    this.#options.alarm();
  }
}
