/**
 * What connectors said of names, kept for a moment: whether a name below a wildcard exists, and the records of a name besides
 * addresses. Each question is asked once at a time, however many programs want to know.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { DnsRecords, RecordType } from '../../protocol/dns-records.ts';
import type { Name } from '../../protocol/names.ts';
import type { VisibleResource } from '../standing.ts';

/** `unknown`: no connector could say. */
export type Existence = 'yes' | 'no' | 'unknown';
/** `no`: the name does not exist. */
export type RecordsWord = DnsRecords | 'no' | 'unknown';

/** Asks a connector of the resource's network. Neither rejects. */
export interface AskConnector {
  exists(name: Name, resource: VisibleResource): Promise<Existence>;
  records(name: Name, resource: VisibleResource, type: RecordType): Promise<RecordsWord>;
}

/** How long a connector's word is believed, and how many are remembered. */
const keptMs = { yes: 10_000, no: 3_000, unknown: 1_000 } as const;
const mostRemembered = 4_096;

export class ConnectorWord {
  readonly #ask: AskConnector;
  readonly #clock: Clock;
  readonly #said = new Map<string, { readonly word: Existence | RecordsWord; readonly untilMs: number }>();
  readonly #asking = new Map<string, Promise<Existence | RecordsWord>>();

  constructor(ask: AskConnector, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  existence(name: Name): Existence | undefined {
    return this.#remembered(name) as Existence | undefined;
  }

  records(name: Name, type: RecordType): RecordsWord | undefined {
    return this.#remembered(`${type} ${name}`) as RecordsWord | undefined;
  }

  /** Asks for one or the other. */
  ask(name: Name, resource: VisibleResource, type: RecordType | undefined): Promise<Existence | RecordsWord> {
    const key = type === undefined ? name : `${type} ${name}`;
    const running = this.#asking.get(key);
    if (running !== undefined) return running;
    const asked: Promise<Existence | RecordsWord> =
      type === undefined ? this.#ask.exists(name, resource) : this.#ask.records(name, resource, type);
    const question = asked.then((word) => {
      this.#asking.delete(key);
      const [oldest] = this.#said.keys();
      if (this.#said.size >= mostRemembered && oldest !== undefined) this.#said.delete(oldest);
      const ms = typeof word === 'string' ? keptMs[word] : keptMs.yes;
      this.#said.set(key, { word, untilMs: this.#clock.nowMs() + ms });
      return word;
    });
    this.#asking.set(key, question);
    return question;
  }

  /** After a sign-in, a new snapshot, a reconnect. */
  forget(): void {
    this.#said.clear();
  }

  #remembered(key: string): Existence | RecordsWord | undefined {
    const kept = this.#said.get(key);
    return kept !== undefined && kept.untilMs > this.#clock.nowMs() ? kept.word : undefined;
  }
}
