/**
 * What each connector may have open, and each relay pass, of what an organisation may at all of them together: they say what
 * they have and are asked for, and are told their shares whenever those are others. A node that has just left counts for a
 * while, since what it carries goes on without us.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { FromController } from '../../protocol/control.ts';
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { NodeLoad, Shares } from '../../protocol/shares.ts';
import type { Live } from '../live/live.ts';
import { divide, divideWhole, wantsAll, type Load } from './divide.ts';
import type { Limits } from './limits.ts';
import type { UsedNow } from './usage-counts.ts';

/** How often shares are divided anew. */
const tickMs = 1_000;
/** So long a node may take to come back before its part is given to others. */
const lingerMs = 15_000;
/** Of free flows; refusing one costs a person something, so whoever has none keeps room for some. */
const evenFlows = 1 / 2;
const evenRelay = 1 / 16;
const bytesPerMegabit = 125_000;
const nothing: Load = { held: 0, wanted: 0 };

export interface SharedNode {
  readonly organisation: OrganisationId;
  readonly node: NodeId;
  readonly kind: 'connector' | 'relay';
}

interface Joined extends SharedNode {
  readonly tell: (message: FromController) => void;
  told: string;
  /** Of whom a relay has said something. */
  readonly passing: Set<OrganisationId>;
}

/** What each relay may pass of whose rate was divided already, within one round. */
type Divided = Map<OrganisationId, ReadonlyMap<string, number>>;

export interface NodeSharesOptions {
  readonly live: Pick<Live, 'loads'>;
  /** Whose relays serve everybody. */
  readonly firstOrganisation: OrganisationId;
  readonly limitsOf: (organisation: OrganisationId) => Limits | undefined;
  readonly all: () => Iterable<OrganisationId>;
  readonly relayed: (organisation: OrganisationId, bytes: number) => void;
  /** An organisation has something open or passing, which it had not before. */
  readonly began: (organisation: OrganisationId) => void;
  readonly clock: Clock;
}

export class NodeShares {
  readonly #options: NodeSharesOptions;
  readonly #joined = new Map<NodeId, Joined>();
  /** Nodes that have left and are waited for; `cancel` ends the wait. */
  readonly #left = new Map<NodeId, { readonly joined: Joined; readonly cancel: () => void }>();
  readonly #used = new Map<NodeId, Map<OrganisationId, UsedNow>>();
  #cancelTick: (() => void) | undefined;

  constructor(options: NodeSharesOptions) {
    this.#options = options;
  }

  /** A connector or relay is here; the returned function says that it has gone, once. */
  join(node: SharedNode, tell: Joined['tell']): () => void {
    const left = this.#left.get(node.node);
    left?.cancel();
    this.#left.delete(node.node);
    const before = this.#joined.get(node.node) ?? left?.joined;
    const joined: Joined = { ...node, tell, told: '', passing: before?.passing ?? new Set() };
    this.#joined.set(node.node, joined);
    // One that comes back has what it had, until it says something else.
    if (before === undefined) this.#set(joined, node.organisation, nothing);
    this.#tell(joined);
    this.#cancelTick ??= this.#options.clock.after(tickMs, () => this.#tick());
    return () => {
      // Its newer channel has its place already.
      if (this.#joined.get(node.node) !== joined) return;
      this.#joined.delete(node.node);
      this.#used.delete(node.node);
      const cancel = this.#options.clock.after(lingerMs, () => this.#forget(joined));
      this.#left.set(node.node, { joined, cancel });
    };
  }

  /** What a node says that it has and is asked for. */
  hear(node: NodeId, { flows, wants = false, ms = 1_000, passed = [] }: NodeLoad): void {
    const joined = this.#joined.get(node);
    if (joined === undefined) return;
    if (joined.kind === 'connector') {
      if (flows === undefined) return;
      this.#set(joined, joined.organisation, { held: flows, wanted: wants ? wantsAll : 0 });
      this.#use(joined, new Map([[joined.organisation, { flows, relayed: 0 }]]));
      return;
    }
    const used = new Map<OrganisationId, UsedNow>();
    for (const { org, bytes, waits } of passed) {
      const organisation = org as OrganisationId;
      if (!this.#serves(joined, organisation)) continue;
      const perSecond = Math.round((bytes * 1_000) / Math.max(ms, 1));
      this.#set(joined, organisation, { held: 0, wanted: waits ? wantsAll : perSecond });
      joined.passing.add(organisation);
      used.set(organisation, { flows: 0, relayed: perSecond });
      this.#options.relayed(organisation, bytes);
    }
    for (const organisation of joined.passing) {
      if (used.has(organisation)) continue;
      joined.passing.delete(organisation);
      this.#set(joined, organisation, organisation === joined.organisation ? nothing : undefined);
    }
    this.#use(joined, used);
  }

  /** What is open and passes now at the nodes that are here; of all organisations unless one is named. */
  usedHere(organisation?: OrganisationId): UsedNow {
    let [flows, relayed] = [0, 0];
    for (const byOrganisation of this.#used.values())
      for (const [id, used] of byOrganisation) {
        if (organisation !== undefined && id !== organisation) continue;
        flows += used.flows;
        relayed += used.relayed;
      }
    return { flows, relayed };
  }

  stop(): void {
    this.#cancelTick?.();
    for (const { cancel } of this.#left.values()) cancel();
  }

  #serves({ organisation: own }: SharedNode, organisation: OrganisationId): boolean {
    const { firstOrganisation, limitsOf } = this.#options;
    return organisation === own || (own === firstOrganisation && limitsOf(organisation) !== undefined);
  }

  #use({ node }: Joined, used: Map<OrganisationId, UsedNow>): void {
    this.#used.set(node, used);
    for (const [organisation, { flows, relayed }] of used)
      if (flows + relayed > 0) this.#options.began(organisation);
  }

  #set({ node, kind }: Joined, organisation: OrganisationId, load: Load | undefined): void {
    const what = kind === 'connector' ? 'flows' : 'relay';
    this.#options.live.loads.set({ organisation, what, holder: node }, load);
  }

  #forget(left: Joined): void {
    this.#left.delete(left.node);
    for (const organisation of [left.organisation, ...left.passing]) this.#set(left, organisation, undefined);
  }

