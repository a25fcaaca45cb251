/**
 * Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s without I/O: bytes in, bytes out. The initiator knows the responder's static
 * key; the responder learns the initiator's from message 1. The pre-shared key is due only at message 2, so it may come
 * from what message 1 carried.
 *
 *     <- s
 *     ...
 *     -> e, es, s, ss
 *     <- e, ee, se, psk
 *
 * Any failure is `undefined` and final: the object refuses further use by throwing a plain Error.
 */
import type { KeyObject } from 'node:crypto';
import { agreeWith, peerKey, type AgreementKey } from '../keys.ts';
import { keyBytes, tagBytes } from './aead.ts';
import { SymmetricState } from './symmetric-state.ts';

const protocolName = 'Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s';

/** Message 1 without its payload: e, sealed s, tag of the payload. */
const firstOverheadBytes = keyBytes + keyBytes + tagBytes + tagBytes;
/** Message 2 without its payload: e, tag of the payload. */
export const secondOverheadBytes = keyBytes + tagBytes;

/** What a completed handshake leaves, seen from one side. The caller owns and erases the secrets. */
export interface HandshakeResult {
  readonly send: Buffer;
  readonly receive: Buffer;
  readonly resumeSecret: Buffer;
  /** 32 bytes both sides share and nobody else can produce; not secret. */
  readonly hash: Buffer;
}

/** @param ephemeral a fresh key for this handshake alone */
export interface HandshakeOptions {
  readonly own: AgreementKey;
  readonly ephemeral: AgreementKey;
  readonly prologue: Uint8Array;
}

export class Initiator {
  readonly #options: HandshakeOptions;
  readonly #peer: Buffer;
  readonly #symmetric: SymmetricState;
  #state: 'fresh' | 'waiting' | 'done' = 'fresh';

  /** @param peer the responder's static key, 32 bytes */
  constructor(options: HandshakeOptions & { readonly peer: Buffer }) {
    this.#options = options;
    this.#peer = options.peer;
    this.#symmetric = begin(options.prologue, options.peer);
  }

  /** Message 1 around `payload`; undefined when the responder's key is a low-order point. */
  writeFirst(payload: Buffer): Buffer | undefined {
    this.#state = step(this.#state, 'fresh', 'waiting');
    const { own, ephemeral } = this.#options;
    const s = this.#symmetric;
    const peer = peerKey(this.#peer);
    // -> e
    s.mixHash(ephemeral.publicKey);
    s.mixKey(ephemeral.publicKey);
    // es
    if (!mixAgreement(s, ephemeral, peer)) return this.#fail();
    // s
    const sealedStatic = s.encryptAndHash(own.publicKey);
    // ss
    if (!mixAgreement(s, own, peer)) return this.#fail();
    return Buffer.concat([ephemeral.publicKey, sealedStatic, s.encryptAndHash(payload)]);
  }

  /** Opens message 2; undefined for anything but the genuine one. */
  readSecond(message: Buffer, psk: Buffer): { payload: Buffer; result: HandshakeResult } | undefined {
    this.#state = step(this.#state, 'waiting', 'done');
    if (message.length < secondOverheadBytes) return this.#fail();
    const { own, ephemeral } = this.#options;
    const s = this.#symmetric;
    // <- e
    const peerEphemeral = message.subarray(0, keyBytes);
    s.mixHash(peerEphemeral);
    s.mixKey(peerEphemeral);
    // ee, se
    const theirs = peerKey(peerEphemeral);
    if (!mixAgreement(s, ephemeral, theirs)) return this.#fail();
    if (!mixAgreement(s, own, theirs)) return this.#fail();
    // psk
    s.mixKeyAndHash(psk);
    const payload = s.decryptAndHash(message.subarray(keyBytes));
    if (payload === undefined) return this.#fail();
    const keys = s.split();
    return {
      payload,
      result: { send: keys.first, receive: keys.second, resumeSecret: keys.third, hash: s.hash },
    };
  }

  #fail(): undefined {
    this.#state = 'done';
    this.#symmetric.erase();
    return undefined;
  }
}

