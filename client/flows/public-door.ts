/**
 * Where a public hostname leads without Postern: for programs that still connect to its synthetic address when the name is
 * not ours any more. Browsers keep an answer for a minute, whatever its TTL, and their own door stays open to them.
 */
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { Fault } from '../../protocol/errors.ts';
import type { Name } from '../../protocol/names.ts';
import type { Upstream } from '../dns/upstream.ts';
import type { FlowTarget } from './open-flow.ts';

const resolveMs = 1_500;
const connectMs = 10_000;

/**
 * Connects as the program would have by itself. Rejects with a Fault.
 * @param upstreams the resolvers that the system has besides us
 * @param isSynthetic whether an address is one of ours, which no resolver but ours has
 */
export async function openPublicDoor(
  { port, early }: Pick<FlowTarget, 'port' | 'early'>,
  name: Name,
  upstreams: readonly Upstream[],
  isSynthetic: (address: string) => boolean,
): Promise<Socket> {
  const addresses = (await addressesOf(name, upstreams)).filter((address) => !isSynthetic(address));
  if (addresses.length === 0) throw new Fault('no-name');
  const socket = connect({
    host: name,
    port,
    allowHalfOpen: true,
    autoSelectFamily: true,
    lookup: (_host, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
      ),
  });
  socket.setTimeout(connectMs, () => socket.destroy(new Fault('timeout')));
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('unreachable', undefined, { cause: error });
  }
  socket.setTimeout(0);
  socket.on('error', () => undefined);
  early?.sendTo(socket);
  return socket;
}

async function addressesOf(name: Name, upstreams: readonly Upstream[]): Promise<string[]> {
  if (upstreams.length === 0) return [];
  const resolver = new Resolver({ timeout: resolveMs, tries: 2 });
  resolver.setServers(
    upstreams.map(({ address, port }) => `${isIPv6(address) ? `[${address}]` : address}:${port}`),
  );
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}
