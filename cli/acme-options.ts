/** `--acme-…` of the connector: which CA orders go to, and as whom. */
import { InvalidArgumentError } from 'commander';
import type { AcmeSettings } from '../connector/web/certificates/acme-account.ts';
import { exits } from '../protocol/errors.ts';
import { readInputFile } from './input-file.ts';
import { CommandError } from './output.ts';
import { readSecret } from './secret.ts';

interface AcmeOptions {
  readonly acmeDirectory?: URL;
  readonly acmeContact?: string;
  readonly acmeCa?: string;
  readonly acmeEabKeyId?: string;
  readonly acmeEabHmacKeyFile?: string;
  readonly acmeDnsHook?: string;
}

export function parseDirectory(text: string): URL {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:')
    throw new InvalidArgumentError(
      'It is the https address of a directory, such as https://acme-v02.api.letsencrypt.org/directory.',
    );
  return url;
}

/** Undefined without a directory. Throws a CommandError for options that do not go together, and unreadable files. */
export async function acmeSettings(options: AcmeOptions): Promise<AcmeSettings | undefined> {
  const { acmeDirectory, acmeContact, acmeCa, acmeEabKeyId, acmeEabHmacKeyFile, acmeDnsHook } = options;
  const hmacKey = await readSecret('acme-eab-hmac-key', undefined, acmeEabHmacKeyFile);
  if (acmeDirectory === undefined) {
    const others = [acmeContact, acmeCa, acmeEabKeyId, hmacKey, acmeDnsHook];
    if (others.every((value) => value === undefined)) return undefined;
    throw new CommandError(exits.usage, '--acme-… options need --acme-directory, the address of the CA');
  }
  if ((acmeEabKeyId === undefined) !== (hmacKey === undefined))
    throw new CommandError(
      exits.usage,
      '--acme-eab-key-id and --acme-eab-hmac-key-file go together; give both, as the CA told you, or neither',
    );
  if (acmeContact !== undefined && !/^[^\s@,]+@[^\s@,]+$/.test(acmeContact))
    throw new CommandError(exits.usage, `${acmeContact} is no e-mail address; give --acme-contact one`);
  return {
    directory: acmeDirectory,
    ...(acmeContact === undefined ? {} : { contact: acmeContact }),
    ...(acmeCa === undefined ? {} : { ca: readInputFile(acmeCa) }),
    ...(acmeEabKeyId === undefined || hmacKey === undefined
      ? {}
      : { binding: { keyId: acmeEabKeyId, hmacKey } }),
    ...(acmeDnsHook === undefined ? {} : { dnsHook: acmeDnsHook }),
  };
}
