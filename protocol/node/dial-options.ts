/**
 * How a node dials controller and relays: which TLS authorities it trusts, and `*.localhost` as loopback, which many
 * systems do not resolve by themselves. TLS is for passage; what is trusted is the pinned root.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';

export interface DialOptions {
  readonly lookup: LookupFunction;
  readonly minVersion: 'TLSv1.3';
  readonly ca: string[];
}

/** Options for `ws` and `node:https`: the system's authorities and `extra` ones (PEM). */
export function dialOptions(extra: readonly string[]): DialOptions {
  return {
    lookup: lookupWithLocalhost,
    minVersion: 'TLSv1.3',
    ca: [...getCACertificates('default'), ...extra],
  };
}

/** `dns.lookup`, except that `localhost` and everything below it is 127.0.0.1 (RFC 6761 section 6.3). */
export const lookupWithLocalhost: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    systemLookup(hostname, options, callback);
    return;
  }
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