export class Responder {
  readonly #options: HandshakeOptions;
  readonly #symmetric: SymmetricState;
  #state: 'fresh' | 'read' | 'done' = 'fresh';
  /** Ephemeral and static. */
  #theirs: { readonly ephemeral: KeyObject; readonly own: KeyObject } | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#symmetric = begin(options.prologue, options.own.publicKey);
  }

  /**
   * Opens message 1; undefined for anything malformed or forged. The peer's static key is authentic but may come from a
   * replay: nothing may happen for it before a first record of the new keys has opened.
   */
  readFirst(message: Buffer): { peer: Buffer; payload: Buffer } | undefined {
    this.#state = step(this.#state, 'fresh', 'read');
    if (message.length < firstOverheadBytes) return this.#fail();
    const { own } = this.#options;
    const s = this.#symmetric;
    // -> e
    const peerEphemeral = Buffer.from(message.subarray(0, keyBytes));
    s.mixHash(peerEphemeral);
    s.mixKey(peerEphemeral);
    // es
    const theirEphemeral = peerKey(peerEphemeral);
    if (!mixAgreement(s, own, theirEphemeral)) return this.#fail();
    // s
    const staticEnd = keyBytes + keyBytes + tagBytes;
    const peer = s.decryptAndHash(message.subarray(keyBytes, staticEnd));
    if (peer === undefined) return this.#fail();
    // ss
    const theirOwn = peerKey(peer);
    if (!mixAgreement(s, own, theirOwn)) return this.#fail();
    const payload = s.decryptAndHash(message.subarray(staticEnd));
    if (payload === undefined) return this.#fail();
    this.#theirs = { ephemeral: theirEphemeral, own: theirOwn };
    return { peer, payload };
  }

  /** Message 2 around `payload`, and the keys; undefined when the initiator's keys do not allow it. */
  writeSecond(payload: Buffer, psk: Buffer): { message: Buffer; result: HandshakeResult } | undefined {
    this.#state = step(this.#state, 'read', 'done');
    const theirs = this.#theirs;
    if (theirs === undefined) throw new Error('message 1 was not read');
    const { ephemeral } = this.#options;
    const s = this.#symmetric;
    // <- e
    s.mixHash(ephemeral.publicKey);
    s.mixKey(ephemeral.publicKey);
    // ee, se
    if (!mixAgreement(s, ephemeral, theirs.ephemeral)) return this.#fail();
    if (!mixAgreement(s, ephemeral, theirs.own)) return this.#fail();
    // psk
    s.mixKeyAndHash(psk);
    const message = Buffer.concat([ephemeral.publicKey, s.encryptAndHash(payload)]);
    const keys = s.split();
    return {
      message,
      result: { send: keys.second, receive: keys.first, resumeSecret: keys.third, hash: s.hash },
    };
  }

  #fail(): undefined {
    this.#state = 'done';
    this.#symmetric.erase();
    return undefined;
  }
}

/** Name, prologue and the pre-message `<- s`. */
function begin(prologue: Uint8Array, responderKey: Buffer): SymmetricState {
  const symmetric = new SymmetricState(protocolName);
  symmetric.mixHash(prologue);
  symmetric.mixHash(responderKey);
  return symmetric;
}

/** False when the result is zero (a low-order point): the handshake must end. */
function mixAgreement(symmetric: SymmetricState, own: AgreementKey, peer: KeyObject): boolean {
  const shared = agreeWith(own, peer);
  if (shared === undefined) return false;
  symmetric.mixKey(shared);
  shared.fill(0);
  return true;
}

function step<S extends string>(state: S, from: S, to: S): S {
  if (state !== from) throw new Error(`the handshake is ${state}, not ${from}`);
  return to;
}
