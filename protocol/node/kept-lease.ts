/**
 * A lease that outlives its process, as connectors and relays keep it: all of it when something was revoked (`lease.json`),
 * and for a beat, which comes every five seconds, only what a beat changes (`beat.json`).
 */
import { Lease, type LeaseState, type Revocation } from '../lease.ts';
import type { StateDirectory } from './state-directory.ts';

const file = 'lease.json';
const beatFile = 'beat.json';
/** Without beats a restart would forget how late it is: written this often then. */
const keepTimeMs = 60_000;

/** What a beat changes. */
type KeptBeat = Pick<LeaseState, 'epoch' | 'lastBeatMs' | 'latestMs'> & Written;

/** Goes up with every writing of either file: the newer one says what time it was. */
interface Written {
  readonly written?: number;
}

export class KeptLease {
  readonly lease: Lease;
  readonly #state: StateDirectory;
  readonly #notKept: () => void;
  /** Whether everything that was revoked is on disk: a beat says that this is so up to its epoch. */
  #isWhole: boolean;
  #written: number;
  #keptMs = Number.NEGATIVE_INFINITY;
  #keeping: NodeJS.Immediate | undefined;

  /**
   * Reads what an earlier process left. Throws a Fault for a damaged file.
   * @param notKept it could not be written down, while this process goes on with it
   */
  constructor(state: StateDirectory, wallClock: () => number, notKept: () => void) {
    this.#state = state;
    this.#notKept = notKept;
    const whole = state.readJson(file) as (LeaseState & Written) | undefined;
    const beat = state.readJson(beatFile) as KeptBeat | undefined;
    this.lease = new Lease(wallClock, newest(whole, beat));
    this.#isWhole = whole !== undefined;
    this.#written = Math.max(whole?.written ?? 0, beat?.written ?? 0);
  }

  /** False for a beat of an older epoch, which changes nothing. */
  beat(epoch: number, controllerS: number): boolean {
    const taken = this.lease.beat(epoch, controllerS);
    if (taken) this.#keepBeat();
    return taken;
  }

  /** Revokes at once; the caller ends what runs on it, and then calls `keep` or `keepSoon`. */
  revoke(revocation: Revocation): void {
    this.#isWhole = false;
    this.lease.revoke(revocation);
  }

  /** Writes it once this turn's work is done; what is revoked in one turn is written together. */
  keepSoon(): void {
    this.#keeping ??= setImmediate(() => this.keep());
  }

  /** Writes it, with everything revoked. */
  keep(): void {
    clearImmediate(this.#keeping);
    this.#keeping = undefined;
    this.#isWhole = this.#write(file, this.lease.state());
  }

  /** Writes what time it is when nothing was written for a minute. */
  keepTime(): void {
    if (this.lease.nowMs() - this.#keptMs >= keepTimeMs) this.#keepBeat();
  }

  #keepBeat(): void {
    // Its epoch must not stand on disk before what was revoked up to there.
    if (!this.#isWhole) return this.keep();
    const { epoch, lastBeatMs, latestMs = lastBeatMs } = this.lease.state();
    this.#write(beatFile, { epoch, lastBeatMs, latestMs });
  }

  #write(name: string, value: object): boolean {
    this.#keptMs = this.lease.nowMs();
    this.#written += 1;
    const isKept = this.#state.keepJson(name, { ...value, written: this.#written });
    if (!isKept) this.#notKept();
    return isKept;
  }
}

/** What was revoked, with the beat where that was written later: its epoch is no older then. */
function newest(
  whole: (LeaseState & Written) | undefined,
  beat: KeptBeat | undefined,
): LeaseState | undefined {
  if (whole === undefined || beat === undefined || (beat.written ?? 0) < (whole.written ?? 0)) return whole;
  const { epoch, lastBeatMs, latestMs = lastBeatMs } = beat;
  return { ...whole, epoch, lastBeatMs, latestMs };
}
