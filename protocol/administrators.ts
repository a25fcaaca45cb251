/** What the API says of administrators: people with a role. */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';
import { Role } from './roles.ts';

const Nullable = Type.Union([Type.String(), Type.Null()]);

export const Administrator = Type.Object({
  /** The person's. */
  id: Type.String({ pattern: idPattern('usr') }),
  name: Type.String(),
  email: Type.Optional(Type.String()),
  /** Where they sign in; absent once that provider is no longer configured. */
  provider: Type.Optional(Type.String()),
  role: Role,
  disabled: Type.Boolean(),
  /** When the role was given, and by whom. */
  since: Nullable,
  givenBy: Nullable,
});
export type Administrator = Static<typeof Administrator>;

export const Administrators = Type.Object({ administrators: Type.Array(Administrator) });
