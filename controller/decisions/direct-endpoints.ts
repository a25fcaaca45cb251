/**
 * Which of the endpoints that a connector published its network's devices are told of: what its operator gave by name or
 * by a public address. A private address would tell devices how the network looks inside, so
 * it takes `lanCandidates: true` on the network; an address that leads nowhere is never told, nor a name below a zone.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { parseEndpoint } from '../../protocol/endpoints.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import { isWithin, type Name } from '../../protocol/names.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { NodesTable } from '../store/tables/nodes.ts';

/** Unspecified, link-local, multicast, reserved, and prefixes in which another address is hidden. */
const nowhere = blocks(
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
);
/** Of the machine or its network: RFC 1918, RFC 4193, RFC 6598, loopback. */
const inside = blocks(
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['fc00::', 7],
  ['::1', 128],
);

type Told = Pick<OrganisationState, 'networks' | 'document' | 'zones'>;

/** The endpoints of a connector as devices are told of them; none for any other node. */
export function directEndpoints(
  { direct, network }: Pick<NodesTable, 'direct' | 'network'>,
  state: Told,
): string[] {
  if (direct === null || network === null) return [];
  const lan = takesLanCandidates(state, network);
  return (JSON.parse(direct) as string[]).filter((text) => mayBeTold(text, lan, state));
}

function mayBeTold(text: string, lan: boolean, { zones }: Told): boolean {
  const host = parseEndpoint(text)?.host;
  if (host === undefined) return false;
  // Devices answer the names of the zones themselves, and ask nobody else about them.
  if (isIP(host) === 0) return !zones.some((zone) => isWithin(host as Name, zone));
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';
  return !nowhere.check(host, family) && (lan || !inside.check(host, family));
}

function takesLanCandidates({ networks, document }: Told, network: NetworkId): boolean {
  const name = networks.find(({ id }) => id === network)?.name;
  return (document.networks ?? []).some((each) => each.name === name && each.lanCandidates === true);
}

function blocks(...subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [base, bits] of subnets) list.addSubnet(base, bits, isIPv6(base) ? 'ipv6' : 'ipv4');
  return list;
}
