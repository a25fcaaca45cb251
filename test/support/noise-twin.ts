/**
 * A slow, obvious Noise handshake over our SymmetricState that reads any pattern of 25519, ChaChaPoly and BLAKE2s from
 * a table. It holds the production handshake against more published vectors than there are for its one pattern.
 */
import { agree, type AgreementKey } from '../../protocol/keys.ts';
import { SymmetricState } from '../../protocol/noise/symmetric-state.ts';

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

/** Pre-message keys that are known, then the messages, alternating from the initiator. */
const patterns: Record<
  string,
  { readonly known: readonly ('initiator' | 'responder')[]; readonly messages: Token[][] }
> = {
  N: { known: ['responder'], messages: [['e', 'es']] },
  K: { known: ['initiator', 'responder'], messages: [['e', 'es', 'ss']] },
  X: { known: ['responder'], messages: [['e', 'es', 's', 'ss']] },
  NN: { known: [], messages: [['e'], ['e', 'ee']] },
  NK: {
    known: ['responder'],
    messages: [
      ['e', 'es'],
      ['e', 'ee'],
    ],
  },
  NX: { known: [], messages: [['e'], ['e', 'ee', 's', 'es']] },
  KN: { known: ['initiator'], messages: [['e'], ['e', 'ee', 'se']] },
  KK: {
    known: ['initiator', 'responder'],
    messages: [
      ['e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  KX: { known: ['initiator'], messages: [['e'], ['e', 'ee', 'se', 's', 'es']] },
  IN: {
    known: [],
    messages: [
      ['e', 's'],
      ['e', 'ee', 'se'],
    ],
  },
  IK: {
    known: ['responder'],
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  IX: {
    known: [],
    messages: [
      ['e', 's'],
      ['e', 'ee', 'se', 's', 'es'],
    ],
  },
  XN: { known: [], messages: [['e'], ['e', 'ee'], ['s', 'se']] },
  XK: {
    known: ['responder'],
    messages: [
      ['e', 'es'],
      ['e', 'ee'],
      ['s', 'se'],
    ],
  },
  XX: { known: [], messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']] },
};

/** The pattern behind a protocol name of our suite, `psk` modifiers applied; undefined for others. */
export function patternOf(protocolName: string) {
  const match = /^Noise_([A-Z]+)((?:psk\d\+?)*)_25519_ChaChaPoly_BLAKE2s$/.exec(protocolName);
  const base = patterns[match?.[1] ?? ''];
  if (match === null || base === undefined) return undefined;
  const messages = base.messages.map((tokens) => [...tokens]);
  const modifiers = (match[2] ?? '').split('+').filter((text) => text !== '');
  for (const modifier of modifiers) {
    const place = Number(modifier.slice(3));
    if (place === 0) messages[0]?.unshift('psk');
    else messages[place - 1]?.push('psk');
  }
  return { known: base.known, messages, psk: modifiers.length > 0 };
}

/** One side of a handshake. `psks` are used up in order. */
export class NoiseTwin {
  readonly symmetric: SymmetricState;
  readonly #pattern: NonNullable<ReturnType<typeof patternOf>>;
  readonly #initiator: boolean;
  readonly #own: AgreementKey | undefined;
  readonly #ephemeral: AgreementKey | undefined;
  readonly #psks: Buffer[];
  #peer: Buffer | undefined;
  #peerEphemeral: Buffer | undefined;
  #keyed = false;
  #message = 0;

  constructor(options: {
    protocolName: string;
    initiator: boolean;
    prologue: Buffer;
    own: AgreementKey | undefined;
    ephemeral: AgreementKey | undefined;
    peer: Buffer | undefined;
    psks: Buffer[];
  }) {
    const pattern = patternOf(options.protocolName);
    if (pattern === undefined) throw new Error(`unknown pattern ${options.protocolName}`);
    this.#pattern = pattern;
    this.#initiator = options.initiator;
    this.#own = options.own;
    this.#ephemeral = options.ephemeral;
    this.#peer = options.peer;
    this.#psks = [...options.psks];
    this.symmetric = new SymmetricState(options.protocolName);
    this.symmetric.mixHash(options.prologue);
    for (const side of pattern.known) {
      const mine = (side === 'initiator') === options.initiator;
      const key = mine ? options.own?.publicKey : options.peer;
      if (key === undefined) throw new Error('a pre-message key is missing');
      this.symmetric.mixHash(key);
    }
  }

  get finished(): boolean {
    return this.#message === this.#pattern.messages.length;
  }

  write(payload: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (const token of this.#pattern.messages[this.#message++] ?? []) {
      if (token === 'e') {
        parts.push(need(this.#ephemeral).publicKey);
        this.#mixEphemeral(need(this.#ephemeral).publicKey);
      } else if (token === 's') {
        parts.push(this.symmetric.encryptAndHash(need(this.#own).publicKey));
      } else this.#mix(token);
    }
    return Buffer.concat([...parts, this.symmetric.encryptAndHash(payload)]);
  }

  read(message: Buffer): Buffer | undefined {
    let offset = 0;
    for (const token of this.#pattern.messages[this.#message++] ?? []) {
      if (token === 'e') {
        this.#peerEphemeral = message.subarray(offset, (offset += 32));
        this.#mixEphemeral(this.#peerEphemeral);
      } else if (token === 's') {
        const length = this.#keyed ? 48 : 32;
        this.#peer = this.symmetric.decryptAndHash(message.subarray(offset, (offset += length)));
        if (this.#peer === undefined) return undefined;
      } else this.#mix(token);
    }
    return this.symmetric.decryptAndHash(message.subarray(offset));
  }

  #mixEphemeral(key: Buffer): void {
    this.symmetric.mixHash(key);
    if (this.#pattern.psk) {
      this.symmetric.mixKey(key);
      this.#keyed = true;
    }
  }

  #mix(token: Exclude<Token, 'e' | 's'>): void {
    this.#keyed = true;
    if (token === 'psk') return this.symmetric.mixKeyAndHash(need(this.#psks.shift()));
    // The first letter is the initiator's key, the second the responder's.
    const [left, right] = token;
    const ownLetter = this.#initiator ? left : right;
    const peerLetter = this.#initiator ? right : left;
    const own = need(ownLetter === 'e' ? this.#ephemeral : this.#own);
    const peer = need(peerLetter === 'e' ? this.#peerEphemeral : this.#peer);
    this.symmetric.mixKey(need(agree(own, peer)));
  }
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the pattern needs a key that is not there');
  return value;
}
