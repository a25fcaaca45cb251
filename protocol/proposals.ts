/** Changes of the document that wait for a second administrator, as the API shows them. */
import { Type, type Static } from 'typebox';
import { EntryChange } from './document-revisions.ts';
import { idPattern } from './ids.ts';
import { PlanResult } from './plan.ts';

/** The answer to `apply` where a second administrator has to approve: nothing is in force yet. */
export const Proposed = Type.Object({ proposal: Type.String({ pattern: idPattern('chg') }) });
export type Proposed = Static<typeof Proposed>;

export const ProposalEntry = Type.Object({
  id: Type.String({ pattern: idPattern('chg') }),
  who: Type.String(),
  created: Type.String(),
  /** The revision it was made from; another in force, and it cannot be approved any more. */
  from: Type.Integer(),
  stale: Type.Boolean(),
  changes: Type.Array(Type.Object(EntryChange)),
  /** Whether whoever asks stands behind it, and so cannot approve it. */
  own: Type.Boolean(),
  /** Whether the role of whoever asks covers all of it: then they may refuse it and, where it is not their own, approve it. */
  decides: Type.Boolean(),
});
export type ProposalEntry = Static<typeof ProposalEntry>;
export const ProposalList = Type.Object({ proposals: Type.Array(ProposalEntry) });
export type ProposalList = Static<typeof ProposalList>;

/** One of them, with what it would do now. */
export const ProposalDetail = Type.Object({ ...ProposalEntry.properties, plan: PlanResult });
export type ProposalDetail = Static<typeof ProposalDetail>;
