/** `--tls-cert` and `--tls-key` of the servers: both or neither, read at once. */
import { exits } from '../protocol/errors.ts';
import { readInputFile } from './input-file.ts';
import { CommandError } from './output.ts';

/** The certificate and key, both PEM; undefined when neither is given. Throws for one of them, or an unreadable file. */
export function certificateFiles(options: {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}): { cert: string; key: string } | undefined {
  const { tlsCert, tlsKey } = options;
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CommandError(exits.usage, '--tls-cert and --tls-key go together; give both or neither');
  }
  return { cert: readInputFile(tlsCert), key: readInputFile(tlsKey) };
}
