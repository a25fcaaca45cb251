/**
 * The controller's own keys, kept sealed in its data directory and made at the first start: the root that signs the
 * card, the key that signs tokens, and the X25519 key of the control channel.
 */
import { join } from 'node:path';
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
import { readText, writeFirst } from './data-directory.ts';
import type { SecretKey } from './secret-key.ts';
import { UnusableKeyFile } from './unusable-key-file.ts';

export interface ControllerKeys {
  readonly root: TokenSigner;
  readonly signer: TokenSigner;
  readonly control: AgreementKey;
}

/** Loads the keys, making those that are missing. Throws a sentence when one cannot be opened. */
export async function loadControllerKeys(directory: string, secretKey: SecretKey): Promise<ControllerKeys> {
  const stored = (name: string, make: () => Buffer): Promise<Buffer> =>
    loadSealed(directory, name, secretKey, make);
  const root = signingKeyFrom(await stored('root', () => secretBytes(newSigningKey())));
  const signing = signingKeyFrom(await stored('signing', () => secretBytes(newSigningKey())));
  const control = agreementKeyFrom(await stored('control', () => secretBytes(newAgreementKey())));
  return { root: await tokenSigner(root), signer: await tokenSigner(signing), control };
}

/** The bytes sealed in `NAME.key`, made by `make` and written when the file is missing. */
export async function loadSealed(
  directory: string,
  name: string,
  secretKey: SecretKey,
  make: () => Buffer | Promise<Buffer>,
): Promise<Buffer> {
  const path = join(directory, `${name}.key`);
  const text =
    (await readText(path)) ??
    (await writeFirst(directory, `${name}.key`, `${toBase64Url(secretKey.seal(name, await make()))}\n`));
  const sealed = fromBase64Url(text.trim());
  const bytes = sealed === undefined ? undefined : secretKey.unseal(name, sealed);
  if (bytes === undefined)
    throw new UnusableKeyFile(
      `${path} cannot be opened: it was altered, or sealed with another secret key; give --secret-key-file with the one it was made with`,
    );
  return bytes;
}
