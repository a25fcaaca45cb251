/**
 * Which user of this machine is at the other end of a loopback connection, from `/proc/net/tcp`: the proxies serve their
 * owner only, although any user can connect to a loopback port.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** The user id that owns the peer's end of an IPv4 loopback connection; undefined when the kernel does not list it. */
export function ownerOfPeer(socket: Socket): number | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  if (remotePort === undefined || localPort === undefined) return undefined;
  return findOwner(
    readFileSync('/proc/net/tcp', 'latin1'),
    `${hexAddress(remoteAddress)}:${hexPort(remotePort)}`,
    `${hexAddress(localAddress)}:${hexPort(localPort)}`,
  );
}

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
