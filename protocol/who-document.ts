/** Whom and what an entry of `postern.yaml` is about: people, groups, service accounts; resources by name or tag. */
import { Type, type Static } from 'typebox';
import { closed, Names } from './document-forms.ts';

/** Who a policy selects: `everyone`, or any of the lists, which add up. */
export const WhoDocument = Type.Union([
  Type.Literal('everyone'),
  Type.Object(
    {
      people: Type.Optional(Type.Array(Type.String({ minLength: 3, maxLength: 254 }), { minItems: 1 })),
      groups: Type.Optional(Names),
      serviceAccounts: Type.Optional(Names),
    },
    closed,
  ),
]);

/** What a policy is about: resources by name or tag, which add up; or `everything`. */
export const TargetDocument = Type.Union([
  Type.Literal('everything'),
  Type.Object({ resources: Type.Optional(Names), tags: Type.Optional(Names) }, closed),
]);

export type WhoDocument = Static<typeof WhoDocument>;
export type TargetDocument = Static<typeof TargetDocument>;
