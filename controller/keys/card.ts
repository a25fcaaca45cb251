/**
 * The card: what the controller is, signed by its root. Signed anew each day, so that nodes which
 * keep one always hold one that is far from its end.
 */
import { encodeKey } from '../../protocol/keys.ts';
import { signCard, type Card } from '../../protocol/tokens.ts';
import type { ControllerKeys } from './controller-keys.ts';

const lifeS = 30 * 24 * 3_600;
const renewAfterS = 24 * 3_600;

export interface SignedCard {
  readonly card: Card;
  readonly token: string;
}

export interface CardOptions {
  readonly keys: ControllerKeys;
  /** The public URL's origin. */
  readonly issuer: string;
  /** PEM of the built-in TLS authority; empty when certificates come from files. */
  readonly tls: readonly string[];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Returns a function that gives the current card, signing a new one when the last is a day old. */
export function cardSource({ keys, issuer, tls, now }: CardOptions): () => Promise<SignedCard> {
  let current: Promise<SignedCard> | undefined;
  let signedS = Number.NEGATIVE_INFINITY;
  return () => {
    const nowS = Math.floor(now() / 1_000);
    if (current === undefined || nowS - signedS >= renewAfterS) {
      const card: Card = {
        iss: issuer,
        keys: { [keys.signer.kid]: encodeKey(keys.signer.key.publicKey) },
        ctl: encodeKey(keys.control.publicKey),
        tls,
        iat: nowS,
        exp: nowS + lifeS,
      };
      signedS = nowS;
      current = signCard(keys.root, card).then((token) => ({ card, token }));
    }
    return current;
  };
}
