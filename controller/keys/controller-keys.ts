/**
 * The controller's own keys, kept sealed in its data directory or database and made at the first start: the root that signs the
 * card, the key that signs tokens, and the X25519 key of the control channel.
 */
import {
  agreementKeyFrom,
  newAgreementKey,
  newSigningKey,
  secretBytes,
  signingKeyFrom,
  type AgreementKey,
} from '../../protocol/keys.ts';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import { tokenSigner, type TokenSigner } from '../../protocol/tokens.ts';
import type { KeyPlace } from './key-place.ts';
import type { SecretKey } from './secret-key.ts';
import { UnusableKeyFile } from './unusable-key-file.ts';

export interface ControllerKeys {
  readonly root: TokenSigner;
  readonly signer: TokenSigner;
  readonly control: AgreementKey;
}

/** Loads the keys, making those that are missing. Throws a sentence when one cannot be opened. */
export async function loadControllerKeys(place: KeyPlace, secretKey: SecretKey): Promise<ControllerKeys> {
  const stored = (name: string, make: () => Buffer): Promise<Buffer> =>
    loadSealed(place, name, secretKey, make);
  const root = signingKeyFrom(await stored('root', () => secretBytes(newSigningKey())));
  const signing = signingKeyFrom(await stored('signing', () => secretBytes(newSigningKey())));
  const control = agreementKeyFrom(await stored('control', () => secretBytes(newAgreementKey())));
  return { root: await tokenSigner(root), signer: await tokenSigner(signing), control };
}

/** The bytes sealed in `NAME.key`, made by `make` and written when the file is missing. */
export async function loadSealed(
  place: KeyPlace,
  name: string,
  secretKey: SecretKey,
  make: () => Buffer | Promise<Buffer>,
): Promise<Buffer> {
  const file = `${name}.key`;
  const text =
    (await place.read(file)) ??
    (await place.keepFirst(file, `${toBase64Url(secretKey.seal(name, await make()))}\n`));
  const sealed = fromBase64Url(text.trim());
  const bytes = sealed === undefined ? undefined : secretKey.unseal(name, sealed);
  if (bytes === undefined)
    throw new UnusableKeyFile(
      `${place.called(file)} cannot be opened: it was altered, or sealed with another secret key; give --secret-key-file with the one it was made with`,
    );
  return bytes;
}
