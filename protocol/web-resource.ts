/**
 * The web door as a connector's snapshot describes it: the public hostnames of a resource, where its origin is and how it is
 * spoken to, and the service tokens and device passes that open it without a browser. Names and limits only: no secrets.
 */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';

const text = Type.String({ maxLength: 2_048 });
const seconds = Type.Integer({ minimum: 0 });
const caveat = Type.Object({
  /** Epoch seconds. */
  until: Type.Integer(),
  /** Seconds it outlives contact with the controller. */
  out: seconds,
});

/** One rule for paths; of several the first whose paths and methods match counts. None: sign-in as everywhere. */
export const PathRule = Type.Object({
  /** `/exact`, or `/prefix/*`, which stands for what lies below it and for `/prefix` itself. */
  paths: Type.Array(text),
  /** Upper case; absent: every method. */
  methods: Type.Optional(Type.Array(Type.String())),
  /** `public`: no sign-in, and logged. `block`: 403 for everyone. `require`: signed in, and what follows holds as well. */
  effect: Type.Union([Type.Literal('public'), Type.Literal('block'), Type.Literal('require')]),
  /** The person has one of these groups. */
  groups: Type.Optional(Type.Array(Type.String())),
  /** The sign-in is at most so many seconds old. */
  signIn: Type.Optional(seconds),
});

export const ConnectorWeb = Type.Object({
  /** Exact names, or `*.suffix`. Each belongs to one resource of one organisation. */
  hostnames: Type.Array(Type.String()),
  /** What of that is another network's: names and narrower wildcards below its own wildcards. */
  elsewhere: Type.Optional(Type.Array(Type.String())),
  /** `http(s)://host:port`, port always there; the first that is healthy is used. `*` in the host: what the wildcard stood for. */
  origins: Type.Array(text),
  /** PEM of the authorities that HTTPS origins are checked against; the system's unless given. */
  originCa: Type.Optional(Type.String()),
  /** The name that HTTPS origins are asked for and checked against, in place of their host. */
  originName: Type.Optional(Type.String()),
  /** HTTPS origins are not checked at all: somebody said so explicitly. */
  originInsecure: Type.Optional(Type.Literal(true)),
  /** So many seconds an origin may take until its answer begins. */
  answerWithin: Type.Optional(seconds),
  /** A GET that answers 2xx or 3xx says that an origin is well; absent: none is asked. */
  health: Type.Optional(Type.Object({ path: text, every: seconds })),
  /** The Host that origins see: their own (`origin`), the public one (`hostname`), or this text. */
  host: Type.String(),
  /** Further request headers: name to template (`{{email}}`, `{{name}}`, `{{user}}`, `{{groups}}`, `{{jwt}}`). */
  headers: Type.Record(Type.String(), text),
  /** The assertion's audience. */
  audience: Type.String(),
  rules: Type.Array(PathRule),
  /** Origins (`https://host[:port]`) that may send cross-origin requests and open WebSockets. */
  allowOrigins: Type.Array(Type.String()),
  /** It may put service workers over everything at its hostnames, the door's own pages included. */
  serviceWorkers: Type.Optional(Type.Literal(true)),
  /** A decision may hang on the browser's address: a session holds only for the `src` it was made for. */
  bySource: Type.Boolean(),
  /** What people read in place of the application; absent: it is open. */
  maintenance: Type.Optional(text),
  /** Where the certificate comes from; absent: files, then ACME where the connector has a CA, then the built-in authority. */
  certificate: Type.Optional(
    Type.Union([Type.Literal('file'), Type.Literal('acme'), Type.Literal('built-in')]),
  ),
});

/** How a program, or an application that cannot follow a redirect, comes in: a service token or a device pass. */
export const ConnectorPass = Type.Object({
  id: Type.String({ pattern: idPattern('tok') }),
  kind: Type.Union([Type.Literal('service'), Type.Literal('device')]),
  /** base64url SHA-256 of the 32 random bytes inside the `ws_` or `dp_`. */
  hash: Type.String(),
  res: Type.String({ pattern: idPattern('res') }),
  sub: Type.String({ pattern: '^(usr|svc)_' }),
  who: Type.Object({
    name: Type.String(),
    email: Type.Optional(Type.String()),
    groups: Type.Array(Type.String()),
  }),
  cav: caveat,
});

/** Where the web door of a controller begins. */
export const WebStart = Type.Object({
  /** Browsers without a session are sent here: `{publicUrl}/web/start`. */
  url: text,
  /** The port under which browsers reach the web door; part of its URLs where it is not 443. */
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
});

/** A P-256 public key that verifies assertions (RFC 7518), with the RFC 7638 thumbprint as its id. */
export const AssertionJwk = Type.Object({
  kid: Type.String(),
  x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  y: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
});

export type PathRule = Static<typeof PathRule>;
export type ConnectorWeb = Static<typeof ConnectorWeb>;
export type ConnectorPass = Static<typeof ConnectorPass>;
export type AssertionJwk = Static<typeof AssertionJwk>;
