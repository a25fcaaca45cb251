/** Secrets from a flag, a file, standard input or the environment: none is ever required on a command line. */
import { readInputFile } from './input-file.ts';

/** Every secret that `readSecret` is asked for by a program that runs for long. */
export const secretNames = [
  'key',
  'database',
  'database-password',
  'redis',
  'redis-password',
  'smtp-password',
  'acme-eab-hmac-key',
] as const;

/**
 * The secret called `name`: from its flag, from `--NAME-file` (`-` is standard input), from POSTERN_NAME, or from the
 * file that POSTERN_NAME_FILE names; undefined when none is given.
 */
export async function readSecret(
  name: string,
  flag: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  const variable = `POSTERN_${name.toUpperCase().replaceAll('-', '_')}`;
  if (flag !== undefined) return flag.trim();
  if (file !== undefined) return readSecretFile(file);
  const direct = process.env[variable];
  if (direct !== undefined && direct !== '') return direct.trim();
  const named = process.env[`${variable}_FILE`];
  return named === undefined || named === '' ? undefined : readSecretFile(named);
}

async function readSecretFile(file: string): Promise<string> {
  if (file === '-') {
    let text = '';
    for await (const chunk of process.stdin) text += String(chunk);
    return text.trim();
  }
  return readInputFile(file).trim();
}
