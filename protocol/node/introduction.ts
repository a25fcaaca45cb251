/**
 * What a node says of itself on a control channel before anything else (WIRE A4): `hello` where the controller knows it,
 * `enrol` where it does not, each signed over the handshake, so that it is worth nothing on another channel.
 */
import type { FromNode } from '../control.ts';
import { encodeKey, sign, type SigningKey } from '../keys.ts';
import { version } from '../version.ts';
import type { Identity } from './identity.ts';

/** How a node that has not enrolled, or whose session ended, proves that it may: WIRE A4 `enrol`. */
export type Credential = (
  | { readonly secret: string }
  | { readonly code: true }
  | { readonly loopback: { readonly port: number; readonly challenge: string } }
) & {
  /** The name of a resource for whose sake a person signs in again. */
  readonly for?: string;
};

/** What stays the same of a node for as long as it runs. */
export interface NodeSelf {
  readonly kind: 'device' | 'connector' | 'relay';
  readonly identity: Identity;
  readonly name: string;
  readonly os: string;
  /** A relay's own public URL. */
  readonly relayUrl?: string;
  /** The newest epoch that a verifier knows of. */
  epoch?(): number;
}

/** This start of the process, and the channel that is spoken on. */
interface Occasion {
  readonly boot: string;
  readonly handshakeHash: Buffer;
}

/** @param machineKey of the pair that the channel was opened with */
export function helloMessage(
  self: NodeSelf,
  {
    node,
    boot,
    machineKey,
    handshakeHash,
  }: Occasion & { readonly node: string; readonly machineKey: SigningKey },
): FromNode {
  return {
    t: 'hello',
    kind: self.kind,
    node,
    boot,
    version,
    mk: encodeKey(machineKey.publicKey),
    sig: sign(machineKey, 'control', [handshakeHash]).toString('base64url'),
    ...relayUrlOf(self),
    ...(self.epoch === undefined ? {} : { epoch: self.epoch() }),
    ...understoodBy(self),
  };
}

export function enrolMessage(
  self: NodeSelf,
  credential: Credential,
  { boot, handshakeHash }: Occasion,
): FromNode {
  const { machineKey, nodeKey } = self.identity;
  return {
    t: 'enrol',
    kind: self.kind,
    ...credential,
    name: self.name,
    os: self.os,
    boot,
    version,
    mk: encodeKey(machineKey.publicKey),
    nk: encodeKey(nodeKey.publicKey),
    sig: sign(machineKey, 'enrol', [handshakeHash, nodeKey.publicKey]).toString('base64url'),
    ...relayUrlOf(self),
    ...understoodBy(self),
  };
}

function understoodBy({ kind }: NodeSelf): { narrowed?: true; keeps?: true } {
  if (kind === 'device') return { keeps: true };
  return kind === 'connector' ? { narrowed: true } : {};
}

function relayUrlOf({ relayUrl }: NodeSelf): { url?: string } {
  return relayUrl === undefined ? {} : { url: relayUrl };
}
