/**
 * The messages of the control channel (WIRE A4), as schemas: what a node may say to the controller and what it hears.
 * Unknown types and unknown fields are ignored on both sides. Framing and sealing lie in `link/`.
 */
import { Type, type Static } from 'typebox';
import { ShortName } from './document-forms.ts';
import { maxEndpointLength, maxEndpoints } from './endpoints.ts';
import { idPattern } from './ids.ts';
import { maxAsked } from './posture.ts';
import { ExposeAnswer, ExposeCall } from './exposures.ts';
import { AskFlows, FlowsAnswer } from './live-flows.ts';
import { RequestAnswer, RequestCall } from './request-messages.ts';
import { Probe, Probed } from './target-test.ts';
import { WebFromController, WebFromNode } from './web-messages.ts';
import { AssertionJwk, ConnectorPass, ConnectorWeb, WebStart } from './web-resource.ts';

const key = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'a raw 32-byte public key, base64url',
});
const signature = Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' });
const text = Type.String({ maxLength: 256 });
const nodeKind = Type.Union([Type.Literal('device'), Type.Literal('connector'), Type.Literal('relay')]);
const bootId = Type.String({
  pattern: '^[A-Za-z0-9_-]{22}$',
  description: '16 random bytes of this process start',
});
const common = { id: Type.Optional(Type.Integer()), re: Type.Optional(Type.Integer()) };

/** First message of a node that has enrolled. `sig` = Ed25519(mk, "control", handshake hash). */
export const Hello = Type.Object({
  ...common,
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
});

/**
 * First message of a node that has not enrolled, or of a device whose session ended. Exactly one of `secret` (the text
 * of a pk_ or sk_), `code` and `loopback`. `sig` = Ed25519(mk, "enrol", handshake hash ‖ nk).
 */
export const Enrol = Type.Object({
  ...common,
  t: Type.Literal('enrol'),
  kind: nodeKind,
  secret: Type.Optional(Type.String({ maxLength: 4_096 })),
  code: Type.Optional(Type.Literal(true)),
  loopback: Type.Optional(
    Type.Object({
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
      /** base64url SHA-256 of the verifier (RFC 7636 S256). */
      challenge: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
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
});

/** The code that came back on the loopback redirect, and the verifier behind the challenge. */
export const Login = Type.Object({
  ...common,
  t: Type.Literal('login'),
  code: Type.String({ maxLength: 128 }),
  verifier: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
});

/**
 * What a device reports about itself. A fact that is not known, or that no profile asks for, is absent; `false` and an
 * empty list are known. Claims of the device, and nothing more.
 */
export const PostureFacts = Type.Object({
  os: Type.Union([Type.Literal('linux'), Type.Literal('macos'), Type.Literal('windows')]),
  /** Version of the system as it numbers itself; on Linux the kernel's, e.g. `6.1.0-13-amd64`. */
  osVersion: Type.Optional(text),
  /** The distribution and its version, for people to read; decides nothing. */
  distribution: Type.Optional(text),
  /** `ID` and `VERSION_ID` of os-release; the latter is absent where the distribution has no versions. */
  distributionId: Type.Optional(Type.String({ maxLength: 32 })),
  distributionVersion: Type.Optional(Type.String({ maxLength: 64 })),
  clientVersion: text,
  /** Whether everything below `/` and `/home`, or the system volume, is encrypted on disk. */
  diskEncryption: Type.Optional(Type.Boolean()),
  firewall: Type.Optional(Type.Boolean()),
  screenLock: Type.Optional(Type.Boolean()),
  /** Seconds without input until the screen is locked, where `screenLock`; absent when that is not known. */
  screenLockAfter: Type.Optional(Type.Integer({ minimum: 0, maximum: 31_536_000 })),
  /** Products that run, by the names of protocol/posture.ts. */
  antivirus: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 })),
  secureBoot: Type.Optional(Type.Boolean()),
  automaticUpdates: Type.Optional(Type.Boolean()),
  /** The programs and files that the controller asked for, and no others. */
  processes: Type.Optional(
    Type.Array(Type.Object({ name: Type.String({ maxLength: 64 }), running: Type.Boolean() }), {
      maxItems: maxAsked,
    }),
  ),
  files: Type.Optional(
    Type.Array(Type.Object({ path: text, present: Type.Boolean() }), { maxItems: maxAsked }),
  ),
  serial: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
});

