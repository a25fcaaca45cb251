/**
 * What `postern up` has changed on this system, written down before it is done, so that its end, its watchdog, the next
 * start or `postern dns reset` can undo it whatever happened in between.
 */
import { readFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import { removeLocalRoute, removeTable } from '../capture/rules.ts';
import { parseRange } from '../dns/address-range.ts';
import { removeLink } from '../system-dns/resolved.ts';
import { giveBack } from '../system-dns/resolv-conf.ts';

export const Journal = Type.Object({
  schema: Type.Literal('postern.system/v1'),
  /** The nftables table. */
  table: Type.String({ pattern: '^postern_[0-9a-f]{6}$' }),
  /** The synthetic range, which has a local route. */
  range: Type.String(),
  /** The link on which systemd-resolved has the zones; absent without systemd-resolved. */
  link: Type.Optional(Type.String({ pattern: '^postern[0-9a-f]{6}$' })),
  zones: Type.Array(Type.String()),
  /** The resolv.conf that was taken over; absent where systemd-resolved answers everybody. */
  takeover: Type.Optional(
    Type.Object({
      path: Type.String(),
      written: Type.String(),
      previous: Type.Union([
        Type.Object({ kind: Type.Literal('file'), text: Type.String(), mode: Type.Integer() }),
        Type.Object({ kind: Type.Literal('link'), target: Type.String(), text: Type.String() }),
        Type.Object({ kind: Type.Literal('none') }),
      ]),
    }),
  ),
});
export type Journal = Static<typeof Journal>;

export const journalFile = 'system.json';

/** The journal of changes that were not undone; undefined when there are none. */
export function readJournal(state: StateDirectory): Journal | undefined {
  const content = state.readJson(journalFile);
  return Value.Check(Journal, content) ? content : undefined;
}

/** The same for a journal that a file names, which may be gone or damaged. */
export function readJournalAt(path: string): Journal | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Value.Check(Journal, content) ? content : undefined;
  } catch {
    return undefined;
  }
}

/** What happened to resolv.conf: `kept` because somebody else had changed it. */
export type Undone = { readonly resolvConf: 'restored' | 'kept' | 'untouched' };

/**
 * Undoes everything in the journal, names first; doing it twice is the same as once.
 * @param between waited for once names are asked elsewhere, while connections still come here
 */
export async function undoChanges(
  journal: Journal,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Undone> {
  const { takeover } = journal;
  const resolvConf = takeover === undefined ? 'untouched' : giveBack(takeover) ? 'restored' : 'kept';
  if (journal.link !== undefined) await removeLink(journal.link);
  await between();
  await removeTable(journal.table);
  const range = parseRange(journal.range);
  if (range !== undefined) await removeLocalRoute(range);
  return { resolvConf };
}

/** Undoes what an earlier process of this state directory left behind; undefined when there was nothing. */
export async function undoLeftovers(state: StateDirectory): Promise<Undone | undefined> {
  const journal = readJournal(state);
  if (journal === undefined) return undefined;
  const undone = await undoChanges(journal);
  state.remove(journalFile);
  return undone;
}
