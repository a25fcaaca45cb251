/**
 * Revocations on their way to one connector or relay: each exactly once, in order of epoch, after the snapshot and before
 * any beat that names them. What a message of the bus might have missed is read from the store.
 */
import type { FromController } from '../../protocol/control.ts';
import type { Revocation } from '../../protocol/lease.ts';
import { idsOf, type Narrowing } from '../../protocol/narrowed-grants.ts';
import { revocationsAfter } from '../decisions/revocations.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/**
 * How a verifier hears that grants go on without some resources: as it is, as one id for each grant and resource by a
 * connector that knows no better, or not at all by a relay, which knows no grants.
 */
export type TellsNarrowed = 'as-it-is' | 'as-ids' | 'not';

/** An older connector is told so many ids in one message, about 300 kB. */
const idsPerMessage = 5_000;

export class RevocationFeed {
  readonly #store: ScopedStore;
  readonly #narrowed: TellsNarrowed;
  readonly #send: (message: FromController) => void;
  #sent: number | undefined;
  #isReading = false;
  /** A revocation came while reading, perhaps too late for what was read. */
  #readsAgain = false;

  constructor(store: ScopedStore, narrowed: TellsNarrowed, send: (message: FromController) => void) {
    this.#store = store;
    this.#narrowed = narrowed;
    this.#send = send;
  }

  /** The newest epoch that was sent; undefined before the snapshot. */
  get newest(): number | undefined {
    return this.#sent;
  }

  /** The snapshot with everything up to `epoch` is out. Reads what was stored since. */
  async begin(epoch: number): Promise<void> {
    this.#sent = epoch;
    await this.catchUp();
  }

  /** A revocation was just stored: sent at once when it is the next one. */
  offer(revocation: Revocation): void {
    if (this.#sent === undefined || revocation.epoch <= this.#sent) return;
    if (this.#isReading) this.#readsAgain = true;
    else if (revocation.epoch === this.#sent + 1) this.#pass(revocation);
    // A gap is another controller's revocation. When reading fails now, the next beat reads again.
    else this.catchUp().catch(() => undefined);
  }

  /** Sends everything that is stored after the last one sent. */
  async catchUp(): Promise<void> {
    if (this.#isReading || this.#sent === undefined) return;
    this.#isReading = true;
    try {
      do {
        this.#readsAgain = false;
        const missing: Revocation[] = await revocationsAfter(this.#store, this.#sent);
        for (const revocation of missing) this.#pass(revocation);
      } while (this.#readsAgain);
    } finally {
      this.#isReading = false;
    }
  }

  /** Whether everything up to `epoch` is out, so that a beat may name it. */
  covers(epoch: number): boolean {
    return this.#sent !== undefined && this.#sent >= epoch;
  }

  #pass(revocation: Revocation): void {
    this.#sent = revocation.epoch;
    for (const message of revokeMessages(revocation, this.#narrowed)) this.#send(message);
  }
}

/** What a verifier is told of one revocation: nearly always one message, of the same epoch where there are more. */
export function revokeMessages(
  { epoch, ids, narrowed = [], reason }: Revocation,
  tells: TellsNarrowed,
): FromController[] {
  if (narrowed.length === 0 || tells === 'not') return [{ t: 'revoke', epoch, ids: [...ids], reason }];
  if (tells === 'as-it-is')
    return [{ t: 'revoke', epoch, ids: [...ids], narrowed: narrowed.map(copyOf), reason }];
  const all = [...ids, ...narrowed.flatMap(idsOf)];
  const messages: FromController[] = [];
  for (let at = 0; at < all.length; at += idsPerMessage)
    messages.push({ t: 'revoke', epoch, ids: all.slice(at, at + idsPerMessage), reason });
  return messages;
}

function copyOf({ grants, resources, left }: Narrowing) {
  return { grants: [...grants], resources: [...resources], ...(left === undefined ? {} : { left }) };
}