/** What the controller wants to know of a device: nothing else is collected. */
const postureWanted = Type.Object({
  /** Which checks, and the resources, among those the person may know of, that need each: some by name, and how many. */
  checks: Type.Array(
    Type.Object({ check: Type.String(), resources: Type.Array(Type.String()), count: Type.Integer() }),
  ),
  processes: Type.Array(Type.String({ maxLength: 64 })),
  files: Type.Array(text),
});

export const Posture = Type.Object({
  ...common,
  t: Type.Literal('posture'),
  seq: Type.Integer({ minimum: 0 }),
  at: Type.Integer(),
  facts: PostureFacts,
});

/** One flow as the connector saw it. `seq` grows by one per connector and state directory; `at` in epoch ms. */
export const FlowRecord = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  at: Type.Integer(),
  event: Type.Union([Type.Literal('open'), Type.Literal('close'), Type.Literal('refused')]),
  flow: Type.String({ maxLength: 64 }),
  device: Type.Optional(Type.String({ pattern: idPattern('dev') })),
  /** Absent: the client door. */
  door: Type.Optional(Type.Literal('web')),
  /** The web session, service token or device pass by which it came through the web door. */
  web: Type.Optional(Type.String({ pattern: idPattern('tok') })),
  subject: Type.Optional(Type.String({ pattern: '^(usr|svc)_' })),
  resource: Type.Optional(Type.String({ maxLength: 64 })),
  host: Type.Optional(Type.String({ maxLength: 253 })),
  port: Type.Optional(Type.Integer()),
  /** Absent for TCP. `web`: to a public hostname, by the client door. */
  kind: Type.Optional(Type.Union([Type.Literal('udp'), Type.Literal('web')])),
  /** The name of the wire code: why it was refused, or what ended it. */
  code: Type.Optional(Type.String({ maxLength: 32 })),
  /** Why the controller took it away, when it did. */
  cause: Type.Optional(Type.String({ maxLength: 64 })),
  bytesUp: Type.Optional(Type.Integer()),
  bytesDown: Type.Optional(Type.Integer()),
});

/** Flow records, oldest first; kept by the connector until `received` covers them. */
export const Receipts = Type.Object({
  ...common,
  t: Type.Literal('receipts'),
  list: Type.Array(FlowRecord, { maxItems: 500 }),
});

/**
 * Asks the built-in authority for a TLS certificate: a relay for its own host, a connector for `host`, one of its public
 * hostnames. `key` is its SPKI, base64url. Answered by `certificate`, which carries `id` as `re`.
 */
export const Certify = Type.Object({
  ...common,
  t: Type.Literal('certify'),
  key: Type.String({ pattern: '^[A-Za-z0-9_-]{1,2048}$' }),
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
});

/** Where a connector can be reached without a relay; replaces what it published before, an empty list included. */
export const Publish = Type.Object({
  ...common,
  t: Type.Literal('publish'),
  direct: Type.Array(Type.String({ minLength: 1, maxLength: maxEndpointLength }), { maxItems: maxEndpoints }),
});

/** Ends the device's session; the node stays known. */
export const Logout = Type.Object({
  ...common,
  t: Type.Literal('logout'),
  /** With it every session of the person ends, in browsers and on devices. */
  everywhere: Type.Optional(Type.Boolean()),
});

/**
 * A device takes new keys. `old` and `sig` = Ed25519(old mk, new mk; "rotate", h ‖ mk ‖ nk); `agreed` = HMAC-BLAKE2s under
 * X25519(nk, control key) of "postern/1 rotate\0" ‖ h ‖ mk ‖ nk.
 */
export const Rotate = Type.Object({
  ...common,
  t: Type.Literal('rotate'),
  mk: key,
  nk: key,
  old: signature,
  sig: signature,
  agreed: key,
});

/** The process is ending in order. */
export const Bye = Type.Object({ ...common, t: Type.Literal('bye') });

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
  ...WebFromNode,
]);

