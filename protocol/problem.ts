/** Errors of the API (RFC 9457 problem details), and what is wrong with a document. */
import { Type, type Static } from 'typebox';

/** One thing wrong with a document: where (a path of keys and indices), what, and what to do. */
export const DocumentIssue = Type.Object({
  path: Type.Array(Type.Union([Type.String(), Type.Integer()])),
  message: Type.String(),
});
export type DocumentIssue = Static<typeof DocumentIssue>;

/** RFC 9457 problem details, the form of every error of the API. `type` is stable. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String()),
  issues: Type.Optional(Type.Array(DocumentIssue)),
  /** Under which an administrator finds it in the audit log, where it stands there. */
  trace: Type.Optional(Type.String()),
});
export type Problem = Static<typeof Problem>;
