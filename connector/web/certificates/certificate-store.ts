/** Certificates from an ACME CA with their keys, on disk (0600) and in memory, and when names were ordered that nobody listed. */
import type { StateDirectory } from '../../../protocol/node/state-directory.ts';
import { usableCertificate, type Pair, type UsableCertificate } from './usable-certificate.ts';

const file = 'acme-certificates.json';
/** A connector keeps at most this many. */
const mostCertificates = 2_000;

interface Content {
  readonly certificates: Record<string, Pair>;
  readonly ordered: readonly number[];
}

export class CertificateStore {
  readonly #state: StateDirectory;
  readonly #spread: () => number;
  readonly #usable = new Map<string, UsableCertificate>();
  /** Epoch milliseconds, as an earlier process left them. */
  readonly ordered: readonly number[];

  /**
   * What is damaged is left out: it is ordered anew, or asked of another connector.
   * @param spread a number from 0 to 1, drawn for each certificate
   */
  constructor(state: StateDirectory, spread: () => number) {
    this.#state = state;
    this.#spread = spread;
    const { certificates, ordered } = read(state);
    this.ordered = ordered;
    for (const [name, pair] of Object.entries(certificates)) this.#take(name, pair);
  }

  get(name: string): UsableCertificate | undefined {
    return this.#usable.get(name);
  }

  /** Of every certificate that is kept, oldest first. */
  get names(): readonly string[] {
    return [...this.#usable.keys()];
  }

  /** Keeps a pair for `name`. False when it is none for this name: then nothing changes. */
  put(name: string, pair: Pair): boolean {
    return this.#take(name, pair);
  }

  /** Forgets what is over, and the oldest beyond the bound, and writes the rest. */
  save(nowMs: number, ordered: readonly number[]): void {
    for (const [name, { untilMs }] of this.#usable) if (untilMs <= nowMs) this.#usable.delete(name);
    for (const oldest of this.#usable.keys()) {
      if (this.#usable.size <= mostCertificates) break;
      this.#usable.delete(oldest);
    }
    const certificates = Object.fromEntries(
      [...this.#usable].map(([name, { cert, key }]) => [name, { cert, key }]),
    );
    // What cannot be written is still served, and ordered again after a restart.
    this.#state.keepJson(file, { certificates, ordered } satisfies Content);
  }

  #take(name: string, pair: Pair): boolean {
    const usable = usableCertificate(pair, name, this.#spread());
    if (usable === undefined) return false;
    this.#usable.delete(name);
    this.#usable.set(name, usable);
    return true;
  }
}

function read(state: StateDirectory): Content {
  const none = { certificates: {}, ordered: [] };
  try {
    const { certificates, ordered } = (state.readJson(file) as Partial<Content> | undefined) ?? none;
    return {
      certificates: isRecord(certificates) ? certificates : {},
      ordered: Array.isArray(ordered) ? ordered.filter((at) => typeof at === 'number') : [],
    };
  } catch {
    return none;
  }
}

/** Each pair in it is looked at when it is taken. */
function isRecord(value: unknown): value is Record<string, Pair> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
