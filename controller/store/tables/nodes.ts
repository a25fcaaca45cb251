/** Tables of devices, connectors and relays: keys, what they were given, what was taken away, what is said of them. */
import type { Id, NetworkId, NodeId, OrganisationId } from '../../../protocol/ids.ts';

export type NodeKind = 'device' | 'connector' | 'relay';

/** `held`: a device that may use nothing before an administrator approves it. */
export type Approval = 'none' | 'held' | 'approved';

/** `suspended`: two copies of its key were seen; its owner must sign in again. `blocked`: by an administrator. */
export type NodeState = 'active' | 'suspended' | 'blocked';

export interface NodesTable {
  organisation: OrganisationId;
  id: NodeId;
  kind: NodeKind;
  /** Machine and node public keys, base64url. */
  mk: string;
  nk: string;
  name: string;
  os: string;
  version: string;
  /** A connector's network. */
  network: NetworkId | null;
  /** A device's person or service account. */
  owner: string | null;
  approval: Approval;
  state: NodeState;
  /** A relay's public URL. */
  url: string | null;
  address: string | null;
  created_ms: number;
  seen_ms: number;
  /** JSON of the last posture facts, and when they were reported. */
  posture: string | null;
  posture_ms: number | null;
  /** The serial number in that report, without blanks and in upper case. */
  serial: string | null;
  /** Highest sequence number of the connector's flow records in the audit log. */
  received_seq: number;
  /** When somebody last signed in on this device; its expiry counts from here. Null for connectors and relays. */
  signed_in_ms: number | null;
  /** Who gave the device its name, which then outlives what the device calls itself. */
  named_by: string | null;
  /** When the owner said that they know this device; null: it is still news to them. */
  acknowledged_ms: number | null;
  /** When the keys that count now were made known. */
  keys_ms: number | null;
  /** JSON of the endpoints that a connector published; null for none. */
  direct: string | null;
  /** A connector's: JSON of the certificates it last reported, and of the keys that verify its assertions. */
  certificates: string | null;
  assertion_keys: string | null;
  /** A connector's: since when it takes no new flows, as an administrator said; null while it does. */
  drained_ms: number | null;
}

/** What others are told of connectors and relays is made of these: all of a network's are read for each node that comes. */
export const serverColumns = [
  'id',
  'kind',
  'nk',
  'network',
  'url',
  'seen_ms',
  'direct',
  'assertion_keys',
  'drained_ms',
] as const satisfies readonly (keyof NodesTable)[];

export type ServerRow = Pick<NodesTable, (typeof serverColumns)[number]>;

/** Boot ids of devices. One is current; the others were fenced when a newer one came. */
export interface BootsTable {
  organisation: OrganisationId;
  node: NodeId;
  boot: string;
  fenced_ms: number | null;
  seen_ms: number;
}

/** How many control channels each node has begun, at whichever controllers. */
export interface ChannelsTable {
  organisation: OrganisationId;
  node: NodeId;
  number: number;
}

export type KeyPurpose = 'connector' | 'relay' | 'service';

export interface EnrolmentKeysTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  kind: 'pk' | 'sk';
  hash: string;
  purpose: KeyPurpose;
  /** The id of the network or service account, or the name of the relay. */
  target: string;
  /** Null: any number. */
  uses_left: number | null;
  expires_ms: number | null;
  created_ms: number;
  created_by: string;
}

/** Tickets and grants that may still be in force: what a revocation has to name, and what their texts are signed of. */
export interface IssuedTokensTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  kind: 'ticket' | 'grant';
  node: NodeId;
  session: Id<'ses'> | null;
  network: NetworkId | null;
  /** JSON of what a grant carries (`storedRights`), or of a ticket’s terms. */
  resources: string;
  /** JSON of who a grant says its holder is (`whoText`); null for a ticket, and for what was issued before 0.3. */
  who: string | null;
  issued_ms: number;
  expires_ms: number;
  /** When the key it is bound to was rotated away; it is honoured a little longer, for the flows that are open. */
  superseded_ms: number | null;
}

/** Resources that issued grants carry, by the name under which those speak of them (`decisions/resource-lists.ts`). */
export interface ResourceListsTable {
  organisation: OrganisationId;
  hash: `#${string}`;
  /** JSON array of ids. */
  ids: string;
  /** By then whatever names it has expired. */
  until_ms: number;
}

export interface RevocationsTable {
  organisation: OrganisationId;
  epoch: number;
  /** JSON array of ids and of `{grants, resources}`: those grants without those resources. */
  ids: string;
  reason: string;
  at_ms: number;
  /** When everything it names has expired by itself. */
  until_ms: number;
}

/** Who says from outside which devices are compliant. */
export interface PostureSourcesTable {
  organisation: OrganisationId;
  name: string;
  /** The webhook's secret or the token it is asked with, sealed with the secret key; null where it has none. */
  secret: Uint8Array | null;
  /** When it last said something that was taken, and what was wrong with what it said after that. */
  heard_ms: number | null;
  fault: string | null;
}

/** The last word of each source on each device. */
export interface PostureVerdictsTable {
  organisation: OrganisationId;
  source: string;
  /** A device's id, or a serial number without blanks and in upper case. */
  subject: string;
  /** 1 or 0. */
  compliant: number;
  at_ms: number;
}
