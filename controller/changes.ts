/**
 * What has just changed in an organisation, as told to whoever has to act on it: rights are decided anew, what was lost
 * is revoked, and nodes hear of it. Published after the change is committed, never from inside a transaction.
 */
import type { Id, NetworkId, NodeId, DeviceId, OrganisationId } from '../protocol/ids.ts';
import type { OverCause } from './exposures/end-exposures.ts';
import type { Exposure } from './exposures/exposure.ts';
import type { Applied } from './organisation/apply-document.ts';

export type Change =
  | { readonly kind: 'document'; readonly applied: Applied }
  /** Sessions that have just ended in the store; `reason` is a code for logs and for the person, e.g. `logout`. */
  | { readonly kind: 'sessions-ended'; readonly sessions: readonly Id<'ses'>[]; readonly reason: string }
  /** A device's approval, posture or session is new. */
  | { readonly kind: 'device'; readonly device: DeviceId }
  /** Something is known of these devices that was not known before, such as verdicts of others. */
  | { readonly kind: 'devices'; readonly devices: readonly DeviceId[] }
  /** A person's groups, e-mail address or name are new. */
  | { readonly kind: 'person'; readonly person: Id<'usr'> }
  /** The same of many at once, as when a directory fills a group. */
  | { readonly kind: 'people'; readonly people: readonly Id<'usr'>[] }
  /** A request of this person was approved or is over; `cause` is a code for logs and for the person. */
  | { readonly kind: 'request'; readonly person: Id<'usr'>; readonly cause: string }
  /** Something is exposed, or its connector has joined; `over`: it is not any more, and why. */
  | { readonly kind: 'exposure'; readonly exposure: Exposure; readonly over?: OverCause }
  /** Service tokens or device passes came or went, or may do something else. */
  | { readonly kind: 'passes'; readonly revoked: readonly Id<'tok'>[] }
  /** The operator's file of countries is new: addresses may lie elsewhere now. */
  | { readonly kind: 'countries' }
  /**
   * Connectors or relays came, went or moved; `relay`: a relay did, which may serve other organisations too; `network`: only
   * connectors of this one did.
   */
  | { readonly kind: 'servers'; readonly relay?: boolean; readonly network?: NetworkId }
  /** A node is gone for good: its id is revoked and its channel closed. */
  | { readonly kind: 'node-removed'; readonly node: NodeId }
  /** A waiting login attempt was answered with this session. */
  | { readonly kind: 'login'; readonly attempt: string };

/** Acts on a change; resolves when what was lost is revoked in the store and on its way to every verifier. */
export type Publish = (organisation: OrganisationId, change: Change) => Promise<void>;
