/**
 * The organisations of this controller as every request needs them: which one lives at an address, where each has its
 * people sign in, which are suspended. Read from the store and kept in memory; `watchOrganisations` keeps it current.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Store } from '../store/store.ts';
import { limitsIn, type Limits } from './limits.ts';

export interface OrganisationRecord {
  readonly id: OrganisationId;
  readonly name: string | undefined;
  /** Origin only: where its people sign in. */
  readonly address: URL;
  readonly isSuspended: boolean;
  readonly limits: Limits;
}

export class Organisations {
  readonly #store: Store;
  readonly #publicUrl: URL;
  readonly #byId = new Map<OrganisationId, OrganisationRecord>();
  readonly #byHost = new Map<string, OrganisationId>();
  #changed = -1;

  private constructor(store: Store, publicUrl: URL) {
    this.#store = store;
    this.#publicUrl = publicUrl;
  }

  /** Reads them; rejects when the store does not answer. */
  static async open(store: Store, publicUrl: URL): Promise<Organisations> {
    const organisations = new Organisations(store, publicUrl);
    await organisations.refresh();
    return organisations;
  }

  /** The first one first. */
  get all(): readonly OrganisationRecord[] {
    return [...this.#byId.values()];
  }

  /** Hosts of sign-in addresses besides the public URL's. */
  get hosts(): readonly string[] {
    return [...this.#byHost.keys()];
  }

  get(id: OrganisationId): OrganisationRecord | undefined {
    return this.#byId.get(id);
  }

  /** Where people of this organisation sign in: its own address, or the controller's. */
  addressOf(id: OrganisationId): URL {
    return this.#byId.get(id)?.address ?? this.#publicUrl;
  }

  /** The organisation at this `Host` (RFC 9110 section 7.2); undefined where none has an address of its own there. */
  at(host: string | undefined): OrganisationId | undefined {
    return host === undefined ? undefined : this.#byHost.get(hostnameOf(host));
  }

  /** Reads again where the operator has changed something; the records before, or undefined where nothing changed. */
  async refresh(): Promise<ReadonlyMap<OrganisationId, OrganisationRecord> | undefined> {
    const changed = await this.#store.organisationsChanged();
    if (changed === this.#changed) return undefined;
    const rows = await this.#store.organisationRows();
    const before = new Map(this.#byId);
    this.#changed = changed;
    this.#byId.clear();
    this.#byHost.clear();
    for (const row of rows) {
      const { id, name, address, suspended_ms: suspendedMs, deleted_ms: deletedMs } = row;
      if (deletedMs !== null) continue;
      const own = address === null ? undefined : new URL(address);
      this.#byId.set(id, {
        id,
        name: name ?? undefined,
        address: own ?? this.#publicUrl,
        isSuspended: suspendedMs !== null,
        limits: limitsIn(row),
      });
      if (own !== undefined) this.#byHost.set(own.hostname, id);
    }
    return before;
  }
}

/** Of `name`, `name:port` or `[address]:port`, in lower case and without a last dot. */
function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}
