/**
 * What a node and a relay say to each other before and around mux frames (WIRE A5): the attach messages, as JSON in
 * text messages, the proof that binds a ticket to the machine key, and the payloads of OPEN. Frames go in binary ones.
 */
import { createHash } from 'node:crypto';
import { fromBase64Url, toBase64Url } from './encoding.ts';
import { isIP } from 'node:net';
import { parseName, type Name } from './names.ts';
import { parseId, type ConnectorId, type DeviceId, type NodeId, type RelayId } from './ids.ts';
import { decodeKey, sign, verify, type SigningKey } from './keys.ts';

export const hopPath = '/hop';
export const hopSubprotocol = 'postern.hop.v1';
/** The largest WebSocket message, either way. */
export const hopMaxPayload = 131_072;
export const nonceBytes = 32;
/** Challenge, answer and verdict must all have come within this. */
export const attachMs = 5_000;

/** Relay → node, first. The node checks that it reached the relay it meant. */
export interface Challenge {
  readonly nonce: Buffer;
  readonly relay: RelayId;
}

/** Node → relay; also later, when it has a newer ticket, over the same nonce. */
export interface Attach {
  readonly ticket: string;
  readonly sig: Buffer;
}

export function encodeChallenge({ nonce, relay }: Challenge): string {
  return JSON.stringify({ nonce: toBase64Url(nonce), relay });
}

/** Undefined for anything else. */
export function decodeChallenge(text: string): Challenge | undefined {
  const message = parse(text);
  const relay = parseId('rly', message?.['relay']);
  const nonce = bytesOf(message?.['nonce'], nonceBytes);
  return relay === undefined || nonce === undefined ? undefined : { nonce, relay };
}

export function encodeAttach({ ticket, sig }: Attach): string {
  return JSON.stringify({ ticket, sig: toBase64Url(sig) });
}

/** Undefined for anything else. */
export function decodeAttach(text: string): Attach | undefined {
  const message = parse(text);
  const ticket = message?.['ticket'];
  const sig = bytesOf(message?.['sig'], 64);
  return typeof ticket !== 'string' || sig === undefined ? undefined : { ticket, sig };
}

/** Relay → node: attached. A refusal is a close code instead. */
export const attachedMessage = JSON.stringify({ ok: true });

/** The signature of an `Attach`: this machine key, this relay, this nonce, this ticket. */
export function signAttach(key: SigningKey, challenge: Challenge, ticket: string): Buffer {
  return sign(key, 'attach', proofFields(challenge, ticket));
}

/** @param machineKey as the ticket names it, base64url */
export function verifyAttach(machineKey: string, challenge: Challenge, attach: Attach): boolean {
  const key = decodeKey(machineKey);
  return key !== undefined && verify(key, 'attach', proofFields(challenge, attach.ticket), attach.sig);
}

/** OPEN, node → relay: join me with this connector. */
export function encodePeer(peer: ConnectorId): Buffer {
  return Buffer.from(JSON.stringify({ peer }));
}

/** Undefined for anything else. */
export function decodePeer(payload: Buffer): ConnectorId | undefined {
  return parseId('con', parse(payload.toString())?.['peer']);
}

/** OPEN, relay → connector: this node wants to talk. */
export function encodeFrom(from: NodeId): Buffer {
  return Buffer.from(JSON.stringify({ from }));
}

/** Undefined for anything else. */
export function decodeFrom(payload: Buffer): DeviceId | ConnectorId | undefined {
  const from = parse(payload.toString())?.['from'];
  return parseId('dev', from) ?? parseId('con', from);
}

/** A browser's TLS connection as the relay saw it: the name it asked for, and where it comes from. */
export interface WebCaller {
  readonly sni: Name;
  readonly addr: string;
  readonly port: number;
}

/** OPEN, relay → connector: this browser's TLS bytes. */
export function encodeWeb({ sni, addr, port }: WebCaller): Buffer {
  return Buffer.from(JSON.stringify({ sni, addr, port }));
}

/**
 * Undefined for anything else. An address has no zone, which means something on the relay's machine only; without one none is
 * longer than 45 characters.
 */
export function decodeWeb(payload: Buffer): WebCaller | undefined {
  const { sni, addr, port } = parse(payload.toString()) ?? {};
  const name = typeof sni === 'string' ? parseName(sni) : undefined;
  if (name === undefined || name !== sni) return undefined;
  if (typeof addr !== 'string' || isIP(addr) === 0 || addr.includes('%')) return undefined;
  const isPort = typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535;
  return isPort ? { sni: name, addr, port } : undefined;
}

function proofFields({ relay, nonce }: Challenge, ticket: string): Uint8Array[] {
  return [Buffer.from(relay), nonce, createHash('sha256').update(ticket).digest()];
}

function bytesOf(value: unknown, length: number): Buffer | undefined {
  const bytes = typeof value === 'string' ? fromBase64Url(value) : undefined;
  return bytes?.length === length ? bytes : undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
