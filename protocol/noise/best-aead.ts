/**
 * ChaCha20-Poly1305 (RFC 8439) as the tunnel uses it, and the choice of its implementation: sodium-native, whose cost
 * per record is lowest, else node:crypto, else @noble/ciphers, which is loaded only then. The tests hold the three against
 * each other.
 */
import type { Aead } from './aead.ts';
import { nodeAead } from './aead-node.ts';
import { sodiumAead } from './aead-sodium.ts';

/** The implementation this process seals and opens with. */
export const aead: Aead = sodiumAead ?? nodeAead ?? (await import('./aead-noble.ts')).nobleAead;
