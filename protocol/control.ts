/**
 * The messages of the control channel (WIRE A4), as schemas: what a node may say to the controller and what it hears.
 * Unknown types and unknown fields are ignored on both sides. Framing and sealing lie in `link/`.
 */
import { Type, type Static } from 'typebox';
import { pattern32Bytes } from './encoding.ts';
import { maxEndpointLength, maxEndpoints } from './endpoints.ts';
import { idPattern } from './ids.ts';
import { ExposeAnswer, ExposeCall } from './exposures.ts';
import { FlowRecord } from './flow-record.ts';
import { AskFlows, FlowsAnswer } from './live-flows.ts';
import { numbered } from './message-form.ts';
import { AskHealth, HealthAnswer } from './resource-health.ts';
import { PostureFacts } from './posture-facts.ts';
import { RequestAnswer, RequestCall } from './request-messages.ts';
import { ConnectorSnapshot, DeviceSnapshot, RelaySnapshot } from './snapshot.ts';
import { SaidLoad, SaidShares } from './shares.ts';
import { Probe, Probed } from './target-test.ts';
import { WebFromController, WebFromNode } from './web-messages.ts';

const key = Type.String({
  pattern: pattern32Bytes,
  description: 'a raw 32-byte public key, base64url',
});
const signature = Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' });
const text = Type.String({ maxLength: 256 });
const nodeKind = Type.Union([Type.Literal('device'), Type.Literal('connector'), Type.Literal('relay')]);
const bootId = Type.String({
  pattern: '^[A-Za-z0-9_-]{22}$',
  description: '16 random bytes of this process start',
});

/** First message of a node that has enrolled. `sig` = Ed25519(mk, "control", handshake hash). */
export const Hello = Type.Object({
  ...numbered,
  t: Type.Literal('hello'),
  kind: nodeKind,
  node: Type.String({ pattern: idPattern() }),
  boot: bootId,
  version: text,
  mk: key,
  sig: signature,
  /** A relay's own public URL. */
  url: Type.Optional(text),
  /** The newest epoch that a connector or relay knows of. */
  epoch: Type.Optional(Type.Integer({ minimum: 0 })),
  /** A connector that understands `narrowed` of a revocation; others are told one id for each grant and resource. */
  narrowed: Type.Optional(Type.Literal(true)),
  /** A device that understands `kept` of its grants; others are told all of them each time. */
  keeps: Type.Optional(Type.Literal(true)),
});

/**
 * First message of a node that has not enrolled, or of a device whose session ended. Exactly one of `secret` (the text
 * of a pk_ or sk_), `code` and `loopback`. `sig` = Ed25519(mk, "enrol", handshake hash ‖ nk).
 */
export const Enrol = Type.Object({
  ...numbered,
  t: Type.Literal('enrol'),
  kind: nodeKind,
  secret: Type.Optional(Type.String({ maxLength: 4_096 })),
  code: Type.Optional(Type.Literal(true)),
  loopback: Type.Optional(
    Type.Object({
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
      /** base64url SHA-256 of the verifier (RFC 7636 S256). */
      challenge: Type.String({ pattern: pattern32Bytes }),
    }),
  ),
  /** The name of a resource whose conditions the new sign-in of a person shall meet. */
  for: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
  name: Type.String({ minLength: 1, maxLength: 64 }),
  os: text,
  boot: bootId,
  version: text,
  mk: key,
  nk: key,
  sig: signature,
  url: Type.Optional(text),
  /** As in hello. */
  narrowed: Type.Optional(Type.Literal(true)),
  keeps: Type.Optional(Type.Literal(true)),
});

/** The code that came back on the loopback redirect, and the verifier behind the challenge. */
export const Login = Type.Object({
  ...numbered,
  t: Type.Literal('login'),
  code: Type.String({ maxLength: 128 }),
  verifier: Type.String({ pattern: pattern32Bytes }),
});

export const Posture = Type.Object({
  ...numbered,
  t: Type.Literal('posture'),
  seq: Type.Integer({ minimum: 0 }),
  at: Type.Integer(),
  facts: PostureFacts,
});

/** Flow records, oldest first; kept by the connector until `received` covers them. None: asks for `received` alone. */
export const Receipts = Type.Object({
  ...numbered,
  t: Type.Literal('receipts'),
  list: Type.Array(FlowRecord, { maxItems: 500 }),
});

/**
 * Asks the built-in authority for a TLS certificate: a relay for its own host, a connector for `host`, one of its public
 * hostnames. `key` is its SPKI, base64url. Answered by `certificate`, which carries `id` as `re`.
 */
export const Certify = Type.Object({
  ...numbered,
  t: Type.Literal('certify'),
  key: Type.String({ pattern: '^[A-Za-z0-9_-]{1,2048}$' }),
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
});

/** Where a connector can be reached without a relay; replaces what it published before, an empty list included. */
export const Publish = Type.Object({
  ...numbered,
  t: Type.Literal('publish'),
  direct: Type.Array(Type.String({ minLength: 1, maxLength: maxEndpointLength }), { maxItems: maxEndpoints }),
});

