/**
 * The web sessions of the network as this connector knows them: taken from the controller, found by hostname and cookie, kept
 * over restarts, and honoured under the one lease rule. A browser may hold several for one cookie, of which any counts.
 */
import type { CodeName } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { Name } from '../../protocol/names.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import { areSigned, type Card } from '../../protocol/tokens.ts';
import { verifyWebSession, type WebSession } from '../../protocol/web.ts';
import { hashOf } from './cookies.ts';

const file = 'web-sessions.json';
/** Beyond this the oldest are forgotten: their people sign in again. */
const maxSessions = 100_000;
/** What is new is written this often at most: a crash costs as much, and whoever signed in meanwhile does so again. */
const writeEveryMs = 10_000;

export interface WebSessionsOptions {
  readonly state: StateDirectory;
  readonly lease: Lease;
  readonly card: () => Card | undefined;
  /** Undefined before the first snapshot. */
  readonly network: () => NetworkId | undefined;
  /** A token came that is not valid here. */
  readonly refused: () => void;
  /** The sessions could not be written down; they hold for as long as this process runs. */
  readonly notKept: () => void;
}

export class WebSessions {
  readonly #options: WebSessionsOptions;
  /** In the order in which they came. */
  readonly #tokens = new Map<string, { readonly jws: string; readonly session: WebSession }>();
  /** By the hash of their cookie, the newest first: nearly always of one host, since each has a cookie of its own. */
  readonly #byCookie = new Map<string, readonly WebSession[]>();
  /** Came before it was known which network this is. */
  #early: string[];
  #isDirty = false;
  /** When the file was last written, by the lease's clock. */
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor(options: WebSessionsOptions) {
    this.#options = options;
    const kept = options.state.readJson(file);
    this.#early = Array.isArray(kept) ? kept.filter((entry) => typeof entry === 'string') : [];
  }

  /** Verifies and keeps what the controller sent; settles when it counts. */
  async take(list: readonly string[]): Promise<void> {
    const { card, network, lease, refused } = this.#options;
    const [own, known] = [network(), card()];
    const all = [...this.#early, ...list];
    if (own === undefined || known === undefined) {
      this.#early = all.slice(-maxSessions);
      return;
    }
    this.#early = [];
    const expected = { network: own, serves: () => true };
    for (const jws of all) {
      const nowS = Math.floor(lease.nowMs() / 1_000);
      const session = await verifyWebSession(jws, known, expected, nowS);
      if (session === undefined) refused();
      else this.#keep(jws, session);
    }
  }

  /** Forgets what no key of the card signed: one of them is gone from it. */
  async forgetUnsigned(): Promise<void> {
    const all = [...this.#tokens];
    const card = this.#options.card();
    const signed = await Promise.all(all.map(([, { jws }]) => areSigned(card, 'web', [jws])));
    for (const [at, [jti]] of all.entries()) if (signed[at] !== true) this.#drop(jti);
  }

  /** The token behind an answer to `redeem`, kept as any other; undefined when it is not for this cookie at this host. */
  async redeemed(jws: string, host: Name, secret: Buffer): Promise<WebSession | undefined> {
    await this.take([jws]);
    return this.of(host, hashOf(secret))[0];
  }

  /** What the cookie of this hash stands for at this host, the newest first; empty when nobody. */
  of(host: Name, cookie: string): readonly WebSession[] {
    const all = this.#byCookie.get(cookie) ?? [];
    return all.every(({ aud }) => aud === host) ? all : all.filter(({ aud }) => aud === host);
  }

  /** Why it does not hold now; undefined when it does. */
  objection(session: WebSession): CodeName | undefined {
    const { lease } = this.#options;
    const { jti, sub, ses, res, cav } = session;
    if ([jti, sub, ses, res].some((id) => lease.isRevoked(id))) return 'revoked';
    if (lease.leftOf(jti, res) === 'nothing') return 'revoked';
    const nowMs = lease.nowMs();
    if (Math.min(cav.until, session.exp) * 1_000 <= nowMs) return 'expired';
    if (!this.#tokens.has(jti)) return 'revoked';
    return nowMs <= lease.honouredUntilMs(cav.out) ? undefined : 'out-of-contact';
  }

  /** The instant (epoch milliseconds) at which time alone ends it. */
  endsMs({ cav, exp }: WebSession): number {
    return Math.min(cav.until * 1_000, exp * 1_000, this.#options.lease.honouredUntilMs(cav.out) + 1);
  }

  /**
   * Forgets what is over, and writes the rest now and then when there is something new.
   * @param isOver whether this process ends, and whatever is new is to be written now
   */
  tidy(isOver = false): void {
    const { lease, state, notKept } = this.#options;
    for (const [jti, { session }] of this.#tokens) {
      const isOver = session.exp * 1_000 <= lease.nowMs() || lease.isRevoked(session.jti);
      if (isOver) this.#drop(jti);
    }
    const nowMs = lease.nowMs();
    if (!this.#isDirty || (!isOver && Math.abs(nowMs - this.#writtenMs) < writeEveryMs)) return;
    this.#writtenMs = nowMs;
    const all = [...this.#early, ...[...this.#tokens.values()].map(({ jws }) => jws)];
    this.#isDirty = !state.keepJson(file, all);
    if (this.#isDirty) notKept();
  }

  #keep(jws: string, session: WebSession): void {
    if (this.#tokens.has(session.jti)) return;
    this.#isDirty = true;
    this.#tokens.set(session.jti, { jws, session });
    this.#byCookie.set(session.ch, [session, ...(this.#byCookie.get(session.ch) ?? [])]);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > maxSessions && oldest !== undefined) this.#drop(oldest);
  }

  #drop(jti: string): void {
    const entry = this.#tokens.get(jti);
    if (entry === undefined) return;
    this.#isDirty = true;
    this.#tokens.delete(jti);
    const { ch } = entry.session;
    const left = (this.#byCookie.get(ch) ?? []).filter((session) => session !== entry.session);
    if (left.length === 0) this.#byCookie.delete(ch);
    else this.#byCookie.set(ch, left);
  }
}
