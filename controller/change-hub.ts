/**
 * Carries changes to those who act on them, inside one process. Subscribers run one after the other in the order in which
 * they subscribed: what is lost is revoked before anyone is told of what is new.
 */
import type { Publish } from './changes.ts';

export class ChangeHub {
  readonly #subscribers: Publish[] = [];

  subscribe(subscriber: Publish): void {
    this.#subscribers.push(subscriber);
  }

  /** Resolves when every subscriber has acted; rejects with the first failure, after which the rest still ran. */
  readonly publish: Publish = async (organisation, change) => {
    const failures: unknown[] = [];
    for (const subscriber of this.#subscribers) {
      try {
        await subscriber(organisation, change);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
}
