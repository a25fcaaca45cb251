/**
 * From a resource and a name to a connected socket: resolve, guard, dial exactly the guarded address. The only place in
 * the connector that opens a connection towards an application.
 */
import { networkInterfaces } from 'node:os';
import type { Socket as UdpSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { mayDial, type GuardedResource } from './address-guard.ts';
import { addressInRange, isRange } from './range-names.ts';
import { systemResolve, type Resolve } from './resolve.ts';
import { connectUdp } from './udp.ts';

/** The range clients give to names unless told otherwise. */
const syntheticRange = '100.96.0.0/12';
const connectTimeoutMs = 10_000;

const here = {
  synthetic: syntheticRange,
  get ownAddresses(): string[] {
    return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  },
};

/** The permitted addresses of a name, in order. Rejects with `no-name`, `timeout` or `address-forbidden`. */
export async function permittedAddresses(
  resource: GuardedResource,
  host: string,
  resolve: Resolve = systemResolve,
): Promise<readonly string[]> {
  const found = await resolve(targetOf(resource, host));
  const permitted = found.filter((address) => mayDial(resource, address, here));
  if (permitted.length === 0) throw new Fault('address-forbidden');
  return permitted;
}

/** What is to be resolved. Throws a Fault `no-name` where `host` is no name of an address in the resource's network. */
function targetOf({ address, hosts = [] }: GuardedResource, host: string): string {
  if (address.startsWith('*.')) return host;
  if (!isRange(address)) return address;
  const literal = addressInRange(address, hosts, host);
  if (literal === undefined) throw new Fault('no-name');
  return literal;
}

/**
 * A socket that exchanges datagrams with the first permitted address and nobody else. Rejects as `permittedAddresses`, or
 * with `unreachable`; whether anybody answers shows only later.
 */
export async function dialUdp(
  resource: GuardedResource,
  host: string,
  port: number,
  resolve: Resolve = systemResolve,
): Promise<UdpSocket> {
  const [address = ''] = await permittedAddresses(resource, host, resolve);
  return connectUdp(address, port);
}

/**
 * Connects to the first permitted address that answers; a listener of the connector itself is none. Rejects with a Fault
 * whose code says why none did.
 * @param open makes each socket that is tried; it may end in one direction alone
 */
export async function dialTcp(
  resource: GuardedResource,
  host: string,
  port: number,
  resolve: Resolve = systemResolve,
  isOwnListener: (address: string, port: number) => boolean = () => false,
  open: () => Socket = openSocket,
): Promise<Socket> {
  let last: CodeName = 'unreachable';
  for (const address of await permittedAddresses(resource, host, resolve)) {
    if (isOwnListener(address, port)) {
      last = 'address-forbidden';
      continue;
    }
    try {
      return await connectTo(open(), address, port);
    } catch (error) {
      last = dialCode(error);
    }
  }
  throw new Fault(last);
}

function openSocket(): Socket {
  return new Socket({ allowHalfOpen: true });
}

function connectTo(socket: Socket, host: string, port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  socket.setNoDelay(true);
  socket.connect({ host, port, autoSelectFamily: false });
  socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Fault('timeout')));
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.setTimeout(0);
    socket.removeListener('error', reject);
    resolve(socket);
  });
  return promise;
}

function dialCode(error: unknown): CodeName {
  if (error instanceof Fault) return error.code;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return 'refused';
  return code === 'ETIMEDOUT' ? 'timeout' : 'unreachable';
}
