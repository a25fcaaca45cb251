/**
 * All circuits of the relay, by organisation, and the memory they share. When there are too many, or what is held for them
 * passes the limit, those pay who have most: slow readers and greedy organisations, however many, cost the others nothing.
 */
import type { CodeName } from '../protocol/errors.ts';
import type { OrganisationId } from '../protocol/ids.ts';
import { OpenItems, type OpenItem } from '../protocol/open-items.ts';

/** A circuit of nodes or of a browser, as far as memory goes. */
export interface HoldsBytes extends OpenItem {
  readonly heldBytes: number;
  /** Whether one end is a browser, which anybody may be. */
  readonly isBrowsers?: boolean;
  cut(code: CodeName): void;
}

/** What a circuit costs that holds nothing: two streams of the mux and what joins them. */
const circuitBytes = 16 * 1_024;

export class Circuits {
  readonly #limitBytes: number;
  readonly #limit: number;
  readonly #byOrganisation = new Map<OrganisationId, OpenItems<HoldsBytes>>();
  #size = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#limit = Math.floor(limitBytes / circuitBytes);
  }

  get size(): number {
    return this.#size;
  }

  /** Whether one more may be opened: always below the limit, above it while the organisation has less than its even part. */
  hasRoom(organisation: OrganisationId): boolean {
    if (this.#size < this.#limit) return true;
    const own = this.#byOrganisation.get(organisation)?.size ?? 0;
    const organisations = this.#byOrganisation.size + (own === 0 ? 1 : 0);
    return own < this.#limit / organisations;
  }

  add(circuit: HoldsBytes, organisation: OrganisationId): void {
    const own = this.#byOrganisation.get(organisation) ?? new OpenItems();
    if (own.size === 0) this.#byOrganisation.set(organisation, own);
    this.#size += 1;
    own.add(circuit);
  }

  delete(circuit: HoldsBytes, organisation: OrganisationId): void {
    const own = this.#byOrganisation.get(organisation);
    if (own?.delete(circuit) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#byOrganisation.delete(organisation);
  }

  /**
   * Counts what is held now and cuts where it is too much: the fullest circuit of the organisation that holds most, until
   * the rest fits. Browsers that read nothing have half of it to themselves, and fill no more. Windows bound what comes in between
   * two calls.
   */
  weigh(): void {
    this.#cutTo(this.#limitBytes / 2, ({ isBrowsers }) => isBrowsers === true);
    this.#cutTo(this.#limitBytes, () => true);
  }

  #cutTo(limitBytes: number, counts: (circuit: HoldsBytes) => boolean): void {
    let held = 0;
    const piles: Pile[] = [];
    for (const own of this.#byOrganisation.values()) {
      const pile = new Pile(own.all().filter(counts));
      piles.push(pile);
      held += pile.heldBytes;
    }
    while (held > limitBytes) {
      const most = piles.reduce((one, other) => (other.heldBytes > one.heldBytes ? other : one));
      held -= most.cutFullest();
    }
  }
}

/** What is held for one organisation while it is weighed. */
class Pile {
  heldBytes = 0;
  readonly #circuits: readonly HoldsBytes[];
  /** Fullest last; sorted when the first is cut. */
  #sorted: { readonly circuit: HoldsBytes; readonly bytes: number }[] | undefined;

  constructor(circuits: readonly HoldsBytes[]) {
    this.#circuits = circuits;
    for (const circuit of circuits) this.heldBytes += circuit.heldBytes;
  }

  /** Returns what that frees. */
  cutFullest(): number {
    this.#sorted ??= this.#circuits
      .map((circuit) => ({ circuit, bytes: circuit.heldBytes }))
      .sort((one, other) => one.bytes - other.bytes);
    const fullest = this.#sorted.pop();
    if (fullest === undefined) throw new Error('nothing is left to cut');
    this.heldBytes -= fullest.bytes;
    fullest.circuit.cut('limit');
    return fullest.bytes;
  }
}
