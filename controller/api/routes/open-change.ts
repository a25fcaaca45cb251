/** What waits for a second administrator can be answered once, be it of the document or beside it. */
import { ProblemError } from '../problems.ts';

export const decidedText = 'It was approved, refused or taken back already.';

/** The change that was found. Throws `not-found` where there is none, and `conflict` where it was answered already. */
export function openChange<Row extends { readonly state: string }>(row: Row | undefined): Row {
  if (row === undefined) throw new ProblemError('not-found');
  if (row.state !== 'open') throw new ProblemError('conflict', decidedText);
  return row;
}
