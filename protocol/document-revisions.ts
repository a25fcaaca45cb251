/** What becomes of a document: the answer to `apply`, what changed between two revisions, and the history. */
import { Type, type Static } from 'typebox';

/** One entry that is created, changed or removed. */
export const EntryChange = {
  action: Type.Union([Type.Literal('created'), Type.Literal('changed'), Type.Literal('removed')]),
  kind: Type.String(),
  name: Type.String(),
};

/** The answer to `apply`: what it created, changed and removed, by kind and name, and the revision in force now. */
export const ApplyResult = Type.Object({
  changes: Type.Array(Type.Object(EntryChange)),
  revision: Type.Integer(),
});
export type ApplyResult = Static<typeof ApplyResult>;

/** A change with what stood there before and after; absent where there was or is nothing. */
export const DocumentChange = Type.Object({
  ...EntryChange,
  before: Type.Optional(Type.Unknown()),
  after: Type.Optional(Type.Unknown()),
});
export type DocumentChange = Static<typeof DocumentChange>;

/** One line of the document's history. */
export const DocumentRevision = Type.Object({
  revision: Type.Integer(),
  time: Type.String(),
  who: Type.String(),
  /** How many entries it created, changed and removed. */
  changes: Type.Integer(),
});
export type DocumentRevision = Static<typeof DocumentRevision>;
