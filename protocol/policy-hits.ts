/** How often each policy of the document decided of late, as administrators are shown it. */
import { Type, type Static } from 'typebox';

export const PolicyHits = Type.Object({
  /** Of so many days, today among them, in UTC. */
  days: Type.Integer(),
  /** In the order of the document. */
  policies: Type.Array(
    Type.Object({
      name: Type.String(),
      /** Of an allow or a require: connections that were opened by whom it names, to what it is about. */
      opened: Type.Integer(),
      /** Refusals that somebody was shown because of it, among the newest 5,000. */
      refused: Type.Integer(),
      /** When it last decided. */
      last: Type.Optional(Type.String()),
    }),
  ),
});
export type PolicyHits = Static<typeof PolicyHits>;
