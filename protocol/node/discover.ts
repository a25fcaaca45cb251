/**
 * Fetches what a controller is from its well-known address and checks the card under the pinned root. Used at every
 * start and whenever the control key is refused; the first sign-in of a person pins the root it finds over trusted TLS.
 */
import { request as httpsRequest } from 'node:https';
import { Value } from 'typebox/value';
import { Discovery, discoveryPath } from '../discovery.ts';
import { Fault } from '../errors.ts';
import { decodeKey } from '../keys.ts';
import { verifyCard, type Card } from '../tokens.ts';
import { dialOptions, lookupWithLocalhost } from './dial-options.ts';
import { request as httpRequest } from './node-http.ts';

/** Why a root is believed: it is pinned, or TLS to the controller is trusted (with further authorities, PEM). */
export type Trust =
  | { readonly kind: 'root'; readonly root: Uint8Array }
  | { readonly kind: 'tls'; readonly authorities: readonly string[] };

export interface Discovered {
  readonly root: Buffer;
  readonly card: Card;
}

const maxBytes = 65_536;
const timeoutMs = 5_000;

/**
 * Asks the controller at `url`. Rejects with a Fault: `unreachable`, `timeout`, `protocol` for an answer that is no
 * discovery, `denied` when the root or the card's signature is not the expected one.
 */
export async function discover(url: string, trust: Trust, nowS: number): Promise<Discovered> {
  const answer = await fetchJson(new URL(discoveryPath, url), trust);
  if (!Value.Check(Discovery, answer))
    throw new Fault('protocol', `${url} does not answer as a Postern controller`);
  if (!answer.protocols.includes(1))
    throw new Fault('protocol', `${url} speaks another version of the protocol`);
  const root = decodeKey(answer.root);
  if (root === undefined) throw new Fault('protocol', `${url} names no root key`);
  if (trust.kind === 'root' && !root.equals(trust.root)) {
    throw new Fault('denied', `${url} is not the controller this node was made for: its root key differs`);
  }
  const card = await verifyCard(answer.card, root, nowS);
  if (card === undefined) {
    throw new Fault('denied', `${url} shows a card its root did not sign, or this machine's clock is wrong`);
  }
  return { root, card };
}

function fetchJson(url: URL, trust: Trust): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  // Under a pinned root TLS proves nothing that the card's signature does not, so it need not be trusted here.
  const tls =
    trust.kind === 'root'
      ? // Nothing is verified here, so no authority is read.
        { lookup: lookupWithLocalhost, minVersion: 'TLSv1.3' as const, ca: [], rejectUnauthorized: false }
      : dialOptions(trust.authorities);
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
    url,
    { ...tls, timeout: timeoutMs, headers: { accept: 'application/json' }, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) request.destroy(new Fault('protocol', `${url.origin} answered with too much`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        } catch {
          reject(new Fault('protocol', `${url.origin} does not answer as a Postern controller`));
        }
      });
    },
  );
  request.on('timeout', () =>
    request.destroy(new Fault('timeout', `the controller at ${url.origin} did not answer`)),
  );
  request.on('error', (error) => reject(toDialFault(error, url.origin)));
  request.end();
  return promise;
}

/** The fault behind an error of a connection to `where`, with a sentence that names TLS trust as its own problem. */
export function toDialFault(error: Error, where: string): Fault {
  if (error instanceof Fault) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME|VERIFY/.test(code)) {
    return new Fault(
      'unreachable',
      `the certificate of ${where} is not trusted (${code}); give --ca FILE or --pin ROOT`,
    );
  }
  return new Fault('unreachable', `${where} cannot be reached (${code === '' ? error.message : code})`);
}
