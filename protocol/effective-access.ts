/** Who may use what, as it stands now: one subject and one resource that a policy brings together, with the outcome. */
import { Type, type Static } from 'typebox';
import { Door } from './policy-document.ts';
import { ShownReason } from './portal.ts';

export const EffectiveAccess = Type.Object({
  subject: Type.Object({
    id: Type.String(),
    kind: Type.Union([Type.Literal('person'), Type.Literal('service'), Type.Literal('guest')]),
    /** An e-mail address, or else a name. */
    name: Type.String(),
  }),
  resource: Type.String(),
  /** Policies that let the subject in, if what they and others ask for is met. */
  policies: Type.Array(Type.String()),
  /** `now`: with what is open. `idle`: signed in nowhere. `refused`: signed in, and something stands in the way. */
  state: Type.Union([Type.Literal('now'), Type.Literal('idle'), Type.Literal('refused')]),
  /** Through which it may be used now. */
  doors: Type.Array(Door),
  /** What stands in the way of one that is refused. */
  reasons: Type.Array(ShownReason),
});
export type EffectiveAccess = Static<typeof EffectiveAccess>;

export const EffectiveAccessList = Type.Object({
  list: Type.Array(EffectiveAccess),
  /** Rows that were left out of a long list. */
  more: Type.Integer(),
});
export type EffectiveAccessList = Static<typeof EffectiveAccessList>;
