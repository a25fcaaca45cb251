/** API tokens as administrators make and see them; a token's text is only ever in the answer that makes it. */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';
import { Scope } from './roles.ts';

export const TokenRole = Type.Union([Type.Literal('admin'), Type.Literal('auditor')]);
export type TokenRole = Static<typeof TokenRole>;

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

const instantOrNull = Type.Union([Type.String(), Type.Null()]);

/** A token without its text. */
export const TokenEntry = Type.Object({
  id: Type.String({ pattern: idPattern('tok') }),
  name: Type.String(),
  role: TokenRole,
  scopes: Type.Array(Scope),
  created: Type.String(),
  createdBy: Type.String(),
  expires: instantOrNull,
  /** To the minute. */
  lastUsed: instantOrNull,
  /** Whether this is the token that asks. */
  current: Type.Boolean(),
});
export type TokenEntry = Static<typeof TokenEntry>;
