/**
 * Notices what the operator changes about organisations: beside the records, at whatever controller or at none. Looks at
 * one number of the store four times a second, so that what is suspended ends within one.
 */
import type { ControllerContext } from '../context.ts';
import { settleLater } from '../decisions/settle-later.ts';
import type { OrganisationRecord } from './organisations.ts';
import { endEverything, lookAnew } from './suspension.ts';

const lookMs = 250;

export interface OrganisationsWatched {
  /** An organisation has a sign-in address that was not there before. */
  addressed(): void;
}

/** Begins to look; returns how to stop. */
export function watchOrganisations(context: ControllerContext, watched: OrganisationsWatched): () => void {
  const { organisations, clock, log } = context;
  let isAway = false;
  let isStopped = false;
  let cancel = schedule();
  return () => {
    isStopped = true;
    cancel();
  };

  function schedule(): () => void {
    return clock.after(lookMs, () => {
      look()
        .then(
          () => void (isAway = false),
          (error: unknown) => {
            // Said once; everything else that needs the store says so too.
            if (!isAway && !isStopped) log.error({ err: error }, 'the organisations could not be read');
            isAway = true;
          },
        )
        .finally(() => {
          if (!isStopped) cancel = schedule();
        });
    });
  }

  async function look(): Promise<void> {
    const hosts = new Set(organisations.hosts);
    const before = await organisations.refresh();
    if (before === undefined || isStopped) return;
    if (organisations.hosts.some((host) => !hosts.has(host))) watched.addressed();
    // What is left of a deleted one are channels of nodes that nobody knows any more.
    for (const id of before.keys())
      if (organisations.get(id) === undefined) context.bus.publish(id, { kind: 'gone' });
    for (const now of organisations.all)
      try {
        await follow(now, before.get(now.id));
      } catch (error) {
        // It is not looked at again: the number that says so is read. The others go on.
        if (!isStopped)
          log.error({ err: error, organisation: now.id }, 'what the operator changed is not done yet');
        settleLater(context, now.id);
      }
  }

  async function follow(
    { id, isSuspended, limits }: OrganisationRecord,
    before: OrganisationRecord | undefined,
  ): Promise<void> {
    if (isSuspended !== (before?.isSuspended ?? false))
      return isSuspended ? endEverything(context, id) : lookAnew(context, id);
    // Connectors are told how many flows there may be, relays read in tickets what may pass.
    const told = before?.limits ?? limits;
    if (limits.flows !== told.flows || limits.relay !== told.relay) await lookAnew(context, id);
  }
}
