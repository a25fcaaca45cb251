/** Where certificates for public hostnames come from: `--web-certs`, and `--acme-…`, which CA orders go to, and as whom. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { AcmeSettings } from '../connector/web/certificates/acme-account.ts';
import { exits } from '../protocol/errors.ts';
import { readInputFile } from './input-file.ts';
import { CommandError } from './output.ts';
import { readSecret } from './secret.ts';

export interface CertificateOptions {
  readonly webCerts?: string;
  readonly acmeDirectory?: URL;
  readonly acmeContact?: string;
  readonly acmeCa?: string;
  readonly acmeEabKeyId?: string;
  readonly acmeEabHmacKeyFile?: string;
  readonly acmeDnsHook?: string;
}

/** Adds the options to a command that serves public hostnames. */
export function withCertificates(command: Command): Command {
  return command
    .option(
      '--web-certs <folder>',
      'certificates for public hostnames: NAME.pem and NAME.key, _.SUFFIX.pem for a wildcard; read again when they change',
    )
    .addOption(
      new Option(
        '--acme-directory <url>',
        'get certificates for public hostnames from this ACME CA, whose terms of service you agree to',
      )
        .env('POSTERN_ACME_DIRECTORY')
        .argParser(parseDirectory),
    )
    .addOption(new Option('--acme-contact <e-mail>', 'where the CA may write to').env('POSTERN_ACME_CONTACT'))
    .addOption(
      new Option('--acme-ca <file>', "PEM of the authority of a private ACME CA's own server").env(
        'POSTERN_ACME_CA',
      ),
    )
    .addOption(
      new Option('--acme-eab-key-id <id>', 'external account binding, where the CA wants one').env(
        'POSTERN_ACME_EAB_KEY_ID',
      ),
    )
    .option(
      '--acme-eab-hmac-key-file <file>',
      'file with the key that belongs to it, as the CA gave it (also POSTERN_ACME_EAB_HMAC_KEY; - for standard input)',
    )
    .addOption(
      new Option(
        '--acme-dns-hook <program>',
        'prove hostnames by DNS: run as PROGRAM present|cleanup NAME VALUE, it sets or removes the TXT record; needed for wildcard certificates',
      ).env('POSTERN_ACME_DNS_HOOK'),
    );
}

function parseDirectory(text: string): URL {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:')
    throw new InvalidArgumentError(
      'It is the https address of a directory, such as https://acme-v02.api.letsencrypt.org/directory.',
    );
  return url;
}

/** Undefined without a directory. Throws a CommandError for options that do not go together, and unreadable files. */
export async function acmeSettings(options: CertificateOptions): Promise<AcmeSettings | undefined> {
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
