/**
 * Connectors that this device has met, each with its node key: what one account remembers beyond what its controller says now.
 * A controller that begins to name other keys is noticed by it, and with `--strict-peers` only connectors that were met, or
 * accepted by hand, are dialled (SEC-A14). The first connectors that a controller ever names are taken at its word.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { pattern32Bytes } from '../../protocol/encoding.ts';
import { Fault } from '../../protocol/errors.ts';
import { idPattern } from '../../protocol/ids.ts';
import type { AlarmName } from '../../protocol/node/alarms.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';

const file = 'known-peers.json';
/** Of one account; who has met more forgets those longest gone, and under strict it meets no further one. */
const mostPeers = 1_000;
const dayS = 86_400;

const key = Type.String({ pattern: pattern32Bytes });
const Peer = Type.Object({
  id: Type.String({ pattern: idPattern('con') }),
  /** Its node key as it was met or accepted, base64url. */
  nk: key,
  /** When it was last named, epoch seconds, to the day. */
  seen: Type.Integer({ minimum: 0 }),
  /** Another key that the controller has named since, and when; until somebody accepts a key. */
  other: Type.Optional(Type.Object({ nk: key, at: Type.Integer({ minimum: 0 }) })),
});
const Kept = Type.Object({
  schema: Type.Literal('postern.known-peers/v1'),
  peers: Type.Array(Peer, { maxItems: mostPeers }),
});
type Peer = Static<typeof Peer>;

/** A connector whose key is not the one that was met (`changed`), or that was not met (`unknown`, told under strict alone). */
export interface PeerReport {
  readonly what: 'changed' | 'unknown';
  readonly connector: string;
  /** The network's name; undefined where the controller names the connector no longer. */
  readonly network: string | undefined;
  /** The key as it was met; undefined of an unknown one. Base64url, as the next. */
  readonly known: string | undefined;
  /** The key that the controller names now, or named last. */
  readonly named: string;
  /** When it first named that key, epoch seconds; undefined of an unknown one. */
  readonly at: number | undefined;
  /** Whether this device opens nothing there for it. */
  readonly refused: boolean;
}

export interface KnownPeersOptions {
  readonly state: StateDirectory;
  /** Whether other connectors than those that were met, and other keys, are refused. */
  readonly isStrict: boolean;
  /** Once for each key that is not as it was. */
  onReport(this: void, report: PeerReport): void;
  alarm(this: void, name: AlarmName): void;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
}

/** A connector as the controller names it now; it may name one twice, and with two keys. */
interface Named {
  readonly id: string;
  readonly nk: string;
  readonly network: string;
}

export class KnownPeers {
  readonly #options: KnownPeersOptions;
  /** By id; undefined as long as no connector was ever met. */
  #peers: Map<string, Peer> | undefined;
  #named: readonly Named[] = [];
  #namedIds: ReadonlySet<string> = new Set();
  /** What is reported already, as far as it still is so: what about which connector. */
  #reported: ReadonlySet<string> = new Set();

  /** Reads what earlier processes met. Throws a Fault, with what to do, where the file is damaged. */
  constructor(options: KnownPeersOptions) {
    this.#options = options;
    const stored = readKept(options.state);
    if (stored !== undefined) this.#peers = new Map(stored.map((peer) => [peer.id, peer]));
  }

  get isStrict(): boolean {
    return this.#options.isStrict;
  }

  /** How many were met. */
  get count(): number {
    return this.#peers?.size ?? 0;
  }

