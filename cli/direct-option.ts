/** Where a connector listens for clients that come without a relay, and what it says of that, as the command line takes it. */
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { formatEndpoint, maxEndpoints, parseEndpoint } from '../protocol/endpoints.ts';
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';

export interface DirectListen {
  /** Undefined: every address of this machine. */
  readonly address: string | undefined;
  readonly port: number;
}

/** `7443`, `192.0.2.1:7443` or `[2001:db8::1]:7443`. */
export function parseDirectListen(text: string): DirectListen {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined;
  const endpoint = parseEndpoint(text);
  if (port !== undefined && port <= 65_535) return { address: undefined, port };
  if (endpoint === undefined || isIP(endpoint.host) === 0)
    throw new InvalidArgumentError('give a port, or an address of this machine and a port: 192.0.2.1:7443.');
  return { address: endpoint.host, port: endpoint.port };
}

/** Adds one `host:port`, or several with commas between them. */
export function collectEndpoints(text: string, before: readonly string[]): string[] {
  const added = text.split(',').map((each) => {
    const endpoint = parseEndpoint(each.trim());
    if (endpoint === undefined)
      throw new InvalidArgumentError('give a name or address and a port: hq.acme.example:7443.');
    return formatEndpoint(endpoint);
  });
  const list = [...new Set([...before, ...added])];
  if (list.length > maxEndpoints)
    throw new InvalidArgumentError(`a connector publishes at most ${maxEndpoints} endpoints.`);
  return list;
}

/** Both together; undefined without either. Throws a CommandError where one needs the other. */
export function directOptions(
  listen: DirectListen | undefined,
  endpoints: readonly string[],
): (DirectListen & { readonly endpoints: readonly string[] }) | undefined {
  if (listen === undefined) {
    if (endpoints.length === 0) return undefined;
    throw new CommandError(
      exits.usage,
      '--direct-endpoint says where --direct is reached from outside; give --direct PORT too',
    );
  }
  if (endpoints.length > 0) return { ...listen, endpoints };
  if (listen.address === undefined || listen.address === '0.0.0.0' || listen.address === '::') {
    throw new CommandError(
      exits.usage,
      'devices have to be told where that port is reached from outside; add --direct-endpoint HOST:PORT',
    );
  }
  return { ...listen, endpoints: [formatEndpoint({ host: listen.address, port: listen.port })] };
}