  #tick(): void {
    this.#cancelTick = undefined;
    const divided: Divided = new Map();
    for (const joined of this.#joined.values()) this.#tell(joined, divided);
    if (this.#joined.size > 0) this.#cancelTick = this.#options.clock.after(tickMs, () => this.#tick());
  }

  #tell(joined: Joined, divided: Divided = new Map()): void {
    const shares = joined.kind === 'connector' ? this.#flowsOf(joined) : this.#ratesOf(joined, divided);
    const text = JSON.stringify(shares);
    // Where there never was a limit nothing is said.
    if (text === joined.told || (joined.told === '' && isNothing(shares))) return;
    joined.told = text;
    joined.tell({ t: 'shares', ...shares });
  }

  #flowsOf({ organisation, node }: Joined): Shares {
    const most = this.#options.limitsOf(organisation)?.flows ?? null;
    if (most === null) return { flows: null };
    const loads = [...this.#options.live.loads.of(organisation, 'flows')].toSorted(([one], [other]) =>
      one < other ? -1 : 1,
    );
    const shares = divideWhole(
      most,
      loads.map(([, load]) => load),
      evenFlows,
    );
    return { flows: shares[loads.findIndex(([holder]) => holder === node)] ?? 0 };
  }

  #ratesOf(joined: Joined, divided: Divided): Shares {
    const { limitsOf, all } = this.#options;
    const rates: Record<string, number> = {};
    for (const organisation of all()) {
      const most = limitsOf(organisation)?.relay ?? null;
      if (most === null || !this.#serves(joined, organisation)) continue;
      let shares = divided.get(organisation);
      if (shares === undefined) {
        shares = this.#divideRate(organisation, most * bytesPerMegabit);
        divided.set(organisation, shares);
      }
      rates[organisation] = shares.get(joined.node) ?? 0;
    }
    return { rates };
  }

  /** What of a rate each relay may pass that serves the organisation, its own and the operator's. */
  #divideRate(organisation: OrganisationId, bytesPerSecond: number): ReadonlyMap<string, number> {
    const { live, firstOrganisation } = this.#options;
    const loads = live.loads.of(organisation, 'relay');
    const holders = [...new Set([...loads.keys(), ...live.loads.of(firstOrganisation, 'relay').keys()])];
    const shares = divide(
      bytesPerSecond,
      holders.map((holder) => loads.get(holder) ?? nothing),
      evenRelay,
    );
    return new Map(holders.map((holder, at) => [holder, Math.round(shares[at] ?? 0)]));
  }
}

function isNothing({ flows, rates }: Shares): boolean {
  return (flows ?? null) === null && Object.keys(rates ?? {}).length === 0;
}
