/** Addresses to listen on, as the command line takes them: `127.0.0.1:1080`. */
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

/** The address and port in `text`. Only loopback is taken: these listeners serve this machine. */
export function parseListen(text: string): { address: string; port: number } {
  const match = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}):(\d{1,5})$/.exec(
    text.replace(/^localhost:/, '127.0.0.1:'),
  );
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535)
    throw new InvalidArgumentError('give a loopback address and a port, such as 127.0.0.1:1080.');
  return { address: match[1], port };
}

/** An address of this machine, any of them, and a port. */
export interface PublicListen {
  readonly address: string;
  readonly port: number;
}

/** A port number that is no address: `443`. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('give a port, such as 443.');
  return port;
}

/** The address and port in `text`, as servers take them: `0.0.0.0:8443`, `[::]:8443`. */
export function parsePublicListen(text: string): PublicListen {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|(\d{1,3}(?:\.\d{1,3}){3}|localhost)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2]?.replace('localhost', '127.0.0.1');
  const port = Number(match?.[3]);
  if (address === undefined || isIP(address) === 0 || port > 65_535)
    throw new InvalidArgumentError('give an address and a port, such as 0.0.0.0:8443.');
  return { address, port };
}
