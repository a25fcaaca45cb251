/** Where an organisation's servers, people and applications are: in a lab, or all on one machine. */
import type { Authority } from '../authority.ts';
import type { Lab } from '../lab/lab.ts';
import type { Place } from '../lab/place.ts';

/** A server's name, and where it listens. */
export interface Endpoint {
  host: string;
  address: string;
  port: number;
}

export interface Site {
  /** A folder for whatever the organisation writes; it goes with the site. */
  dir: string;
  authority: Authority;
  internet: Place;
  hq: Place;
  laptop: Place;
  controller: Endpoint;
  relay: Endpoint;
  provider: Endpoint;
  /** Where the relay takes browsers for public hostnames; absent: nowhere. */
  webDoor?: { address: string; port: number };
}

/** A lab as a site. */
export function labSite(lab: Lab): Site {
  const { dir, authority, internet, hq, laptop, addresses } = lab;
  return {
    dir,
    authority,
    internet,
    hq,
    laptop,
    controller: { host: 'access.acme.example', address: addresses.controller, port: 8443 },
    relay: { host: 'relay.acme.example', address: addresses.relay, port: 8444 },
    provider: { host: 'idp.acme.example', address: addresses.identityProvider, port: 443 },
    webDoor: { address: addresses.relay, port: 443 },
  };
}
