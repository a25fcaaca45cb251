/** Addresses to listen on, as the command line takes them: `127.0.0.1:1080`. */
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
