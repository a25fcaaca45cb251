/**
 * What controllers tell one another, and in which order: each numbers its own, so that whoever hears them knows what it
 * missed, and takes nothing twice. Sealed with the key that only these controllers hold: who runs the broker between them
 * can hold news back, but can neither read nor make any.
 */
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { SecretKey } from '../keys/secret-key.ts';
import type { Counted } from '../throttle.ts';
import type { LiveMessage } from './bus.ts';
import type { SaidLoad } from './loads.ts';

export type News =
  /** Said each second: I am here, and so much I have said. */
  | { readonly t: 'beat' }
  | { readonly t: 'bus'; readonly organisation: OrganisationId; readonly message: LiveMessage }
  /** Who is connected where? Everyone answers with `here`. */
  | { readonly t: 'who' }
  /** These nodes are connected here too; anew: these and no others. */
  | { readonly t: 'here'; readonly nodes: readonly NodeId[]; readonly anew: boolean }
  | { readonly t: 'left'; readonly node: NodeId }
  | { readonly t: 'counted'; readonly name: string; readonly key: string; readonly what: Counted }
  /** What is had and wanted here of what organisations may have; anew: this and nothing else. */
  | { readonly t: 'loads'; readonly list: readonly SaidLoad[]; readonly anew: boolean }
  /** I go; forget my nodes. */
  | { readonly t: 'bye' };

export interface Numbered {
  /** The controller that says it, and how many it has said with this one. */
  readonly from: string;
  readonly n: number;
  readonly news: News;
}

const purpose = 'news';

export function sealNews(secretKey: SecretKey, numbered: Numbered): Buffer {
  return secretKey.seal(purpose, Buffer.from(JSON.stringify(numbered)));
}

/** What was sealed; undefined when it was made by nobody who holds the key. */
export function openNews(secretKey: SecretKey, sealed: Uint8Array): Numbered | undefined {
  const plain = secretKey.unseal(purpose, sealed);
  return plain === undefined ? undefined : (JSON.parse(plain.toString('utf8')) as Numbered);
}

/** So long a controller that is not heard counts as there. */
const silenceMs = 5_000;
/** The numbers of controllers that are gone are kept for those that come back. */
const mostKnown = 1_000;

/** What others have said so far, by controller. Pure: time is an argument. */
export class Heard {
  readonly #others = new Map<string, { n: number; atMs: number; isThere: boolean }>();

  /**
   * One more of `from`. `first`: nothing was heard of it before. `next`: nothing is missing. `gap`: something is; this
   * one counts nonetheless. `again`: it was heard already and does not count.
   */
  take(from: string, n: number, nowMs: number): 'first' | 'next' | 'gap' | 'again' {
    const known = this.#others.get(from);
    if (known !== undefined && n <= known.n) return 'again';
    this.#others.delete(from);
    this.#others.set(from, { n, atMs: nowMs, isThere: true });
    const [oldest] = this.#others.keys();
    if (this.#others.size > mostKnown && oldest !== undefined) this.#others.delete(oldest);
    if (known === undefined) return 'first';
    return n === known.n + 1 ? 'next' : 'gap';
  }

  /** Those that have fallen silent since this was asked last. */
  silent(nowMs: number): string[] {
    const gone: string[] = [];
    for (const [from, known] of this.#others) {
      if (!known.isThere || nowMs - known.atMs < silenceMs) continue;
      known.isThere = false;
      gone.push(from);
    }
    return gone;
  }
}
