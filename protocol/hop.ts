/**
 * What a node and a relay agree on before frames flow (WIRE A5): the challenge, the proof of the machine key, and the
 * payloads with which circuits are opened.
 */
import { createHash } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { fromBase64Url } from './encoding.ts';
import { idPattern, type RelayId } from './ids.ts';
import { decodeKey, sign, verify, type SigningKey } from './keys.ts';

export const hopPath = '/hop';
export const hopSubprotocol = 'postern.hop.v1';
/** Most bytes of one WebSocket message on the hop. */
export const maxHopMessageBytes = 131_072;

/** Relay → node, first: what to sign, and who asks. */
export const Challenge = Type.Object({
  nonce: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  relay: Type.String({ pattern: idPattern('rly') }),
});
/** Node → relay: its ticket, and the proof that it holds the machine key inside. */
export const Attach = Type.Object({
  ticket: Type.String({ maxLength: 16_384 }),
  sig: Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' }),
});
/** Relay → node: frames may flow. */
export const Attached = Type.Object({ ok: Type.Literal(true) });

/** OPEN payload towards the relay: whom to call. */
export const CallPeer = Type.Object({ peer: Type.String({ pattern: idPattern('con') }) });
/** OPEN payload from the relay: who calls. */
export const CalledBy = Type.Object({ from: Type.String({ pattern: idPattern() }) });

export type Challenge = Static<typeof Challenge>;
export type Attach = Static<typeof Attach>;

/** The proof for a challenge: Ed25519 over relay id ‖ nonce ‖ SHA-256(ticket), use `attach`. */
export function signAttach(
  machineKey: SigningKey,
  relay: RelayId,
  nonce: Uint8Array,
  ticket: string,
): string {
  return sign(machineKey, 'attach', attachFields(relay, nonce, ticket)).toString('base64url');
}

/** Whether the proof was made with the machine key (base64url) for this relay, nonce and ticket. */
export function verifyAttach(
  machineKey: string,
  relay: RelayId,
  nonce: Uint8Array,
  { ticket, sig }: Attach,
): boolean {
  const key = decodeKey(machineKey);
  const signature = fromBase64Url(sig);
  if (key === undefined || signature === undefined) return false;
  return verify(key, 'attach', attachFields(relay, nonce, ticket), signature);
}

function attachFields(relay: RelayId, nonce: Uint8Array, ticket: string): Uint8Array[] {
  return [Buffer.from(relay), nonce, createHash('sha256').update(ticket).digest()];
}