export type Hello = Static<typeof Hello>;
export type Enrol = Static<typeof Enrol>;
export type Login = Static<typeof Login>;
export type PostureFacts = Static<typeof PostureFacts>;
export type PostureWanted = Static<typeof postureWanted>;
export type Posture = Static<typeof Posture>;
export type FlowRecord = Static<typeof FlowRecord>;
export type Receipts = Static<typeof Receipts>;
export type Certify = Static<typeof Certify>;
export type Rotate = Static<typeof Rotate>;
export type FromNode = Static<typeof FromNode>;

const reason = Type.Object({ name: Type.String(), policy: Type.Optional(Type.String()) });

const relayEntry = Type.Object({ id: Type.String({ pattern: idPattern('rly') }), url: Type.String() });

const deviceResource = Type.Object({
  id: Type.String({ pattern: idPattern('res') }),
  net: Type.String({ pattern: idPattern('net') }),
  name: Type.String(),
  /** Names and wildcards under which it is reached: never an address. */
  hosts: Type.Array(Type.String()),
  /** Public hostnames that lead to its web door, and the door's port: with a right to it, flows there are of kind `web`. */
  web: Type.Optional(Type.Object({ hostnames: Type.Array(Type.String()), port: Type.Integer() })),
  ports: Type.Array(Type.String()),
  state: Type.Union([Type.Literal('granted'), Type.Literal('refused')]),
  reasons: Type.Array(reason),
  /** Epoch seconds at which time alone changes the state. */
  until: Type.Optional(Type.Integer()),
});

const connectorEntry = Type.Object({
  id: Type.String({ pattern: idPattern('con') }),
  nk: key,
  relays: Type.Array(Type.String({ pattern: idPattern('rly') })),
  /** Endpoints where it can be reached without a relay. */
  direct: Type.Optional(
    Type.Array(Type.String({ maxLength: maxEndpointLength }), { maxItems: maxEndpoints }),
  ),
});

/** Something about another device of the same owner: it was let in lately, or is suspended. `at` in epoch seconds. */
const deviceNews = Type.Object({
  device: Type.String({ pattern: idPattern('dev') }),
  name: Type.String(),
  what: Type.Union([Type.Literal('new'), Type.Literal('suspended')]),
  at: Type.Integer(),
  address: Type.Optional(Type.String()),
});

/** Who is signed in on this device. `ended` carries the code name of why, when it is over. */
const sessionState = Type.Object({
  id: Type.String(),
  subject: Type.String(),
  kind: Type.Union([Type.Literal('person'), Type.Literal('service')]),
  name: Type.String(),
  email: Type.Optional(Type.String()),
  /** Epoch seconds. */
  until: Type.Integer(),
  ended: Type.Optional(Type.String()),
});

/** Everything a device may know. Collections are keyed by id so that a patch can name what changed. */
export const DeviceSnapshot = Type.Object({
  kind: Type.Literal('device'),
  /** The organisation's name; absent from an older controller. */
  organisation: Type.Optional(ShortName),
  networks: Type.Record(
    Type.String(),
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      pq: Type.Boolean(),
      connectors: Type.Array(connectorEntry),
    }),
  ),
  relays: Type.Record(Type.String(), relayEntry),
  zones: Type.Array(Type.String()),
  resources: Type.Record(Type.String(), deviceResource),
  session: sessionState,
  device: Type.Object({
    name: Type.String(),
    approved: Type.Boolean(),
    /** When its keys were made known, epoch seconds. */
    keys: Type.Optional(Type.Integer()),
  }),
  /** Absent from a controller that asks for none. */
  posture: Type.Optional(postureWanted),
  /** What their owner should know of their other devices, the newest first. */
  news: Type.Optional(Type.Array(deviceNews)),
});

const connectorResource = Type.Object({
  id: Type.String({ pattern: idPattern('res') }),
  hosts: Type.Array(Type.String()),
  /** A name, a wildcard, an address literal, or a network (CIDR) whose hosts are named by their addresses. */
  address: Type.String(),
  ports: Type.Array(Type.String()),
  /** Networks (CIDR) that a wildcard's names may lead to. */
  within: Type.Array(Type.String()),
  /** How long it outlives contact with the controller, in seconds. */
  outage: Type.Integer(),
  /** Absent: it has no web door. */
  web: Type.Optional(ConnectorWeb),
});

