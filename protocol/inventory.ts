/**
 * What administrators are shown of an organisation: people, devices, sessions, servers, what was decided. The schemas of
 * the API's lists and the types of the dashboard's tables. Times are RFC 3339 instants in UTC.
 */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';
import { Scope, TokenRole } from './roles.ts';

export const PersonEntry = Type.Object({
  id: Type.String(),
  name: Type.String(),
  email: Type.Optional(Type.String()),
  groups: Type.Array(Type.String()),
  /** Where they sign in; absent once that provider is no longer configured. */
  provider: Type.Optional(Type.String()),
  signedIn: Type.String(),
  disabled: Type.Boolean(),
  /** Whoever asks may not disable or enable them: their role is above the asking one, or they are the last owner. */
  outOfReach: Type.Optional(Type.Literal(true)),
  /** Open sessions, in browsers and on devices. */
  sessions: Type.Integer(),
});

export const ServiceAccountEntry = Type.Object({
  id: Type.String(),
  name: Type.String(),
  groups: Type.Array(Type.String()),
  disabled: Type.Boolean(),
  sessions: Type.Integer(),
});

export const DeviceEntry = Type.Object({
  id: Type.String(),
  name: Type.String(),
  os: Type.String(),
  version: Type.String(),
  owner: Type.String(),
  ownerName: Type.String(),
  approval: Type.Union([Type.Literal('none'), Type.Literal('held'), Type.Literal('approved')]),
  state: Type.Union([Type.Literal('active'), Type.Literal('suspended'), Type.Literal('blocked')]),
  online: Type.Boolean(),
  seen: Type.String(),
  /** When somebody last signed in on it, and from when on it must be let in anew. */
  signedIn: Type.Optional(Type.String()),
  expires: Type.Optional(Type.String()),
  /** When its keys were made known. */
  keys: Type.Optional(Type.String()),
  posture: Type.Optional(Type.Unknown()),
});

export const SessionEntry = Type.Object({
  id: Type.String(),
  kind: Type.Union([Type.Literal('device'), Type.Literal('browser')]),
  subject: Type.String(),
  /** A person's address or name, or the name of a service account. */
  subjectName: Type.String(),
  device: Type.Optional(Type.String()),
  deviceName: Type.Optional(Type.String()),
  /** Where the person signed in. */
  provider: Type.Optional(Type.String()),
  address: Type.String(),
  started: Type.String(),
  until: Type.String(),
});

export const AuditRow = Type.Object({
  seq: Type.Integer({
    description:
      'Orders the entries and does not count them: other organisations’ entries, and on PostgreSQL changes that were rolled back, have numbers too',
  }),
  time: Type.String(),
  who: Type.String(),
  what: Type.String(),
  resource: Type.Optional(Type.String()),
  result: Type.String(),
  reasons: Type.Array(Type.String()),
  cause: Type.Optional(Type.String()),
  detail: Type.Unknown(),
});

/** A connector or a relay. */
export const ServerEntry = Type.Object({
  id: Type.String(),
  name: Type.String(),
  network: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  version: Type.String(),
  online: Type.Boolean(),
  seen: Type.String(),
  /** Of a connector: since when an administrator keeps new flows away from it; absent while it takes them. */
  drained: Type.Optional(Type.String()),
  /** A relay inside the controller's process: it goes only with a start without it. */
  embedded: Type.Optional(Type.Literal(true)),
});

export const NetworkEntry = Type.Object({ id: Type.String(), name: Type.String() });

/** `web`: at a public hostname, or at ports where web applications are. `range`: a network of hosts. */
export const ResourceKind = Type.Enum(['web', 'database', 'ssh', 'rdp', 'vnc', 'tcp', 'udp', 'range']);

