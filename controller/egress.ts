/**
 * Where the controller goes itself when it fetches what an administrator named: identity providers, webhooks, sources of
 * posture verdicts (`--egress-allow`). Judged on the address that is dialled, so no name, however it resolves, leads
 * elsewhere. What a token or a request names is never fetched at all.
 */
import { metadataNetworks } from '../protocol/metadata-addresses.ts';
import { isInNetworks, parseIpNetwork, type IpNetwork } from '../policy/ip-network.ts';

/** What the operator allows. `default`: anywhere with one organisation, public addresses with several. */
export interface EgressRule {
  readonly places: 'default' | 'any' | 'public' | 'none';
  /** Allowed besides, whatever they are. */
  readonly networks: readonly IpNetwork[];
}

/** Says of an address, a literal as the resolver gave it, whether the controller may go there. */
export type MayReach = (address: string) => boolean;

export const defaultEgress: EgressRule = { places: 'default', networks: [] };

/** Where nothing that is asked for ever is: unspecified, link-local with most metadata services, multicast, reserved. */
const never = networks(
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  ...metadataNetworks,
);

/** Not public, of IPv4 (RFC 6890 and its successors). */
const privateIpv4 = networks(
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
);
/** Public IPv6 is 2000::/3 without what carries an IPv4 address inside, and what is set aside. */
const globalIpv6 = networks('2000::/3');
const anyIpv4 = networks('0.0.0.0/0');
const privateIpv6 = networks('2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20');

/** Reads `any`, `public` or networks, with commas between; or says in a sentence what is wrong. */
export function parseEgress(text: string): EgressRule | { readonly issue: string } {
  const allowed: IpNetwork[] = [];
  let places: EgressRule['places'] = 'none';
  for (const word of text.split(',').map((each) => each.trim())) {
    if (word === 'any' || word === 'public') {
      if (places !== 'any') places = word;
      continue;
    }
    const network = parseIpNetwork(word);
    if ('issue' in network) {
      const isNetwork = /[:/]|^[\d.]+$/.test(word);
      return { issue: isNetwork ? network.issue : `"${word}" is neither any, public nor a network` };
    }
    allowed.push(network);
  }
  return { places, networks: allowed };
}

/** @param organisations how many this controller serves now */
export function mayReachBy(rule: EgressRule, organisations: () => number): MayReach {
  return (address) => {
    if (isInNetworks(address, rule.networks) === true) return true;
    if (isInNetworks(address, never) !== false) return false;
    const isDefault = rule.places === 'default';
    const places = isDefault ? (organisations() > 1 ? 'public' : 'any') : rule.places;
    return places === 'any' || (places === 'public' && isPublic(address));
  };
}

/** The controller may not go where a name or an address leads; the message tells no address. */
export class EgressRefused extends Error {
  constructor() {
    super('the operator of this controller does not let it go there (--egress-allow)');
    this.name = 'EgressRefused';
  }
}

/** Whether an address belongs to the internet that everybody shares. */
function isPublic(address: string): boolean {
  if (isInNetworks(address, anyIpv4) === true) return isInNetworks(address, privateIpv4) === false;
  return isInNetworks(address, globalIpv6) === true && isInNetworks(address, privateIpv6) === false;
}

function networks(...texts: string[]): IpNetwork[] {
  return texts.map((text) => {
    const network = parseIpNetwork(text);
    if ('issue' in network) throw new Error(network.issue);
    return network;
  });
}
