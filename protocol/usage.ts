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
    /** A second, at each controller. */
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
      }),
    ),
  }),
  /** Open at once, at each connector. */
  flows: Type.Object({ limit }),
  /** Megabits a second, at each relay. */
  relay: Type.Object({ limit }),
});
export type Usage = Static<typeof Usage>;