export const ResourceEntry = Type.Object({
  id: Type.String(),
  name: Type.String(),
  network: Type.String(),
  address: Type.String(),
  hosts: Type.Array(Type.String()),
  ports: Type.Array(Type.String()),
  tags: Type.Array(Type.String()),
  kind: ResourceKind,
  /** When somebody last connected to it, to a few seconds; absent where nobody ever did. */
  lastUsed: Type.Optional(Type.String()),
});

/** An enrolment key, without its text. */
export const KeyEntry = Type.Object({
  id: Type.String(),
  purpose: Type.Union([Type.Literal('connector'), Type.Literal('relay'), Type.Literal('service')]),
  name: Type.String(),
  usesLeft: Type.Union([Type.Integer(), Type.Null()]),
  expires: Type.Union([Type.String(), Type.Null()]),
  created: Type.String(),
  createdBy: Type.String(),
});

/** An API token, without its text. */
export const ApiTokenEntry = Type.Object({
  id: Type.String({ pattern: idPattern('tok') }),
  name: Type.String(),
  role: TokenRole,
  scopes: Type.Array(Scope),
  created: Type.String(),
  createdBy: Type.String(),
  /** Null for one without an end. */
  expires: Type.Union([Type.String(), Type.Null()]),
  /** To the minute. */
  lastUsed: Type.Union([Type.String(), Type.Null()]),
  /** Whether this is the token that asks. */
  current: Type.Boolean(),
});

/** One check of a posture profile and how a device stands by it. */
export const StandingCheck = Type.Object({ name: Type.String(), met: Type.Boolean(), text: Type.String() });

/** What a profile would do. */
export const DryRunOutcome = Type.Object({
  profile: Type.String(),
  /** Devices that are not blocked already. */
  devices: Type.Integer(),
  blocked: Type.Integer(),
  list: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      ownerName: Type.String(),
      /** `unknown`: a fact is missing or too old. It blocks as well. */
      met: Type.Union([Type.Boolean(), Type.Literal('unknown')]),
      checks: Type.Array(StandingCheck),
      reported: Type.Optional(Type.String()),
    }),
  ),
});

export const DeviceStanding = Type.Object({
  id: Type.String(),
  /** When it last reported; absent when it never did. */
  reported: Type.Optional(Type.String()),
  /** What it said of itself, whole. */
  facts: Type.Optional(Type.Unknown()),
  serialListed: Type.Optional(Type.Boolean()),
  verdicts: Type.Array(Type.Object({ source: Type.String(), compliant: Type.Boolean(), at: Type.String() })),
  /** Every check of every profile of the document, each once. */
  checks: Type.Array(StandingCheck),
});

/** A source of verdicts about devices. */
export const PostureSourceEntry = Type.Object({
  name: Type.String(),
  way: Type.Union([Type.Literal('webhook'), Type.Literal('poll')]),
  heard: Type.Optional(Type.String()),
  fault: Type.Optional(Type.String()),
  /** Devices and serial numbers it has spoken of. */
  verdicts: Type.Integer(),
  notCompliant: Type.Integer(),
  /** Those of which no device is known. */
  unknown: Type.Integer(),
});

export type PersonEntry = Static<typeof PersonEntry>;
export type ServiceAccountEntry = Static<typeof ServiceAccountEntry>;
export type DeviceEntry = Static<typeof DeviceEntry>;
export type SessionEntry = Static<typeof SessionEntry>;
export type AuditRow = Static<typeof AuditRow>;
export type ServerEntry = Static<typeof ServerEntry>;
export type NetworkEntry = Static<typeof NetworkEntry>;
export type ResourceKind = Static<typeof ResourceKind>;
export type ResourceEntry = Static<typeof ResourceEntry>;
export type KeyEntry = Static<typeof KeyEntry>;
export type ApiTokenEntry = Static<typeof ApiTokenEntry>;
export type StandingCheck = Static<typeof StandingCheck>;
export type DryRunOutcome = Static<typeof DryRunOutcome>;
export type DeviceStanding = Static<typeof DeviceStanding>;
export type PostureSourceEntry = Static<typeof PostureSourceEntry>;
