/** The addresses of one lab, by its number. Used by the lab's parts, and by tests that name an address. */

/** Everything that has an address of its own. The public ones are one network that every NAT is attached to. */
export interface Addresses {
  controller: string;
  relay: string;
  identityProvider: string;
  publicDns: string;
  /** A site outside every organisation. */
  publicSite: string;
  /** The public addresses of the two NATs. */
  laptopNat: string;
  hqNat: string;
  laptop: string;
  /** The machine in the private network that a connector runs on. */
  connector: string;
  privateDns: string;
  wiki: string;
  db1: string;
  db2: string;
  bastion: string;
}

/** The addresses of run `number`; public ones from the range for benchmarks (RFC 2544), private ones from RFC 1918. */
export function addressesOf(number: number): Addresses {
  const publicNet = `198.18.${number}`;
  const hq = `10.20.${number}`;
  return {
    controller: `${publicNet}.10`,
    relay: `${publicNet}.11`,
    identityProvider: `${publicNet}.12`,
    publicDns: `${publicNet}.53`,
    publicSite: `${publicNet}.80`,
    laptopNat: `${publicNet}.100`,
    hqNat: `${publicNet}.200`,
    laptop: `192.168.${number}.2`,
    connector: `${hq}.2`,
    privateDns: `${hq}.53`,
    wiki: `${hq}.10`,
    db1: `${hq}.20`,
    db2: `${hq}.21`,
    bastion: `${hq}.30`,
  };
}
