/**
 * How a node dials controller and relays: which TLS authorities it trusts, and `*.localhost` as loopback, which many
 * systems do not resolve by themselves. TLS is for passage; what is trusted is the pinned root.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { tlsVersions } from '../tls.ts';

export interface DialOptions {
  readonly lookup: LookupFunction;
  readonly secureContext: SecureContext;
}

/** The last context: a node dials with the same authorities. */
let last: { readonly extra: string; readonly context: SecureContext } | undefined;

/** Options for `ws` and `node:https`: the system's authorities and `extra` ones (PEM). */
export function dialOptions(extra: readonly string[]): DialOptions {
  return {
    lookup: lookupWithLocalhost,
    secureContext: contextWith(extra),
  };
}

function contextWith(extra: readonly string[]): SecureContext {
  const key = extra.join('\n');
  if (last?.extra !== key) {
    const context = createSecureContext({ ...tlsVersions });
    // Added to those of the system, which Node keeps parsed for the whole process: with `ca` it would parse all of them again.
    const { context: own } = context as { readonly context: { addCACert(pem: string): void } };
    for (const authority of extra) own.addCACert(authority);
    last = { extra: key, context };
  }
  return last.context;
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
