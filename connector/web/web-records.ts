/**
 * What the audit log hears of the web door: who opened which application, once a minute for each; what strangers asked for on
 * public paths; what was refused, with its cause; what was cut, with its code; what failed. One line for each request of who
 * is signed in would be the origin's log, not ours.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { Exchange, Objection } from './exchange.ts';
import type { Asked, Passed, Refusal } from './gate.ts';
import type { RawRequest, Target } from './request-target.ts';
import { RepeatedRecords, type Entry } from './repeated-records.ts';
import type { Right } from '../flows/right.ts';

const onceMs = 60_000;
const maxRemembered = 10_000;
/** Of a path, and of what names a rule, so many characters are kept. */
const maxText = 256;

export interface WebRecordsOptions {
  record(this: void, entry: Omit<FlowRecord, 'seq'>): void;
  /** Whether there is room for records that strangers cause. */
  hasRoom(): boolean;
  /** Whether nothing that is opened now could be recorded. */
  isLogFull(): boolean;
  nowMs(this: void): number;
  readonly random: Random;
  readonly clock: Clock;
}

export class WebRecords {
  readonly #options: WebRecordsOptions;
  readonly #last = new Map<string, number>();
  /** Where and when each right was last recorded: what stands for most requests, in one look. */
  readonly #opened = new WeakMap<Right, { readonly host: string; readonly atMs: number }>();
  readonly #repeated: RepeatedRecords;

  constructor(options: WebRecordsOptions) {
    this.#options = options;
    this.#repeated = new RepeatedRecords({
      write: (entry, count) => this.#write(entry, count),
      hasRoom: () => options.hasRoom(),
      nowMs: () => options.nowMs(),
      clock: options.clock,
    });
  }

  /** Whether what the gate passed may be opened: it could be recorded, or is part of a device's flow, which is already. */
  mayOpen({ right }: Pick<Passed, 'right'>, { device }: Pick<Asked, 'device'>): boolean {
    return !this.#options.isLogFull() || isInFlow({ options: { device: device?.device, right } });
  }

  opened(exchange: Exchange): void {
    if (isInFlow(exchange)) return;
    const { options } = exchange;
    const { right, target } = options;
    if (right !== undefined) {
      const last = this.#opened.get(right);
      const nowMs = this.#options.nowMs();
      if (last?.host === target.host && nowMs - last.atMs < onceMs) return;
      if (!this.#isFirst('open', exchange)) return;
      this.#opened.set(right, { host: target.host, atMs: nowMs });
      this.#write({ event: 'open', ...about(options) });
      return;
    }
    const seen = seenOf(options.raw, options.target, options.address);
    const key = JSON.stringify(['open', seen.address, seen.method, seen.path, ...placeOf(options)]);
    this.#repeated.take(key, { event: 'open', ...about(options), ...seen }, true);
  }

  cut({ options }: Exchange, { code, cause }: Objection): void {
    if (isInFlow({ options })) return;
    this.#write({
      event: 'close',
      ...about(options),
      code,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  failed(exchange: Exchange, code: CodeName): void {
    if (this.#isFirst(code, exchange)) this.#write({ event: 'refused', ...about(exchange.options), code });
  }

  refused(refusal: Refusal, { raw, address, device }: Asked): void {
    const { resource, target, code, cause, rule } = refusal;
    const flow = device?.right();
    const right = refusal.right ?? (typeof flow === 'string' ? undefined : flow);
    const of = { resource, target, right, device: device?.device };
    const whose = right?.id ?? device?.device ?? address;
    const key = JSON.stringify(['refused', code, cause, rule, whose, ...placeOf(of)]);
    const entry: Entry = {
      event: 'refused',
      ...about(of),
      code,
      ...(cause === undefined ? {} : { cause }),
      ...(rule === undefined ? {} : { rule: cropped(rule) }),
      ...seenOf(raw, target, address),
    };
    this.#repeated.take(key, entry, right === undefined && device === undefined);
  }

  /** Writes what has been counted for long enough. To be called every second or so. */
  tidy(): void {
    this.#repeated.tidy();
  }

  /** Writes what is counted. */
  close(): void {
    this.#repeated.close();
  }

  #isFirst(what: string, { options: { right, resource, target } }: Exchange): boolean {
    const key = recordKey(what, right?.id ?? '', resource.id, target.host);
    const nowMs = this.#options.nowMs();
    const last = this.#last.get(key);
    if (last !== undefined && nowMs - last < onceMs) return false;
    this.#last.delete(key);
    this.#last.set(key, nowMs);
    const [oldest] = this.#last.keys();
    if (this.#last.size > maxRemembered && oldest !== undefined) this.#last.delete(oldest);
    return true;
  }

  #write(entry: Entry, count?: number): void {
    const { record, nowMs, random } = this.#options;
    record({
      at: Math.floor(nowMs()),
      flow: random(16).toString('base64url'),
      ...entry,
      ...(count === undefined ? {} : { count }),
    });
  }
}

type Place = Pick<Refusal, 'resource' | 'target'>;

/** Whether it is part of a device's flow and of nothing else: that one is recorded as every other flow, from open to close. */
function isInFlow({
  options: { device, right },
}: {
  readonly options: { readonly device?: string | undefined; readonly right: Right | undefined };
}): boolean {
  return device !== undefined && right?.door !== 'web';
}

function placeOf({ resource, target }: Place): [string, string] {
  return [resource.id, target.host];
}

/** Where, by which door, and by whose right. */
function about({
  resource,
  target,
  right,
  device,
}: Place & { readonly right: Right | undefined; readonly device?: string | undefined }): Omit<
  Entry,
  'event'
> {
  return {
    ...(device === undefined ? { door: 'web' } : { device, kind: 'web' }),
    resource: resource.id,
    host: target.host,
    port: Number(/:(\d+)$/.exec(target.authority)?.[1] ?? 443),
    ...(right === undefined ? {} : { subject: right.sub }),
    ...(right?.door === 'web' ? { web: right.id } : {}),
  };
}

/** What was asked for, without the query, which may hold what nobody else should read. */
function seenOf(
  { method = '' }: RawRequest,
  { path }: Target,
  address: string | undefined,
): Pick<Entry, 'address' | 'method' | 'path'> {
  return { ...(address === undefined ? {} : { address }), method, path: cropped(path) };
}

function cropped(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text;
}

/** Injective: no part can contain a space (SEC-A6). */
export function recordKey(what: string, right: string, resource: string, host: string): string {
  return `${what} ${right} ${resource} ${host}`;
}
