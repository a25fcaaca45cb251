/**
 * Which user of this machine is at the other end of a loopback connection, from `/proc/net/tcp` and `tcp6`, or sends datagrams
 * from a port, from `/proc/net/udp` and `udp6`: the proxies serve their owner only, although any user can reach a loopback port.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** The user id that owns the peer's end of an IPv4 loopback connection; undefined when the kernel does not list it. */
export function ownerOfPeer(socket: Socket): number | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  if (remotePort === undefined || localPort === undefined) return undefined;
  const [peer, own] = [hexAddress(remoteAddress), hexAddress(localAddress)];
  const [peerPort, ownPort] = [hexPort(remotePort), hexPort(localPort)];
  return (
    findOwner(readTable('tcp'), `${peer}:${peerPort}`, `${own}:${ownPort}`) ??
    // Many programs have IPv6 sockets only, and reach IPv4 through those.
    findOwner(readTable('tcp6'), `${mappedPrefix}${peer}:${peerPort}`, `${mappedPrefix}${own}:${ownPort}`)
  );
}

/** The one user id whose sockets can send from an IPv4 address and port; undefined when there is none, or more than one. */
export function ownerOfSender(address: string, port: number): number | undefined {
  return findSenderOwner(`${readTable('udp')}\n${readTable('udp6')}`, address, port);
}

/** Empty where the kernel has none, as without IPv6. */
function readTable(name: 'tcp' | 'tcp6' | 'udp' | 'udp6'): string {
  const path = `/proc/net/${name}`;
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}

/** The same from tables as the kernel writes them: bound to the address, to every IPv4 address, or to those in IPv6. */
export function findSenderOwner(table: string, address: string, port: number): number | undefined {
  const host = hexAddress(address);
  const able = new Set(
    [host, '0'.repeat(8), `${mappedPrefix}${host}`, '0'.repeat(32)].map((own) => `${own}:${hexPort(port)}`),
  );
  const owners = new Set<number>();
  for (const line of table.split('\n')) {
    const [, own, , , , , , uid] = line.trim().split(/\s+/);
    if (own !== undefined && uid !== undefined && able.has(own)) owners.add(Number(uid));
  }
  const [owner] = owners;
  return owners.size === 1 ? owner : undefined;
}

/** Of an IPv4 address in its IPv6 form, as the kernel prints it. */
const mappedPrefix = '0000000000000000FFFF0000';

/** The owner of the socket with these ends in a table as the kernel writes it. */
export function findOwner(table: string, local: string, remote: string): number | undefined {
  for (const line of table.split('\n')) {
    const [, own, peer, , , , , uid] = line.trim().split(/\s+/);
    if (own === local && peer === remote && uid !== undefined) return Number(uid);
  }
  return undefined;
}

/** An IPv4 address as the kernel prints it: one number in the byte order of the host, which is little on all we run on. */
function hexAddress(address: string): string {
  return address
    .split('.')
    .toReversed()
    .map((octet) => Number(octet).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}

function hexPort(port: number): string {
  return port.toString(16).padStart(4, '0').toUpperCase();
}