/** Everything a connector needs: who may call, and what it serves. */
export const ConnectorSnapshot = Type.Object({
  kind: Type.Literal('connector'),
  network: Type.Object({ id: Type.String({ pattern: idPattern('net') }), name: Type.String() }),
  relays: Type.Record(Type.String(), relayEntry),
  peers: Type.Record(Type.String(), Type.Object({ id: Type.String(), nk: key })),
  resources: Type.Record(Type.String(), connectorResource),
  /** Absent from a controller that knows of no web door. */
  web: Type.Optional(WebStart),
  passes: Type.Optional(Type.Record(Type.String(), ConnectorPass)),
  /** What verifies the assertions of every connector of the network. */
  jwks: Type.Optional(Type.Array(AssertionJwk)),
  /** Of the endpoints that it published, those that devices are told of. */
  direct: Type.Optional(Type.Array(Type.String())),
  /** Flows that may be open here at once, as the operator of the controller says; null: without bound. */
  flows: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
});

export const RelaySnapshot = Type.Object({ kind: Type.Literal('relay') });

export type DeviceSnapshot = Static<typeof DeviceSnapshot>;
export type DeviceNews = Static<typeof deviceNews>;
export type DeviceResource = Static<typeof deviceResource>;
export type ConnectorSnapshot = Static<typeof ConnectorSnapshot>;
export type ConnectorResource = Static<typeof connectorResource>;
export type RelaySnapshot = Static<typeof RelaySnapshot>;
export type Snapshot = DeviceSnapshot | ConnectorSnapshot | RelaySnapshot;
export type RelayEntry = Static<typeof relayEntry>;

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
    ...common,
    t: Type.Literal('welcome'),
    node: Type.String({ pattern: idPattern() }),
    org: Type.String(),
    card: Type.String(),
  }),
  Type.Object({
    ...common,
    t: Type.Literal('code'),
    user_code: Type.String(),
    url: Type.String(),
    expires: Type.Integer(),
  }),
  Type.Object({ ...common, t: Type.Literal('open'), url: Type.String(), state: Type.String() }),
  /** `v` numbers snapshots and patches of one channel; `revoked` and `narrowed` are what is still remembered. */
  Type.Object({
    ...common,
    t: Type.Literal('snapshot'),
    v: Type.Integer(),
    epoch: Type.Integer(),
    snapshot: Type.Union([DeviceSnapshot, ConnectorSnapshot, RelaySnapshot]),
    revoked: Type.Array(Type.String()),
    narrowed: Type.Optional(narrowings),
  }),
  /** Changes version `from` into `v`: `set` replaces whole fields, except collections, where null removes an entry. */
  Type.Object({
    ...common,
    t: Type.Literal('patch'),
    from: Type.Integer(),
    v: Type.Integer(),
    set: Type.Record(Type.String(), Type.Unknown()),
  }),
  Type.Object({ ...common, t: Type.Literal('beat'), epoch: Type.Integer(), now: Type.Integer() }),
  Type.Object({ ...common, t: Type.Literal('revoke'), ...revocation }),
  Type.Object({ ...common, t: Type.Literal('tickets'), list: Type.Array(Type.String()) }),
  /** All grants of the device: what is not among them any more is gone. */
  Type.Object({ ...common, t: Type.Literal('grants'), list: Type.Array(Type.String()) }),
  /** The new keys count; the old ones open nothing any more. */
  Type.Object({ ...common, t: Type.Literal('rotated'), mk: key, nk: key }),
  Type.Object({ ...common, t: Type.Literal('received'), seq: Type.Integer() }),
  Type.Object({ ...common, t: Type.Literal('certificate'), pem: Type.String() }),
  Type.Object({ ...common, t: Type.Literal('drain'), after: Type.Integer() }),
  RequestAnswer,
  ExposeAnswer,
  Probe,
  AskFlows,
  ...WebFromController,
  /** The channel ends after it. `message` is a sentence for the person at this node. */
  Type.Object({
    ...common,
    t: Type.Literal('fault'),
    code: Type.String(),
    message: Type.Optional(Type.String()),
  }),
]);
export type FromController = Static<typeof FromController>;

/** The kinds of messages by their `t`. */
export type FromControllerOf<T extends FromController['t']> = Extract<FromController, { t: T }>;
