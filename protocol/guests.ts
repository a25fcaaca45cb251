/** What the pages and the controller say to each other about guests by e-mail; for people without an account. */
import { Type, type Static } from 'typebox';
import { closed } from './document-forms.ts';

const host = Type.String({ maxLength: 260, description: 'the hostname, with or without a port' });

export const GuestOptionsQuery = Type.Object({ host });

/** What the sign-in page of a hostname offers. */
export const GuestOptions = Type.Object({
  organisation: Type.Union([Type.String(), Type.Null()]),
  providers: Type.Array(Type.Object({ name: Type.String() })),
  /** Whether a code by e-mail may let somebody in; never whom. */
  guests: Type.Boolean(),
});

export const GuestAsk = Type.Object({ host, email: Type.String({ minLength: 1, maxLength: 254 }) }, closed);

/** The code, and what of the browser's way to the hostname goes back there (WIRE A10). */
export const GuestCode = Type.Object(
  {
    host,
    code: Type.String({ minLength: 1, maxLength: 32 }),
    c: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    n: Type.String({ pattern: '^[0-9a-f]{4}$' }),
    rd: Type.Optional(Type.String({ maxLength: 8_192 })),
    again: Type.Optional(Type.Literal('1')),
  },
  closed,
);

export const GuestAnswer = Type.Union([
  Type.Object({ state: Type.Literal('entered'), location: Type.String() }),
  /** Mistyped, too old, tried too often, or of another browser: start again. */
  Type.Object({ state: Type.Literal('wrong') }),
  /** The code was right; policies do not let this guest in now. */
  Type.Object({ state: Type.Literal('refused') }),
]);

export type GuestOptions = Static<typeof GuestOptions>;
export type GuestAsk = Static<typeof GuestAsk>;
export type GuestCode = Static<typeof GuestCode>;
export type GuestAnswer = Static<typeof GuestAnswer>;
