/**
 * What a directory may take away at once: when more than a share of its people would be deactivated, deleted or put out of
 * a group within an hour, it is stopped with an alarm, and takes nothing more away until an administrator lets it go on.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { deliverLater } from '../notifications/deliver.ts';
import { queueNotifications } from '../notifications/queue.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { Directory } from './directory.ts';

const windowMs = 3_600_000;
/** In percent. */
const usualShare = 20;
/** So many may go as well where nobody set a share: whoever connects a directory tries it with a few people first. */
const usualFew = 5;

/** Thrown out of the transaction, which changes nothing then. */
export class TooMuchAtOnce extends Error {
  readonly directory: string;
  readonly people: number;
  readonly of: number;

  constructor(directory: string, people: number, of: number) {
    super(`${people} of ${of} people would lose something within an hour`);
    this.directory = directory;
    this.people = people;
    this.of = of;
  }
}

/** Counts these users of the directory among those who lost something lately. Throws when they are too many. */
export async function countLosses(directory: Directory, users: readonly string[]): Promise<void> {
  if (users.length === 0) return;
  const { tx, name, nowMs, settings } = directory;
  const row = await tx.select('directories').selectAll().where('name', '=', name).executeTakeFirst();
  const isAllowed = row !== undefined && row.allowed_until_ms !== null && row.allowed_until_ms > nowMs;
  if (isAllowed) return;
  const lately = await tx
    .select('directory_losses')
    .select('directory_user')
    .where('directory', '=', name)
    .where('at_ms', '>', nowMs - windowMs)
    .execute();
  const losing = new Set([...lately.map((each) => each.directory_user), ...users]);
  const active = tx.select('directory_users').where('directory', '=', name).where('active', '=', 1);
  const { count } = await active.select((eb) => eb.fn.countAll().as('count')).executeTakeFirstOrThrow();
  const still = await inChunks([...losing], (ids) => active.select('id').where('id', 'in', ids).execute());
  // Those who were there before the first of them went.
  const all = Number(count) + losing.size - still.length;
  const most = mostOf(all, settings.stopAt);
  const isHalted = row !== undefined && row.halted_ms !== null;
  if (isHalted || losing.size > most) throw new TooMuchAtOnce(name, losing.size, all);
  await tx
    .delete('directory_losses')
    .where('directory', '=', name)
    .where('at_ms', '<=', nowMs - windowMs)
    .execute();
  await tx
    .insert(
      'directory_losses',
      users.map((user) => ({ directory: name, directory_user: user, at_ms: nowMs })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['organisation', 'directory', 'directory_user'])
        .doUpdateSet((eb) => ({ at_ms: eb.ref('excluded.at_ms') })),
    )
    .execute();
}

/** So many of `all` may lose something within an hour; one always may, since people leave one by one as well. */
function mostOf(all: number, stopAt: number | undefined): number {
  const share = Math.floor((all * (stopAt ?? usualShare)) / 100);
  return Math.max(share, stopAt === undefined ? usualFew : 1);
}

/** Stops the directory, says so once, and tells every webhook. */
export async function halt(
  context: ControllerContext,
  { id, store, reader }: Organisation,
  { directory, people, of }: TooMuchAtOnce,
): Promise<void> {
  const nowMs = context.now();
  await store.transaction(async (tx) => {
    const done = await tx
      .update('directories')
      .set({ halted_ms: nowMs })
      .where('name', '=', directory)
      .where('halted_ms', 'is', null)
      .returning('name')
      .execute();
    if (done.length === 0) return;
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who: `directory ${directory}`,
        what: 'directory.halt',
        result: 'refused',
        detail: { directory, people, of },
      },
    ]);
    const { document } = await reader.current(tx);
    const body = {
      event: 'directory.halted',
      organisation: document.organisation,
      at: new Date(nowMs).toISOString(),
      directory,
      people,
      of,
    };
    await queueNotifications(
      context,
      tx,
      (document.webhooks ?? []).map(({ name }) => ({ target: `webhook ${name}`, event: body.event, body })),
    );
    context.log.error(
      { directory, people, of },
      'a directory was stopped: it would take too much away at once',
    );
  });
  deliverLater(context, id);
}

/** Lets the directory take away whatever it likes for an hour; false when there is none of that name. */
export async function resume(
  context: ControllerContext,
  organisation: OrganisationId,
  name: string,
  who: string,
): Promise<boolean> {
  const nowMs = context.now();
  return context.organisation(organisation).store.transaction(async (tx) => {
    const done = await tx
      .update('directories')
      .set({ halted_ms: null, allowed_until_ms: nowMs + windowMs })
      .where('name', '=', name)
      .returning('name')
      .execute();
    if (done.length === 0) return false;
    await tx.delete('directory_losses').where('directory', '=', name).execute();
    const detail = { directory: name, until: new Date(nowMs + windowMs).toISOString() };
    await appendAudit(tx, [{ atMs: nowMs, who, what: 'directory.resume', result: 'done', detail }]);
    return true;
  });
}
