/**
 * Setting up an owner without an identity provider, and signing in as one: what the pages and the controller tell each
 * other. What a passkey says is WebAuthn's own JSON, checked where it is verified.
 */
import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;

/** 32 random bytes, in the fragment of the link. */
export const SetupToken = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
/** What stands in front of an address that is read in the fragment. */
export const setupPath = '/setup';

const localName = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' });
/** By which they sign in; nobody proves it, so it is no claim on anything else. */
const localEmail = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f]+@[^\\s@\\u0000-\\u001f]+$',
});
export const Password = Type.String({ minLength: 12, maxLength: 256 });
export const OneTimeCode = Type.String({ pattern: '^[0-9]{6}$' });
export const RecoveryCode = Type.String({ pattern: '^[0-9A-Za-z -]{16,40}$' });
/** The JSON of a PublicKeyCredential. */
export const Credential = Type.Object({ id: Type.String({ minLength: 1, maxLength: 1_400 }) });

export const SetupOptions = Type.Object({
  organisation: Type.Union([Type.String(), Type.Null()]),
  /** The name that passkeys of this controller are bound to; null where browsers allow none. */
  passkeys: Type.Union([Type.String(), Type.Null()]),
  /** For an authenticator, where a password is chosen instead: `otpauth://…` and its secret in base32. */
  otpauth: Type.String(),
  secret: Type.String(),
});
export type SetupOptions = Static<typeof SetupOptions>;

const who = { token: SetupToken, name: localName, email: localEmail };
export const PasskeySetup = Type.Object({ ...who, credential: Credential }, closed);
export const PasswordSetup = Type.Object({ ...who, password: Password, code: OneTimeCode }, closed);
export const PasskeyWanted = Type.Object(who, closed);

/** The owner is made and signed in; the codes are shown only now. */
export const SetUp = Type.Object({ recoveryCodes: Type.Array(Type.String()) });
export type SetUp = Static<typeof SetUp>;

export const PasswordSignIn = Type.Object(
  { email: localEmail, password: Type.String({ minLength: 1, maxLength: 256 }), code: OneTimeCode },
  closed,
);
export const RecoverySignIn = Type.Object({ email: localEmail, recoveryCode: RecoveryCode }, closed);
export const PasskeySignIn = Type.Object({ challenge: SetupToken, credential: Credential }, closed);
