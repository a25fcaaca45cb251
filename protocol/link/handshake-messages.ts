/**
 * INIT and RESP of WIRE A6 around the Noise handshake: flags, the ML-KEM-768 exchange whose secret becomes the
 * pre-shared key, mac1, and what message 2 says. Bytes in, bytes out; strict in every field.
 */
import {
  createPublicKey,
  decapsulate,
  encapsulate,
  generateKeyPairSync,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { agreementKeyFrom, type AgreementKey } from '../keys.ts';
import { blake2s } from '../noise/blake2s.ts';
import { Initiator, Responder, secondOverheadBytes, type HandshakeResult } from '../noise/handshake.ts';
import type { Random } from '../clock.ts';
import { maxStreams } from '../mux/frames.ts';
import { protocolVersion } from '../version.ts';

const flagKem = 1;
const mac1Bytes = 16;
const sessionIdBytes = 16;
const encapsulationKeyBytes = 1_184;
const ciphertextBytes = 1_088;
const welcomeBytes = 1 + sessionIdBytes + 4;
/** What precedes a raw ML-KEM-768 key in SPKI (FIPS 203, RFC 9935). */
const kemSpki = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex');
const noPsk = Buffer.alloc(32);

/** What both sides of a handshake are given. */
export interface HandshakeSide {
  readonly own: AgreementKey;
  readonly prologue: Uint8Array;
  /** Initiator: offers the KEM. Responder: takes it when offered. */
  readonly kem: boolean;
  readonly random: Random;
}

/** What a completed handshake says beside its keys. */
export interface HandshakeOutcome {
  readonly result: HandshakeResult;
  readonly peer: Buffer;
  readonly sessionId: Buffer;
  /** Streams the responder takes at once. */
  readonly maxStreams: number;
  readonly kem: boolean;
}

/** The prologue of a tunnel into a network. */
export function tunnelPrologue(networkId: string): Buffer {
  return Buffer.from(`postern/1 tunnel\0${networkId}`);
}

/** The prologue of a control channel. */
export const controlPrologue = Buffer.from('postern/1 control\0');

/** The mac1 of an INIT's Noise message: proves, cheaply, that the sender knows the responder's key. */
export function mac1(responderKey: Uint8Array, message: Uint8Array): Buffer {
  const key = blake2s(Buffer.from('postern/1 mac1\0'), responderKey);
  return blake2s(key, message).subarray(0, mac1Bytes);
}

/** The initiator's half of one handshake. */
export class InitSender {
  readonly #initiator: Initiator;
  readonly #peer: Buffer;
  readonly #decapsulationKey: KeyObject | undefined;
  readonly #encapsulationKey: Buffer | undefined;

  constructor(side: HandshakeSide, peer: Buffer) {
    this.#peer = peer;
    this.#initiator = new Initiator({ ...side, ephemeral: ephemeralFrom(side.random), peer });
    if (!side.kem) return;
    const pair = generateKeyPairSync('ml-kem-768');
    this.#decapsulationKey = pair.privateKey;
    this.#encapsulationKey = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(kemSpki.length);
  }

  /** The body of INIT, with mac1 unless it is a rekey; undefined when the peer's key is a low-order point. */
  write(isRekey: boolean): Buffer | undefined {
    const kem = this.#encapsulationKey;
    const payload = kem === undefined ? Buffer.from([0]) : Buffer.concat([Buffer.from([flagKem]), kem]);
    const message = this.#initiator.writeFirst(payload);
    if (message === undefined || isRekey) return message;
    return Buffer.concat([message, mac1(this.#peer, message)]);
  }

  /** Reads the body of RESP; undefined for anything but the genuine one. */
  read(body: Buffer): HandshakeOutcome | undefined {
    const flags = body[0];
    if (flags !== 0 && !(flags === flagKem && this.#decapsulationKey !== undefined)) return undefined;
    const kem = flags === flagKem;
    const messageStart = kem ? 1 + ciphertextBytes : 1;
    if (body.length !== messageStart + secondOverheadBytes + welcomeBytes) return undefined;
    const psk = kem ? this.#decapsulate(body.subarray(1, messageStart)) : noPsk;
    const read = this.#initiator.readSecond(body.subarray(messageStart), psk);
    if (read === undefined || read.payload[0] !== protocolVersion) return undefined;
    return {
      result: read.result,
      peer: this.#peer,
      sessionId: Buffer.from(read.payload.subarray(1, 1 + sessionIdBytes)),
      maxStreams: read.payload.readUInt32BE(1 + sessionIdBytes),
      kem,
    };
  }

  #decapsulate(ciphertext: Buffer): Buffer {
    const shared = decapsulate(this.#decapsulationKey as KeyObject, ciphertext);
    return pskOf(shared, ciphertext, this.#encapsulationKey as Buffer);
  }
}

/** Whether the INIT body ends with the right mac1 for this responder key. Costs no Diffie-Hellman. */
export function hasMac1(body: Buffer, own: AgreementKey): boolean {
  if (body.length <= mac1Bytes) return false;
  const end = body.length - mac1Bytes;
  return timingSafeEqual(body.subarray(end), mac1(own.publicKey, body.subarray(0, end)));
}

/**
 * Answers an INIT body whose mac1 was checked (or that is a rekey): the body of RESP and the keys. Undefined for
 * anything malformed or forged.
 */
export function answerInit(
  side: HandshakeSide,
  body: Buffer,
  isRekey: boolean,
): { readonly resp: Buffer; readonly outcome: HandshakeOutcome } | undefined {
  const responder = new Responder({ ...side, ephemeral: ephemeralFrom(side.random) });
  const read = responder.readFirst(isRekey ? body : body.subarray(0, body.length - mac1Bytes));
  if (read === undefined) return undefined;
  const flags = read.payload[0];
  const offered = flags === flagKem;
  if (flags !== 0 && !offered) return undefined;
  if (read.payload.length !== (offered ? 1 + encapsulationKeyBytes : 1)) return undefined;
  const kem = offered && side.kem ? encapsulateTo(read.payload.subarray(1)) : undefined;
  if (kem === null) return undefined;
  const sessionId = side.random(sessionIdBytes);
  const welcome = Buffer.alloc(welcomeBytes);
  welcome[0] = protocolVersion;
  sessionId.copy(welcome, 1);
  welcome.writeUInt32BE(maxStreams, 1 + sessionIdBytes);
  const written = responder.writeSecond(welcome, kem?.psk ?? noPsk);
  if (written === undefined) return undefined;
  const head = kem === undefined ? [Buffer.from([0])] : [Buffer.from([flagKem]), kem.ciphertext];
  return {
    resp: Buffer.concat([...head, written.message]),
    outcome: { result: written.result, peer: read.peer, sessionId, maxStreams, kem: kem !== undefined },
  };
}

/** Null when the key is malformed. */
function encapsulateTo(raw: Buffer): { psk: Buffer; ciphertext: Buffer } | null {
  try {
    const key = createPublicKey({ key: Buffer.concat([kemSpki, raw]), format: 'der', type: 'spki' });
    const { sharedKey, ciphertext } = encapsulate(key);
    return { psk: pskOf(sharedKey, ciphertext, raw), ciphertext };
  } catch {
    return null;
  }
}

function pskOf(shared: Uint8Array, ciphertext: Uint8Array, encapsulationKey: Uint8Array): Buffer {
  return blake2s(Buffer.from('postern/1 kem\0'), shared, ciphertext, encapsulationKey);
}

function ephemeralFrom(random: Random): AgreementKey {
  const secret = random(32);
  const key = agreementKeyFrom(secret);
  secret.fill(0);
  return key;
}