/** Ends the device's session; the node stays known. */
export const Logout = Type.Object({
  ...numbered,
  t: Type.Literal('logout'),
  /** With it every session of the person ends, in browsers and on devices. */
  everywhere: Type.Optional(Type.Boolean()),
});

/**
 * A device takes new keys. `old` and `sig` = Ed25519(old mk, new mk; "rotate", h ‖ mk ‖ nk); `agreed` = HMAC-BLAKE2s under
 * X25519(nk, control key) of "postern/1 rotate\0" ‖ h ‖ mk ‖ nk.
 */
export const Rotate = Type.Object({
  ...numbered,
  t: Type.Literal('rotate'),
  mk: key,
  nk: key,
  old: signature,
  sig: signature,
  agreed: key,
});

/** The process is ending in order. */
export const Bye = Type.Object({ ...numbered, t: Type.Literal('bye') });

export const FromNode = Type.Union([
  Hello,
  Enrol,
  Login,
  Posture,
  Receipts,
  Publish,
  Certify,
  Logout,
  Rotate,
  Bye,
  RequestCall,
  ExposeCall,
  Probed,
  FlowsAnswer,
  HealthAnswer,
  SaidLoad,
  ...WebFromNode,
]);

export type Hello = Static<typeof Hello>;
export type Enrol = Static<typeof Enrol>;
export type Login = Static<typeof Login>;
export type Posture = Static<typeof Posture>;
export type Receipts = Static<typeof Receipts>;
export type Certify = Static<typeof Certify>;
export type Rotate = Static<typeof Rotate>;
export type FromNode = Static<typeof FromNode>;

/** Of every one of these grants, its right to every one of these resources: what is left of it, or nothing. */
const narrowings = Type.Array(
  Type.Object({
    grants: Type.Array(Type.String({ pattern: idPattern('tok') })),
    resources: Type.Array(Type.String({ pattern: idPattern('res') })),
    left: Type.Optional(Type.Object({ until: Type.Integer(), out: Type.Integer() })),
  }),
);

const revocation = {
  epoch: Type.Integer(),
  ids: Type.Array(Type.String()),
  narrowed: Type.Optional(narrowings),
  reason: Type.String(),
};

export const FromController = Type.Union([
  Type.Object({
    ...numbered,
    t: Type.Literal('welcome'),
    node: Type.String({ pattern: idPattern() }),
    org: Type.String(),
    card: Type.String(),
  }),
  Type.Object({
    ...numbered,
    t: Type.Literal('code'),
    user_code: Type.String(),
    url: Type.String(),
    expires: Type.Integer(),
  }),
  Type.Object({ ...numbered, t: Type.Literal('open'), url: Type.String(), state: Type.String() }),
  /** `v` numbers snapshots and patches of one channel; `revoked` and `narrowed` are what is still remembered. */
  Type.Object({
    ...numbered,
    t: Type.Literal('snapshot'),
    v: Type.Integer(),
    epoch: Type.Integer(),
    snapshot: Type.Union([DeviceSnapshot, ConnectorSnapshot, RelaySnapshot]),
    revoked: Type.Array(Type.String()),
    narrowed: Type.Optional(narrowings),
  }),
  /** Changes version `from` into `v`: `set` replaces whole fields, except collections, where null removes an entry. */
  Type.Object({
    ...numbered,
    t: Type.Literal('patch'),
    from: Type.Integer(),
    v: Type.Integer(),
    set: Type.Record(Type.String(), Type.Unknown()),
  }),
  Type.Object({ ...numbered, t: Type.Literal('beat'), epoch: Type.Integer(), now: Type.Integer() }),
  Type.Object({ ...numbered, t: Type.Literal('revoke'), ...revocation }),
  Type.Object({ ...numbered, t: Type.Literal('tickets'), list: Type.Array(Type.String()) }),
  /** All grants of the device, those it has already by their ids in `kept`: what is not among them any more is gone. */
  Type.Object({
    ...numbered,
    t: Type.Literal('grants'),
    list: Type.Array(Type.String()),
    kept: Type.Optional(Type.Array(Type.String({ pattern: idPattern('tok') }))),
  }),
  /** The new keys count; the old ones open nothing any more. */
  Type.Object({ ...numbered, t: Type.Literal('rotated'), mk: key, nk: key }),
  Type.Object({ ...numbered, t: Type.Literal('received'), seq: Type.Integer() }),
  Type.Object({ ...numbered, t: Type.Literal('certificate'), pem: Type.String() }),
  Type.Object({ ...numbered, t: Type.Literal('drain'), after: Type.Integer() }),
  RequestAnswer,
  ExposeAnswer,
  Probe,
  AskFlows,
  AskHealth,
  SaidShares,
  ...WebFromController,
  /** The channel ends after it. `message` is a sentence for the person at this node. */
  Type.Object({
    ...numbered,
    t: Type.Literal('fault'),
    code: Type.String(),
    message: Type.Optional(Type.String()),
  }),
]);
export type FromController = Static<typeof FromController>;

/** The kinds of messages by their `t`. */
export type FromControllerOf<T extends FromController['t']> = Extract<FromController, { t: T }>;
