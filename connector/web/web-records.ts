/**
 * What the audit log hears of the web door: who opened which application, once a minute for each; what was cut, with its
 * code; what failed. One line for each request would be the origin's log, not ours.
 */
import type { Random } from '../../protocol/clock.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { Exchange, Objection } from './exchange.ts';

const onceMs = 60_000;
const maxRemembered = 10_000;

export class WebRecords {
  readonly #record: (entry: Omit<FlowRecord, 'seq'>) => void;
  readonly #random: Random;
  readonly #nowMs: () => number;
  readonly #last = new Map<string, number>();

  constructor(record: (entry: Omit<FlowRecord, 'seq'>) => void, random: Random, nowMs: () => number) {
    this.#record = record;
    this.#random = random;
    this.#nowMs = nowMs;
  }

  opened(exchange: Exchange): void {
    if (!isInFlow(exchange) && this.#isFirst('open', exchange)) this.#write('open', exchange);
  }

  cut(exchange: Exchange, { code, cause }: Objection): void {
    if (!isInFlow(exchange)) this.#write('close', exchange, code, cause);
  }

  failed(exchange: Exchange, code: CodeName): void {
    if (this.#isFirst(code, exchange)) this.#write('refused', exchange, code);
  }

  #isFirst(what: string, { options: { right, resource, target } }: Exchange): boolean {
    const key = recordKey(what, right?.id ?? '', resource.id, target.host);
    const nowMs = this.#nowMs();
    const last = this.#last.get(key);
    if (last !== undefined && nowMs - last < onceMs) return false;
    this.#last.delete(key);
    this.#last.set(key, nowMs);
    const [oldest] = this.#last.keys();
    if (this.#last.size > maxRemembered && oldest !== undefined) this.#last.delete(oldest);
    return true;
  }

  #write(event: FlowRecord['event'], { options }: Exchange, code?: CodeName, cause?: string): void {
    const { right, resource, target, device } = options;
    this.#record({
      at: Math.floor(this.#nowMs()),
      event,
      flow: this.#random(16).toString('base64url'),
      ...(device === undefined ? { door: 'web' } : { device, kind: 'web' }),
      resource: resource.id,
      host: target.host,
      port: Number(/:(\d+)$/.exec(target.authority)?.[1] ?? 443),
      ...(right === undefined ? {} : { subject: right.sub }),
      ...(right?.door === 'web' ? { web: right.id } : {}),
      ...(code === undefined ? {} : { code }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** Whether it is part of a device's flow and of nothing else: that one is recorded as every other flow, from open to close. */
function isInFlow({ options: { device, right } }: Exchange): boolean {
  return device !== undefined && right?.door !== 'web';
}

/** Injective: no part can contain a space (SEC-A6). */
export function recordKey(what: string, right: string, resource: string, host: string): string {
  return `${what} ${right} ${resource} ${host}`;
}
