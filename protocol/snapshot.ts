/**
 * Everything a node should know, as schemas: the snapshot of a device, of a connector and of a relay (WIRE A4). Comes whole
 * with the first message of a channel, and changes by patches (`snapshot-patch.ts`).
 */
import { Type, type Static } from 'typebox';
import { RecordType } from './dns-records.ts';
import { ShortName } from './document-forms.ts';
import { pattern32Bytes } from './encoding.ts';
import { maxEndpointLength, maxEndpoints } from './endpoints.ts';
import { idPattern } from './ids.ts';
import { PostureWanted } from './posture-facts.ts';
import { AssertionJwk, ConnectorPass, ConnectorWeb, WebStart } from './web-resource.ts';

const key = Type.String({ pattern: pattern32Bytes });

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
  /** Records that it may be asked for besides addresses. */
  dns: Type.Optional(Type.Array(RecordType)),
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
  /** It takes no new flows: what is open there may end, and nothing else is asked of it. */
  drained: Type.Optional(Type.Literal(true)),
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
  /** When the person last signed in on this device; epoch seconds, as `until`. */
  began: Type.Optional(Type.Integer()),
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
  posture: Type.Optional(PostureWanted),
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
  /** Records that are told besides addresses. */
  dns: Type.Optional(Type.Array(RecordType)),
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
  /** Whether an administrator keeps new flows and browsers away from it. */
  drained: Type.Optional(Type.Boolean()),
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
