/**
 * What a relay of the first organisation hears of all the others: whom it must not let in any more. Their ids go into its
 * lease as they are, and its beats, which count the first organisation's epochs, wait until all of them are out.
 */
import type { FromController } from '../../protocol/control.ts';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Revocation } from '../../protocol/lease.ts';
import type { ControllerContext } from '../context.ts';
import { remembered } from '../decisions/revocations.ts';
import { RevocationFeed, revokeMessages } from './revocation-feed.ts';

export class RevocationsOfOthers {
  readonly #context: ControllerContext;
  readonly #send: (message: FromController) => void;
  readonly #feeds = new Map<OrganisationId, Promise<RevocationFeed>>();

  /** @param send takes `revoke` messages, whose epoch is 0: it is none of the relay's own */
  constructor(context: ControllerContext, send: (message: FromController) => void) {
    this.#context = context;
    this.#send = (message) => send(message.t === 'revoke' ? { ...message, epoch: 0 } : message);
  }

  /** Sends what is stored and was not sent, of every other organisation; rejects when the store does not answer. */
  async catchUp(): Promise<void> {
    const { organisations, store, firstOrganisation } = this.#context;
    if (organisations.all.length < 2 && this.#feeds.size === 0) return;
    for (const { id, epoch } of await store.organisationRows()) {
      if (id === firstOrganisation) continue;
      const feed = await this.#feedOf(id);
      if (!feed.covers(epoch)) await feed.catchUp();
    }
  }

  /** Something of another organisation was just stored. */
  offer(organisation: OrganisationId, revocation: Revocation): void {
    if (organisation === this.#context.firstOrganisation) return;
    this.#feedOf(organisation).then(
      (feed) => feed.offer(revocation),
      // The next beat reads it.
      () => undefined,
    );
  }

  #feedOf(id: OrganisationId): Promise<RevocationFeed> {
    let feed = this.#feeds.get(id);
    if (feed === undefined) {
      feed = this.#begin(id);
      this.#feeds.set(id, feed);
      feed.catch(() => this.#feeds.delete(id));
    }
    return feed;
  }

  async #begin(id: OrganisationId): Promise<RevocationFeed> {
    const { store } = this.#context.organisation(id);
    const feed = new RevocationFeed(store, 'not', this.#send);
    // Before what is remembered is read, so that nothing falls between.
    const epoch = await store.epoch();
    for (const revocation of await remembered(store, this.#context.now()))
      for (const message of revokeMessages(revocation, 'not')) this.#send(message);
    await feed.begin(epoch);
    return feed;
  }
}
