/** What API tokens are made of; its entry in the list is `ApiTokenEntry`. Its text is only ever in the answer that makes it. */
import { Type, type Static } from 'typebox';
import { Scope, TokenRole } from './roles.ts';

export const NewToken = Type.Object(
  {
    role: TokenRole,
    /** What it may be used for within its role: everything, or as much as the token that asks, unless said. */
    scopes: Type.Optional(Type.Array(Scope, { minItems: 1, maxItems: 3 })),
    /** For people; need not be unique. */
    name: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' })),
    /** Never unless said. */
    expires: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}[smhd]$' })),
  },
  { additionalProperties: false },
);
export type NewToken = Static<typeof NewToken>;
