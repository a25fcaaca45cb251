/**
 * Names of the hosts of a CIDR resource: `10-20-0-5.<alias>` is 10.20.0.5, `fd00--5.<alias>` is fd00::5.
 * They are worked out here, without a question to any resolver.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { isInside, parseAddress, parseNetwork } from './address.ts';

/** Whether a resource's `address` is a network in CIDR notation. */
export function isRange(address: string): boolean {
  return address.includes('/');
}

/**
 * The address that `host` is a name of; undefined where it is none within `range`.
 * @param hosts the resource's one pattern, `*.<alias>`: its star stands for exactly one label here
 */
export function addressInRange(range: string, hosts: readonly string[], host: string): string | undefined {
  const dot = host.indexOf('.');
  if (!hosts.includes(`*${host.slice(dot)}`)) return undefined;
  const label = host.slice(0, dot);
  const dotted = label.replaceAll('-', '.');
  const text = isIPv4(dotted) ? dotted : label.replaceAll('-', ':');
  if (!isIPv4(text) && !isIPv6(text)) return undefined;
  const [address, network] = [parseAddress(text), parseNetwork(range)];
  return address !== undefined && network !== undefined && isInside(address, network) ? text : undefined;
}
