/**
 * How the accounts of this device share its names: settles who holds which zone whenever one of them knows of others,
 * remembers it, and makes the names that resolver and flows go by.
 */
import type { Name, Pattern } from '../../protocol/names.ts';
import { instanceOf } from '../standing.ts';
import type { Account } from './account.ts';
import { hostOf } from './host-of.ts';
import type { AccountFolders } from './account-folders.ts';
import type { RefusedZone } from '../dns/zones.ts';
import { shareNames, type SharedNames } from './names.ts';
import { shareZones, type ZoneShare } from './zone-shares.ts';

export interface NameSharingOptions {
  readonly folders: AccountFolders;
  /** Those that run, in their order. */
  accounts(): readonly Account[];
  nameOf(account: Account): string;
  /** Search domains of this system. */
  domains(): readonly string[];
  /** Whether who holds what is remembered: not by a client that answers no names. */
  readonly isKept: boolean;
}

const noShare: ZoneShare = { kept: [], refused: [] };

export class NameSharing {
  readonly #options: NameSharingOptions;
  #shares: ReadonlyMap<Account, ZoneShare> = new Map();
  /** The names as they were made last, and of what. */
  #made: { readonly of: readonly unknown[]; readonly names: SharedNames } | undefined;

  constructor(options: NameSharingOptions) {
    this.#options = options;
  }

  /** Settles anew who holds which zone. False when that could not be written down. */
  settle(): boolean {
    const { folders, isKept } = this.#options;
    const accounts = this.#options.accounts();
    const controllers = this.#controllerHosts();
    const claims = accounts.map((account) => ({
      account: account.id,
      zones: account.knowledge().zones.filter((zone) => !controllers.has(zone)),
    }));
    const before = folders.holders;
    const shares = shareZones(claims, before);
    this.#shares = new Map(accounts.map((account, index) => [account, shares[index] ?? noShare]));
    this.#made = undefined;
    // A device with one account has nothing to remember.
    if (!isKept || (accounts.length < 2 && before.size === 0)) return true;
    const order = accounts.map(({ id }) => id);
    const holders = shares.flatMap(({ kept }, index) =>
      kept.map((zone): [string, string] => [zone, order[index] ?? '']),
    );
    return folders.hold(order, new Map(holders));
  }

  /** What all accounts know about names now. */
  names(domains: readonly string[] = this.#options.domains()): SharedNames {
    const accounts = this.#options.accounts();
    const knowledge = accounts.map((account) => account.knowledge());
    const of = [...knowledge, ...domains];
    const made = this.#made;
    if (made?.of.length === of.length && made.of.every((each, index) => each === of[index]))
      return made.names;
    const parts = knowledge.map((known, index) => {
      const { kept, refused } = this.#shareOf(accounts[index]);
      return { knowledge: { ...known, zones: kept }, refused: refused.map(({ zone }) => zone) };
    });
    const names = shareNames(parts, this.#controllerHosts(), domains);
    this.#made = { of, names };
    return names;
  }

  /** Whose a name is; undefined for what is nobody's. */
  ownerOf(name: Name): Account | undefined {
    return this.#options.accounts()[this.names().ownerOf(name) ?? -1];
  }

  /** The zones and public hostnames that are an account's here, and the zones that it declares in vain. */
  heldBy(account: Account): {
    readonly zones: readonly Name[];
    readonly hostnames: readonly Pattern[];
    readonly refusedZones: readonly RefusedZone[];
  } {
    const { kept, refused } = this.#shareOf(account);
    const controllers = this.#controllerHosts();
    const covering = account.knowledge().zones.filter((zone) => controllers.has(zone));
    return {
      zones: kept,
      hostnames: this.names().webNames.filter((each) => this.ownerOf(instanceOf(each)) === account),
      refusedZones: [
        ...account.unfitZones,
        ...covering.map((zone) => ({ zone, why: 'controller' as const })),
        ...refused.map(({ zone, by }) => ({ zone, why: 'held' as const, by: this.#nameOfId(by) })),
      ],
    };
  }

  #shareOf(account: Account | undefined): ZoneShare {
    return (account === undefined ? undefined : this.#shares.get(account)) ?? noShare;
  }

  #nameOfId(id: string): string {
    const holder = this.#options.accounts().find((account) => account.id === id);
    return holder === undefined ? id : this.#options.nameOf(holder);
  }

  #controllerHosts(): ReadonlySet<string> {
    return new Set(this.#options.accounts().map(({ url }) => hostOf(url)));
  }
}
