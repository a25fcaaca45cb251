/** Changes of administrators, tokens, keys, people and devices that wait for a second administrator, as the API shows them. */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';

export const ProposedChange = Type.Object({
  id: Type.String({ pattern: idPattern('chg') }),
  who: Type.String(),
  created: Type.String(),
  /** In words, as the route says it. */
  what: Type.String(),
  method: Type.String(),
  path: Type.String(),
  /** What it is about, as it was when this was proposed; null where there was nothing. */
  before: Type.Unknown(),
  /** What was sent; null where nothing was. */
  after: Type.Unknown(),
  /** Whether what it is about is another now: it cannot be approved any more. */
  stale: Type.Boolean(),
  /** Whether whoever asks stands behind it, and so cannot approve it. */
  own: Type.Boolean(),
  /** Whether the role of whoever asks covers all of it: then they may refuse it and, where it is not their own, approve it. */
  decides: Type.Boolean(),
  /** `done`: it was approved and carried out, and its answer waits for whoever proposed it. */
  state: Type.Enum(['open', 'done']),
});
export type ProposedChange = Static<typeof ProposedChange>;
export const ProposedChanges = Type.Object({ proposals: Type.Array(ProposedChange) });
export type ProposedChanges = Static<typeof ProposedChanges>;