  /** Follows what the controller names now; to be called before anything is dialled by it. */
  follow({ networks }: Pick<DeviceSnapshot, 'networks'>): void {
    this.#named = Object.values(networks).flatMap(({ name, connectors }) =>
      connectors.map(({ id, nk }) => ({ id, nk, network: name })),
    );
    this.#namedIds = new Set(this.#named.map(({ id }) => id));
    if (this.#named.length === 0) return;
    const isFirst = this.#peers === undefined;
    const before = this.#peers ?? new Map<string, Peer>();
    const next = new Map(before);
    const nowS = Math.floor(this.#options.wallClock() / 1_000);
    for (const { id, nk } of this.#named) {
      const peer = next.get(id);
      if (peer !== undefined) next.set(id, seenAs(peer, nk, nowS));
      else if (isFirst || !this.isStrict) this.#meet(next, { id, nk, seen: nowS });
    }
    this.#peers = next;
    if (isFirst || [...next].some(([id, peer]) => before.get(id) !== peer)) this.#keep();
    this.#report();
  }

  /** Whether sessions may be opened with a connector under this key: always, unless strict. */
  mayMeet(id: string, nk: string): boolean {
    return !this.isStrict || this.#peers?.get(id)?.nk === nk;
  }

  /** What keeps this device from every one of these connectors; undefined while it may meet one of them, or there is none. */
  refusalOf(connectors: readonly { readonly id: string; readonly nk: string }[]): Fault | undefined {
    const [first] = connectors;
    if (first === undefined || connectors.some(({ id, nk }) => this.mayMeet(id, nk))) return undefined;
    const how = this.#peers?.has(first.id) === true ? 'shows another key than it had' : 'is not known here';
    return new Fault(
      'denied',
      `The connector ${first.id} ${how}, and this device is strict about that; see postern status.`,
    );
  }

  /** What is not as it was, changed keys first. */
  reports(): PeerReport[] {
    const changed = [...(this.#peers?.values() ?? [])].flatMap((peer): PeerReport[] => {
      const { id, nk, other } = peer;
      if (other === undefined) return [];
      const entries = this.#named.filter((entry) => entry.id === id);
      const named = entries.find((entry) => entry.nk !== nk) ?? entries[0];
      const base = { connector: id, network: named?.network, known: nk, named: named?.nk ?? other.nk };
      return [{ what: 'changed', ...base, at: other.at, refused: this.isStrict && named?.nk !== nk }];
    });
    if (!this.isStrict) return changed;
    const unknown = this.#named
      .filter(({ id }) => this.#peers?.has(id) !== true)
      .map(({ id, nk, network }): PeerReport => {
        const base = { connector: id, network, known: undefined, named: nk, at: undefined };
        return { what: 'unknown', ...base, refused: true };
      });
    return [...changed, ...unknown];
  }

  /**
   * From here on this is the connector's key. Throws a Fault where the controller does not name that connector with it now: who
   * compared the key with the connector's own has compared that one and no other. Of a connector that is named no longer, any key
   * that it had may be accepted, which ends its report.
   * @param peer `CONNECTOR:KEY`
   */
  accept(peer: string): { readonly connector: string; readonly key: string } {
    const [id = '', nk = ''] = peer.split(':');
    const known = this.#peers?.get(id);
    const isGone = !this.#namedIds.has(id) && (known?.nk === nk || known?.other?.nk === nk);
    if (!isGone && !this.#named.some((entry) => entry.id === id && entry.nk === nk))
      throw new Fault(
        'protocol',
        `the controller names no connector "${peer}" now; copy connector and key from: postern status`,
      );
    const next = new Map(this.#peers);
    next.delete(id);
    const nowS = Math.floor(this.#options.wallClock() / 1_000);
    if (!this.#meet(next, { id, nk, seen: nowS }))
      throw new Fault('limit', `this device knows ${mostPeers} connectors that are all in use, and no more`);
    this.#options.state.writeJson(file, kept(next));
    this.#peers = next;
    return { connector: id, key: nk };
  }

  /** False where there is no room, even without those that are gone longest. */
  #meet(peers: Map<string, Peer>, peer: Peer): boolean {
    if (peers.size >= mostPeers) {
      const [gone] = [...peers.values()]
        .filter(({ id, other }) => other === undefined && !this.#namedIds.has(id))
        .toSorted((one, another) => one.seen - another.seen);
      if (gone === undefined) {
        this.#options.alarm('too-many-peers');
        return false;
      }
      peers.delete(gone.id);
    }
    peers.set(peer.id, peer);
    return true;
  }

  #keep(): void {
    if (!this.#options.state.keepJson(file, kept(this.#peers ?? new Map()))) this.#options.alarm('not-kept');
  }

  #report(): void {
    const before = this.#reported;
    const reports = this.reports();
    this.#reported = new Set(reports.map(markOf));
    for (const report of reports) if (!before.has(markOf(report))) this.#options.onReport(report);
  }
}

function markOf({ what, connector }: PeerReport): string {
  return `${what} ${connector}`;
}

/** The same object where nothing that matters has changed. */
function seenAs(peer: Peer, nk: string, nowS: number): Peer {
  const isOther = nk !== peer.nk && nk !== peer.other?.nk;
  if (!isOther && nowS - peer.seen < dayS) return peer;
  return { ...peer, seen: nowS, ...(isOther ? { other: { nk, at: nowS } } : {}) };
}

function kept(peers: ReadonlyMap<string, Peer>): Static<typeof Kept> {
  return { schema: 'postern.known-peers/v1', peers: [...peers.values()] };
}

function readKept(state: StateDirectory): readonly Peer[] | undefined {
  const damaged = new Fault(
    'internal',
    `${state.path}/${file} is damaged; restore it from a backup, or remove it: then the keys of connectors are` +
      ' taken once more as the controller names them',
  );
  let stored: unknown;
  try {
    stored = state.readJson(file);
  } catch (error) {
    throw state.read(file) === undefined ? error : damaged;
  }
  if (stored === undefined) return undefined;
  if (!Value.Check(Kept, stored)) throw damaged;
  if (new Set(stored.peers.map(({ id }) => id)).size !== stored.peers.length) throw damaged;
  return stored.peers;
}
