/**
 * When a device takes new keys: of itself once the ones it has are thirty days old and nothing is open, a week later
 * whatever is open, and when a person asks. Looks when something has happened (a contact, a picture, the end of a flow),
 * never by a timer of its own.
 */

/** So old keys are replaced as soon as nothing is open. */
const rotateAfterMs = 30 * 86_400_000;
/** So old keys are replaced although something is open. */
const rotateAnywayMs = 37 * 86_400_000;
/** Between two tries of which none succeeded. */
const retryMs = 3_600_000;

export interface KeyRotationOptions {
  /** Asks the controller; false while there is no contact. */
  rotate(): boolean;
  /** When the keys at hand were made known, epoch ms; undefined while that is not known. */
  keysMs(): number | undefined;
  isIdle(): boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export class KeyRotation {
  readonly #options: KeyRotationOptions;
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(options: KeyRotationOptions) {
    this.#options = options;
  }

  /** Rotates when it is time; to be called whenever something happened that may have made it so. */
  look(): void {
    const options = this.#options;
    const madeMs = options.keysMs();
    if (madeMs === undefined || options.now() - this.#triedMs < retryMs) return;
    const ageMs = options.now() - madeMs;
    if (ageMs >= rotateAnywayMs || (ageMs >= rotateAfterMs && options.isIdle())) this.rotateNow();
  }

  /** Asks for new keys now; false while there is no contact. */
  rotateNow(): boolean {
    const asked = this.#options.rotate();
    if (asked) this.#triedMs = this.#options.now();
    return asked;
  }
}
