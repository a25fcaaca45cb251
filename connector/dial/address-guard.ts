/**
 * Which addresses a resource may lead to: judged on the canonical address after resolution, right
 * before the dial, and dialled exactly as judged. The last line against rebinding and server-side request forgery.
 */
import { metadataNetworks } from '../../protocol/metadata-addresses.ts';
import { isInside, parseAddress, parseNetwork, type Address, type Network } from './address.ts';
import { isRange } from './range-names.ts';

/** What the guard needs to know of a resource. */
export interface GuardedResource {
  /** A name, a wildcard `*.suffix`, an address literal, or a network in CIDR notation. */
  readonly address: string;
  /** Networks that a wildcard may lead to. */
  readonly within: readonly string[];
  /** The names that people use; of a network alone they are asked for. */
  readonly hosts?: readonly string[];
}

const networks = (...texts: string[]): Network[] =>
  texts.map((text) => {
    const network = parseNetwork(text);
    if (network === undefined) throw new Error(`${text} is no network`);
    return network;
  });

/** Never dialled: unspecified, multicast, reserved and broadcast. */
const never = networks('0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8');

/** Dialled only where the resource's address is that very literal (loopback also as `localhost`). */
const loopback = networks('127.0.0.0/8', '::1/128');
const onlyByLiteral = networks(
  '169.254.0.0/16',
  'fe80::/10',
  ...metadataNetworks,
  // NAT64 of the network's own making (RFC 8215): which IPv4 address is inside depends on a length nobody tells us.
  '64:ff9b:1::/48',
);

/**
 * Whether `resource` may be dialled at `resolved`, an address literal from the resolver.
 * @param place `synthetic`: the range clients use for names, never a real destination; `ownAddresses`: those of this
 *   host's interfaces, read only where a wildcard or a network needs them
 */
export function mayDial(
  resource: GuardedResource,
  resolved: string,
  place: { readonly synthetic: string; readonly ownAddresses: readonly string[] },
): boolean {
  const address = parseAddress(resolved);
  if (address === undefined || among(never, address)) return false;
  // Alibaba's metadata lies in the usual synthetic range, and is as reachable by its literal as the others.
  const isSpecial = among(onlyByLiteral, address);
  if (!isSpecial && among(networks(place.synthetic), address)) return false;
  const literal = parseAddress(resource.address);
  if (literal !== undefined) return same(literal, address);
  if (isSpecial) return false;
  if (among(loopback, address)) return resource.address === 'localhost';
  const within = isRange(resource.address) ? [resource.address] : resource.within;
  if (within === resource.within && !resource.address.startsWith('*.')) return true;
  const own = place.ownAddresses.some((text) => {
    const host = parseAddress(text);
    return host !== undefined && same(host, address);
  });
  return !own && among(networks(...within), address);
}

function among(list: readonly Network[], address: Address): boolean {
  return list.some((network) => isInside(address, network));
}

function same(a: Address, b: Address): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
