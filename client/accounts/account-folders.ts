/**
 * Where the accounts of this device are kept: the first in the state directory itself, each further one in a folder below
 * `accounts/`, with keys of its own, so that no two organisations share a key by which to tell it. The order of the
 * accounts, and which of them holds which zone, is in `accounts.json`; without that file the order is that of the folders.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { openIdentity, type Enrolment } from '../../protocol/node/identity.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';

/** One account as it lies on disk. */
export interface AccountFolder {
  /** Stable, and of this device alone. */
  readonly id: string;
  readonly state: StateDirectory;
  /** Undefined in a state directory that nothing has joined from. */
  readonly enrolment: Enrolment | undefined;
  /** Whether it remembers a session, which `logout` forgets. */
  readonly isSignedIn: boolean;
}

const file = 'accounts.json';
const folder = 'accounts';
const firstId = 'first';

const Kept = Type.Object({
  schema: Type.Literal('postern.accounts/v1'),
  /** The first goes first. */
  order: Type.Array(Type.String()),
  /** Which account holds a zone. */
  zones: Type.Record(Type.String(), Type.String()),
});

export class AccountFolders {
  readonly #state: StateDirectory;

  constructor(state: StateDirectory) {
    this.#state = state;
  }

  /** Every account that has joined, or tried to, in their order. Throws a Fault for a damaged one. */
  list(): AccountFolder[] {
    const { order } = this.#kept();
    const place = ({ id }: AccountFolder): number => {
      const index = order.indexOf(id);
      return index < 0 ? order.length : index;
    };
    return [firstId, ...this.#furtherIds()]
      .map((id) => this.#open(id))
      .filter(({ enrolment }) => enrolment !== undefined)
      .toSorted((one, other) => place(one) - place(other));
  }

  /** The account of a controller, by the address under which its person joined it; the place for a new one where there is none. */
  at(url: string): AccountFolder {
    const known = this.list();
    const found = known.find(({ enrolment }) => sameAddress(enrolment?.url ?? '', url));
    if (found !== undefined) return found;
    // An attempt that never reached its controller binds nobody.
    const isFree = known.every(({ id, enrolment }) => id !== firstId || enrolment?.node === undefined);
    return this.#open(isFree ? firstId : idOf(url));
  }

  /** The one in the state directory itself. */
  get first(): AccountFolder {
    return this.#open(firstId);
  }

  /** Has an account go before all others: what zones were held by whom counts no more. */
  prefer(id: string): void {
    const others = this.list().filter((each) => each.id !== id);
    this.#keep({ order: [id, ...others.map((each) => each.id)], zones: {} });
  }

  /** Who held which zone when that was last written down. */
  get holders(): ReadonlyMap<string, string> {
    return new Map(Object.entries(this.#kept().zones));
  }

  /**
   * Remembers who holds which zone, and the order that goes with it. False when it could not be written.
   * @param order every account that runs; those that do not come after them
   */
  hold(order: readonly string[], holders: ReadonlyMap<string, string>): boolean {
    const kept = this.#kept();
    const rest = kept.order.filter((id) => !order.includes(id));
    return this.#keep({ order: [...order, ...rest], zones: Object.fromEntries(holders) });
  }

  #keep(kept: { readonly order: readonly string[]; readonly zones: Record<string, string> }): boolean {
    const before = JSON.stringify(this.#kept());
    const next = { schema: 'postern.accounts/v1', ...kept };
    return before === JSON.stringify(next) || this.#state.keepJson(file, next);
  }

  #kept(): { schema: string; order: readonly string[]; zones: Readonly<Record<string, string>> } {
    const stored = this.#state.readJson(file);
    return Value.Check(Kept, stored) ? stored : { schema: 'postern.accounts/v1', order: [], zones: {} };
  }

  #furtherIds(): string[] {
    try {
      const names = readdirSync(join(this.#state.path, folder));
      return names.filter((name) => /^[0-9a-f]{12}$/.test(name)).toSorted();
    } catch {
      // There is no further account.
      return [];
    }
  }

  #open(id: string): AccountFolder {
    const { path } = this.#state;
    // Its own folder is 0700 as well, whoever made `accounts/`.
    if (id !== firstId) openStateDirectory(join(path, folder));
    const state = id === firstId ? this.#state : openStateDirectory(join(path, folder, id));
    return {
      id,
      state,
      enrolment: state.read('enrolment.json') === undefined ? undefined : openIdentity(state).enrolment,
      isSignedIn: state.read('session.json') !== undefined,
    };
  }
}

/** Whether two addresses are of one controller, as far as they say. */
export function sameAddress(one: string, other: string): boolean {
  return normalised(one) === normalised(other);
}

function normalised(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/+$/, '') : url;
}

function idOf(url: string): string {
  return createHash('sha256').update(normalised(url)).digest('hex').slice(0, 12);
}
