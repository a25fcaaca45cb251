/**
 * One request on its way through the door: what it is for, by what right, and how it is cut when the right ends. The set of
 * those that are open is what a revocation walks.
 */
import { randomUUID } from 'node:crypto';
import type { CodeName } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { OpenItems, type OpenItem } from '../../protocol/open-items.ts';
import type { RawRequest, Target } from './request-target.ts';
import type { WebResource } from '../flows/resource-at.ts';
import type { Right } from '../flows/right.ts';

/** Until when (epoch milliseconds) nothing but time ends it; or why it may not go on. */
export type Standing =
  | { readonly endsMs: number }
  | {
      readonly code: CodeName;
      /** As answers name it; undefined where the code says it all. */
      readonly cause?: string;
    };

export type Objection = Exclude<Standing, { endsMs: number }>;

export interface ExchangeOptions {
  readonly raw: RawRequest;
  readonly target: Target;
  readonly resource: WebResource;
  /** Undefined on a public path without a session. */
  readonly right: Right | undefined;
  /** The browser's, where the relay told one. */
  readonly address: string | undefined;
  /** The device, by the client door; its flow is recorded beside. */
  readonly device?: DeviceId;
  readonly ownAuthorization: boolean;
  /** When it came, epoch milliseconds. */
  readonly sinceMs: number;
  /** Whether it would be opened now as well. */
  standing(): Standing;
  /** Ends the connection towards the browser. */
  cut(): void;
}

export class Exchange implements OpenItem {
  readonly options: ExchangeOptions;
  place: number | undefined;
  /** Undefined once it is over. */
  #endings: (() => void)[] | undefined = [];

  constructor(options: ExchangeOptions) {
    this.options = options;
  }

  get isOver(): boolean {
    return this.#endings === undefined;
  }

  /** Calls `ending` when it is cut or the browser has its answer or is gone; at once where it is over. */
  onceOver(ending: () => void): void {
    if (this.#endings === undefined) ending();
    else this.#endings.push(ending);
  }

  cut(): void {
    this.end();
    this.options.cut();
  }

  /** The browser has its answer, or is gone. */
  end(): void {
    const endings = this.#endings ?? [];
    this.#endings = undefined;
    for (const ending of endings) ending();
  }
}

export class OpenExchanges {
  readonly #all = new OpenItems<Exchange>();
  /** Of those that somebody was told of; a request costs nothing until then. */
  readonly #ids = new WeakMap<Exchange, string>();

  get size(): number {
    return this.#all.size;
  }

  add(exchange: Exchange): void {
    this.#all.add(exchange);
    exchange.onceOver(() => this.#all.delete(exchange));
  }

  /** Cuts what would not be opened any more; the instant at which time alone ends the first of the others. */
  recheck(cut: (exchange: Exchange, objection: Objection) => void): number {
    let endsMs = Number.POSITIVE_INFINITY;
    for (const exchange of this.#all.all()) {
      const standing = exchange.options.standing();
      if ('endsMs' in standing) {
        endsMs = Math.min(endsMs, standing.endsMs);
        continue;
      }
      cut(exchange, standing);
      exchange.cut();
    }
    return endsMs;
  }

  /** Those that are open, each under an id that it keeps. */
  list(): readonly (readonly [id: string, exchange: Exchange])[] {
    return this.#all.all().map((exchange) => {
      const id = this.#ids.get(exchange) ?? randomUUID();
      this.#ids.set(exchange, id);
      return [id, exchange] as const;
    });
  }

  /** @param tell called for each before it is cut */
  cutAll(tell: (exchange: Exchange) => void): void {
    for (const exchange of this.#all.all()) {
      tell(exchange);
      exchange.cut();
    }
  }
}
