/** A local owner's own ways in, as the portal speaks of them. */
import { Type, type Static } from 'typebox';
import { Credential, SetupToken } from './local-sign-in.ts';

const Instant = Type.String({ description: 'an RFC 3339 instant in UTC' });
export const PasskeyName = Type.String({ minLength: 1, maxLength: 60, pattern: '\\S' });

export const MyPasskeys = Type.Object({
  /** Whether the signed-in person has an account at the controller itself. */
  local: Type.Boolean(),
  /** Whether browsers make passkeys for this address at all. */
  possible: Type.Boolean(),
  /** Whether they also sign in by password and one-time code. */
  password: Type.Boolean(),
  recoveryCodesLeft: Type.Integer(),
  passkeys: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.Union([Type.String(), Type.Null()]),
      created: Instant,
      used: Type.Union([Instant, Type.Null()]),
    }),
  ),
});
export const NewPasskey = Type.Object(
  { challenge: SetupToken, name: PasskeyName, credential: Credential },
  { additionalProperties: false },
);

export type MyPasskeys = Static<typeof MyPasskeys>;
