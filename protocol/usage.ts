/** What an organisation has and asks for, and what its operator lets it have at most. */
import { Type, type Static } from 'typebox';

/** Null: no limit. */
const limit = Type.Union([Type.Integer(), Type.Null()]);
const Used = Type.Object({ used: Type.Integer(), limit });

export const Usage = Type.Object({
  /** Who may come in, guests among them; not those who are disabled. */
  people: Used,
  connectors: Used,
  requests: Type.Object({
    /** A second, at all controllers together. */
    limit,
    /** Newest first. */
    months: Type.Array(
      Type.Object({
        /** In UTC, as in `2026-11`. */
        month: Type.String(),
        /** Of people who were signed in, tokens and directories, those that were refused among them. */
        requests: Type.Integer(),
        /** Refused beyond the limit. */
        refused: Type.Integer(),
        /** Bytes that relays passed, both ways together. */
        relayed: Type.Integer(),
      }),
    ),
  }),
  /** Open at once, at all connectors together; as known some seconds ago. */
  flows: Used,
  /** Megabits a second, through all relays together, both ways; as known some seconds ago. */
  relay: Type.Object({ used: Type.Number(), limit }),
});
export type Usage = Static<typeof Usage>;
