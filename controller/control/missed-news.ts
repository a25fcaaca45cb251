/**
 * Finds in the store what news of other controllers did not bring: revocations by their epoch, everything else by looking
 * anew. While controllers are apart it looks each second, so that what is revoked ends nearly as soon as with news.
 */
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { newestChannels } from './channels.ts';
import type { Conversation } from './conversation.ts';

const pollMs = 1_000;
/** One that is apart alone is told by nobody that there is something new. */
const pollsPerLook = 30;

export interface MissedNewsOptions {
  readonly context: ControllerContext;
  /** Those that are open now, known nodes or not. */
  readonly conversations: () => Iterable<Conversation>;
}

export class MissedNews {
  readonly #options: MissedNewsOptions;
  readonly #unsubscribe: () => void;
  #cancel: () => void = () => undefined;
  #isStopped = false;
  #polls = 0;
  #unheard: ReadonlyMap<OrganisationId, number> | undefined;

  constructor(options: MissedNewsOptions) {
    this.#options = options;
    this.#unsubscribe = options.context.live.onMissed(() => this.#run(() => this.#lookAt('everyone')));
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
    this.#cancel();
  }

  #schedule(): void {
    const { clock, live } = this.#options.context;
    this.#cancel = clock.after(pollMs, () => {
      if (live.isWhole) {
        this.#polls = 0;
        this.#unheard = undefined;
      } else this.#run(() => this.#poll());
      this.#schedule();
    });
  }

  #run(step: () => Promise<void>): void {
    step().catch((error: unknown) => {
      // Without a store there are no beats either: verifiers count the seconds.
      if (!this.#isStopped) this.#options.context.log.error({ err: error }, 'missed news could not be read');
    });
  }

  async #poll(): Promise<void> {
    const { context, conversations } = this.#options;
    this.#polls += 1;
    const before = this.#unheard;
    const unheard = await context.store.unheard();
    this.#unheard = unheard;
    if (before === undefined || this.#polls % pollsPerLook === 0) return this.#lookAt('everyone');
    const concerned = [...unheard].flatMap(([id, count]) => (before.get(id) === count ? [] : [id]));
    if (concerned.length > 0) await this.#lookAt(new Set(concerned));
    for (const [organisation, list] of byOrganisation(conversations())) {
      const epoch = await context.organisation(organisation).store.epoch();
      for (const { feed, others } of list) {
        if (feed?.revocations?.covers(epoch) === false) await feed.revocations.catchUp();
        await others?.catchUp();
      }
    }
  }

  /** Revocations first; then channels that a newer one has replaced; then the rest of what nodes are told. */
  async #lookAt(organisations: ReadonlySet<OrganisationId> | 'everyone'): Promise<void> {
    const { context, conversations } = this.#options;
    // Nodes that wait for their person belong to no organisation yet.
    for (const conversation of conversations())
      if (conversation.admitted === undefined) conversation.lookAnew();
    for (const [organisation, list] of byOrganisation(conversations())) {
      if (organisations !== 'everyone' && !organisations.has(organisation)) continue;
      const { store } = context.organisation(organisation);
      for (const { feed, others } of list) {
        await feed?.revocations?.catchUp();
        await others?.catchUp();
      }
      const nodes = list.flatMap(({ admitted }) => admitted?.node ?? []);
      const newest = await newestChannels(store, nodes);
      for (const conversation of list) {
        const known = newest.get(conversation.admitted?.node as NodeId);
        if (known !== undefined) conversation.yieldTo(known.channel, known.boot);
        conversation.lookAnew();
      }
    }
  }
}

function byOrganisation(conversations: Iterable<Conversation>): Map<OrganisationId, Conversation[]> {
  const known = [...conversations].filter(({ admitted }) => admitted !== undefined);
  return Map.groupBy(known, ({ admitted }) => (admitted as NonNullable<typeof admitted>).organisation);
}
