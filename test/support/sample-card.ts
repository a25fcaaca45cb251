/** The card of a controller, with one key that signs tokens. */
import { encodeKey, newAgreementKey } from '../../protocol/keys.ts';
import type { Card, TokenSigner } from '../../protocol/tokens.ts';

export function sampleCard(signer: TokenSigner, nowS: number, lifeS = 3_600): Card {
  return {
    iss: 'https://access.acme.example',
    keys: { [signer.kid]: encodeKey(signer.key.publicKey) },
    ctl: encodeKey(newAgreementKey().publicKey),
    tls: [],
    iat: nowS,
    exp: nowS + lifeS,
  };
}
