/**
 * Dials a connector's published endpoint over TCP, the initiator's half of a direct path. What answers there is not
 * trusted with anything: only the handshake shows whether it is the connector.
 */
import { connect, isIP, isIPv6, type LookupFunction, type Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../endpoints.ts';
import { Fault } from '../errors.ts';
import type { Carrier } from './carrier.ts';
import { dialledTcpCarrier } from './tcp-carrier.ts';

export interface TcpDialOptions {
  readonly endpoint: Endpoint;
  /** How the system's own resolver is asked, where the endpoint has a name. */
  readonly lookup?: LookupFunction;
  /** Whether an address, a literal, may be dialled at all. */
  mayDial(this: void, address: string): boolean;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Resolves once connected. Rejects with a Fault: `no-name`, `address-forbidden`, `refused`, `timeout` or `unreachable`;
 * its message names no address.
 */
export function dialTcpCarrier(options: TcpDialOptions): Promise<Carrier> {
  const { endpoint, lookup, mayDial, timeoutMs, clock } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Carrier>();
  if (isIP(endpoint.host) !== 0 && !mayDial(endpoint.host)) {
    reject(new Fault('address-forbidden'));
    return promise;
  }
  const socket: Socket = connect({
    ...endpoint,
    noDelay: true,
    ...(lookup === undefined ? {} : { lookup: guarded(lookup, mayDial) }),
  });
  const fail = (fault: Fault): void => {
    cancelTimer();
    socket.destroy();
    reject(fault);
  };
  const cancelTimer = clock.after(timeoutMs, () => fail(new Fault('timeout')));
  socket.on('error', (error: NodeJS.ErrnoException) => fail(toDialFault(error)));
  socket.once('connect', () => {
    cancelTimer();
    socket.removeAllListeners('error');
    socket.removeAllListeners('connect');
    resolve(dialledTcpCarrier(socket));
  });
  return promise;
}

/** Leaves out the addresses that may not be dialled; none left is an answer too. */
function guarded(lookup: LookupFunction, mayDial: (address: string) => boolean): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const list = Array.isArray(found) ? found : [{ address: found, family: isIPv6(found) ? 6 : 4 }];
      const permitted = list.filter(({ address }) => mayDial(address));
      const [first] = permitted;
      if (first === undefined) return callback(new Fault('address-forbidden'), '');
      return options.all === true ? callback(null, permitted) : callback(null, first.address, first.family);
    });
  };
}

function toDialFault(
  error: NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] },
): Fault {
  if (error instanceof Fault) return error;
  // Several addresses were tried: what the last of them said.
  const { code } = error.errors?.at(-1) ?? error;
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return new Fault('refused');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_NONAME') return new Fault('no-name');
  return new Fault(code === 'ETIMEDOUT' ? 'timeout' : 'unreachable');
}
