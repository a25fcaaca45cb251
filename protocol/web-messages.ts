/** What connectors and the controller say to each other about the web door (WIRE A4, A10), as schemas of the control channel. */
import { Type, type Static } from 'typebox';
import { idPattern, type Id } from './ids.ts';
import { numbered } from './message-form.ts';
import { AssertionJwk } from './web-resource.ts';

const hash = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
const host = Type.String({ minLength: 1, maxLength: 253 });
const tok = Type.Unsafe<Id<'tok'>>(Type.String({ pattern: idPattern('tok') }));

/** Asks for the web session behind a one-time code. `id` is given, and `redeemed` carries it as `re`. */
export const Redeem = Type.Object({
  ...numbered,
  t: Type.Literal('redeem'),
  id: Type.Integer(),
  /** 32 bytes, base64url. */
  code: hash,
  /** What the browser kept in its pre cookie: 32 bytes, base64url. */
  verifier: hash,
  /** The hostname alone, without a port. */
  host,
  /** base64url SHA-256 of the session cookie's 32 bytes. */
  ch: hash,
  /** The browser's address as the relay reported it. */
  addr: Type.Optional(Type.String({ maxLength: 64 })),
});

/** A browser signed out at a hostname; `web` names its web session. Answered by `signed-out`. */
export const SignOut = Type.Object({
  ...numbered,
  t: Type.Literal('sign-out'),
  id: Type.Integer(),
  web: tok,
  /** Every session of the person, in browsers and on devices. */
  everywhere: Type.Optional(Type.Boolean()),
});

/** An ACME validation is under way: every connector of the network shall answer for `host` with this digest. */
export const Cert = Type.Object({ ...numbered, t: Type.Literal('cert'), host, digest: hash });

/** What one hostname is served with. `until` in epoch seconds. */
export const HostCertificate = Type.Object({
  host,
  from: Type.Union([Type.Literal('acme'), Type.Literal('file'), Type.Literal('built-in')]),
  state: Type.Union([
    Type.Literal('none'),
    Type.Literal('waiting'),
    Type.Literal('ready'),
    Type.Literal('failed'),
  ]),
  until: Type.Optional(Type.Integer()),
  issuer: Type.Optional(Type.String({ maxLength: 256 })),
  /** The CA as a CAA record names it, e.g. `letsencrypt.org`, and the URI of the ACME account. */
  ca: Type.Optional(Type.String({ maxLength: 253 })),
  account: Type.Optional(Type.String({ maxLength: 512 })),
  method: Type.Optional(Type.Union([Type.Literal('tls-alpn-01'), Type.Literal('dns-01')])),
  /** What went wrong last, as a sentence. */
  problem: Type.Optional(Type.String({ maxLength: 512 })),
});

/** The certificates of all hostnames that this connector serves; replaces what it reported before. */
export const Certificates = Type.Object({
  ...numbered,
  t: Type.Literal('certificates'),
  list: Type.Array(HostCertificate, { maxItems: 1_000 }),
});

/** The keys with which this connector signs assertions, the newest first; told to every connector of its network. */
export const AssertionKeys = Type.Object({
  ...numbered,
  t: Type.Literal('assertion-keys'),
  keys: Type.Array(AssertionJwk, { minItems: 1, maxItems: 2 }),
});

export const WebFromNode = [Redeem, SignOut, Cert, Certificates, AssertionKeys] as const;

export const WebFromController = [
  /** The answer to `redeem`: the session, or why there is none. `denied` says no more, whatever it was. */
  Type.Object({
    ...numbered,
    t: Type.Literal('redeemed'),
    re: Type.Integer(),
    jws: Type.Optional(Type.String()),
    code: Type.Optional(Type.Union([Type.Literal('denied'), Type.Literal('busy'), Type.Literal('internal')])),
  }),
  Type.Object({ ...numbered, t: Type.Literal('signed-out'), re: Type.Integer() }),
  /** Web sessions of the network, added to those that are there; one that is there already is the same. */
  Type.Object({ ...numbered, t: Type.Literal('web'), list: Type.Array(Type.String()) }),
  /** From the `cert` of some connector of the network, the receiver included. */
  Type.Object({ ...numbered, t: Type.Literal('acme'), host, digest: hash }),
] as const;

export type Redeem = Static<typeof Redeem>;
export type SignOut = Static<typeof SignOut>;
export type Cert = Static<typeof Cert>;
export type Certificates = Static<typeof Certificates>;
export type HostCertificate = Static<typeof HostCertificate>;
export type AssertionKeys = Static<typeof AssertionKeys>;
