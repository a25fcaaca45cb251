/**
 * What this controller may let in of an organisation's requests a second, where several controllers answer them: each says
 * how many came to it within the last second, and takes its share of the limit by that. No request waits for another
 * controller: while news do not pass, each has the even share.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { divide } from '../operator/divide.ts';

const windowMs = 1_000;
/** Those to which nobody comes keep so much between them, so that the first who does is let in. */
const evenPart = 1 / 16;

export interface RequestLimit {
  readonly organisation: OrganisationId;
  readonly what: 'known' | 'stranger';
  /** At all controllers together. */
  readonly perSecond: number;
}

export class RequestShare {
  readonly #context: ControllerContext;
  readonly #limit: RequestLimit;
  readonly #changed: (perSecond: number) => void;
  #share: number;
  /** Came within the window that began then. */
  #came = 0;
  #sinceMs: number;
  /** Said last, a second. */
  #said = 0;
  #cancel: (() => void) | undefined;

  /** @param changed is told of this controller's share, whenever it is another one; at first it is all */
  constructor(context: ControllerContext, limit: RequestLimit, changed: (perSecond: number) => void) {
    this.#context = context;
    this.#limit = limit;
    this.#changed = changed;
    this.#share = limit.perSecond;
    this.#sinceMs = context.clock.nowMs();
    this.#follow();
  }

  /** One more request came, let in or not. */
  count(): void {
    this.#came += 1;
    // Alone there is nothing to divide, and nobody to tell.
    const isAlone = this.#others.length === 0 && this.#said === 0 && this.#share === this.#limit.perSecond;
    if (isAlone || this.#cancel !== undefined) return;
    this.#follow();
    this.#later();
  }

  /** Says nothing more, and takes back what it said. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#say(0);
  }

  get #others(): readonly string[] {
    return this.#context.live.loads.others;
  }

  #later(): void {
    this.#cancel = this.#context.clock.after(windowMs, () => {
      this.#cancel = undefined;
      const nowMs = this.#context.clock.nowMs();
      this.#say((this.#came * 1_000) / Math.max(windowMs, nowMs - this.#sinceMs));
      this.#came = 0;
      this.#sinceMs = nowMs;
      this.#follow();
      if (this.#said > 0) this.#later();
    });
  }

  #say(perSecond: number): void {
    this.#said = perSecond;
    const { organisation, what } = this.#limit;
    const load = perSecond === 0 ? undefined : { held: 0, wanted: perSecond };
    this.#context.live.loads.set({ organisation, what, holder: this.#context.id }, load);
  }

  #follow(): void {
    const share = this.#due();
    if (share === this.#share) return;
    this.#share = share;
    this.#changed(share);
  }

  #due(): number {
    const { live, id } = this.#context;
    const { perSecond, organisation, what } = this.#limit;
    const holders = [id, ...this.#others];
    if (!live.isWhole) return perSecond / holders.length;
    const said = live.loads.of(organisation, what);
    const loads = holders.map((holder) => said.get(holder) ?? { held: 0, wanted: 0 });
    return divide(perSecond, loads, evenPart)[0] ?? perSecond;
  }
}
