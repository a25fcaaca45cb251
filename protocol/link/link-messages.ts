/**
 * The messages of the link (WIRE A7) as bytes: their kinds, exact lengths, and the proof by which a session continues on
 * another carrier. Strict in both directions; knows neither time nor state.
 */
import { timingSafeEqual } from 'node:crypto';
import { codes, type CodeName } from '../errors.ts';
import { hmacBlake2s } from '../noise/blake2s.ts';

/** First byte of every plaintext. */
export const linkKinds = {
  record: 0,
  start: 1,
  resume: 2,
  resumed: 3,
  gone: 4,
  ack: 5,
  ping: 6,
  pong: 7,
  bye: 8,
} as const;

const proofBytes = 16;
const resumeBytes = 1 + 16 + 4 + 8 + proofBytes;

/** Exact lengths of the kinds that have one, the kind byte included. */
const lengths: Readonly<Record<number, number>> = {
  [linkKinds.start]: 1,
  [linkKinds.resume]: resumeBytes,
  [linkKinds.resumed]: 9,
  [linkKinds.gone]: 3,
  [linkKinds.ack]: 9,
  [linkKinds.ping]: 9,
  [linkKinds.pong]: 9,
  [linkKinds.bye]: 11,
};

/** Whether a message that is no record has the length of its kind. */
export function hasForm(plaintext: Buffer): boolean {
  return plaintext.length === lengths[plaintext[0] as number];
}

/** What a RESUME says. */
export interface ResumeRequest {
  /** The responder's name for the session, from its first handshake; 16 bytes. */
  readonly sessionId: Buffer;
  /** Grows with each attempt of the session. */
  readonly generation: number;
  /** Records the initiator has. */
  readonly received: number;
}

/** RESUME with its proof over the handshake of the new carrier. */
export function encodeResume(request: ResumeRequest, secret: Buffer, handshakeHash: Buffer): Buffer {
  const message = Buffer.alloc(resumeBytes);
  message[0] = linkKinds.resume;
  request.sessionId.copy(message, 1);
  message.writeUInt32BE(request.generation, 17);
  message.writeBigUInt64BE(BigInt(request.received), 21);
  resumeProof(message, secret, handshakeHash).copy(message, 29);
  return message;
}

/** What a RESUME of the right length says, unproven. */
export function decodeResume(message: Buffer): ResumeRequest {
  return {
    sessionId: message.subarray(1, 17),
    generation: message.readUInt32BE(17),
    received: Number(message.readBigUInt64BE(21)),
  };
}

/** Whether the sender of this RESUME took part in the first handshake of the session. In constant time. */
export function provesResume(message: Buffer, secret: Buffer, handshakeHash: Buffer): boolean {
  return timingSafeEqual(message.subarray(29), resumeProof(message, secret, handshakeHash));
}

function resumeProof(message: Buffer, secret: Buffer, handshakeHash: Buffer): Buffer {
  const said = message.subarray(1, 29);
  return hmacBlake2s(secret, Buffer.from('postern/1 resume\0'), handshakeHash, said).subarray(0, proofBytes);
}

/** RESUMED or ACK: how many records have arrived. */
export function encodeReceived(
  kind: typeof linkKinds.resumed | typeof linkKinds.ack,
  received: number,
): Buffer {
  const message = Buffer.allocUnsafe(9);
  message[0] = kind;
  message.writeBigUInt64BE(BigInt(received), 1);
  return message;
}

export function decodeReceived(message: Buffer): number {
  return Number(message.readBigUInt64BE(1));
}

export function encodeGone(code: CodeName): Buffer {
  const message = Buffer.allocUnsafe(3);
  message[0] = linkKinds.gone;
  message.writeUInt16BE(codes[code], 1);
  return message;
}

/** @param last the number of the last record */
export function encodeBye(code: CodeName, last: number): Buffer {
  const message = Buffer.allocUnsafe(11);
  message[0] = linkKinds.bye;
  message.writeUInt16BE(codes[code], 1);
  message.writeBigUInt64BE(BigInt(last), 3);
  return message;
}

/** PING or PONG with 8 bytes that come back. */
export function encodePing(kind: typeof linkKinds.ping | typeof linkKinds.pong, payload: Buffer): Buffer {
  const message = Buffer.allocUnsafe(9);
  message[0] = kind;
  payload.copy(message, 1);
  return message;
}
