/**
 * How many nodes may be attached, and whose. Below the limit anyone's; above it only those of an organisation that has less
 * than its even part, so that one which enrols without end keeps no other out. Counts only; nobody is sent away.
 */
import type { OrganisationId } from '../protocol/ids.ts';

export class NodePlaces {
  readonly #limit: number;
  readonly #byOrganisation = new Map<OrganisationId, number>();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether one more node of this organisation may attach. */
  hasRoom(organisation: OrganisationId): boolean {
    if (this.#taken < this.#limit) return true;
    const own = this.#byOrganisation.get(organisation) ?? 0;
    const organisations = this.#byOrganisation.size + (own === 0 ? 1 : 0);
    return own < Math.floor(this.#limit / organisations);
  }

  /** A node is attached. Returns what gives its place back; the second time nothing happens. */
  take(organisation: OrganisationId): () => void {
    this.#add(organisation, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#add(organisation, -1);
      isTaken = false;
    };
  }

  #add(organisation: OrganisationId, nodes: 1 | -1): void {
    const own = (this.#byOrganisation.get(organisation) ?? 0) + nodes;
    this.#taken += nodes;
    if (own > 0) this.#byOrganisation.set(organisation, own);
    else this.#byOrganisation.delete(organisation);
  }
}
