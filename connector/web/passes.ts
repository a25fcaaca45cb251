/**
 * Service tokens and device passes: how a program, or an application that cannot follow a redirect, comes through the web
 * door. Read from a pair of headers or from basic credentials, compared as hashes, honoured under the one lease rule.
 */
import { parseId } from '../../protocol/ids.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { Lease } from '../../protocol/lease.ts';
import { decodePass, hashOfSecret, type PassSecret } from '../../protocol/secrets.ts';
import type { ConnectorPass } from '../../protocol/web-resource.ts';
import type { RawRequest } from './request-target.ts';

/** What a request shows; undefined where it shows no pass at all. */
export interface ShownPass {
  /** The id of the pass, or, with basic credentials, the person's e-mail. */
  readonly name: string;
  readonly secret: PassSecret | undefined;
  readonly isBasic: boolean;
}

export function shownPass({ headers }: RawRequest): ShownPass | undefined {
  const id = headers['postern-client-id'];
  const secret = headers['postern-client-secret'];
  if (id !== undefined || secret !== undefined) {
    return {
      name: typeof id === 'string' ? id : '',
      secret: typeof secret === 'string' ? decodePass(secret) : undefined,
      isBasic: false,
    };
  }
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization) ?? [];
  const pair = Buffer.from(encoded, 'base64').toString();
  const at = pair.indexOf(':');
  const password = pair.slice(at + 1);
  // Other basic credentials are the application's own.
  if (at < 0 || !/^(ws|dp)_/.test(password)) return undefined;
  return { name: pair.slice(0, at), secret: decodePass(password), isBasic: true };
}

type Passes = Readonly<Record<string, ConnectorPass>>;

interface PassIndex {
  readonly byHash: ReadonlyMap<string, ConnectorPass>;
  readonly resources: ReadonlySet<string>;
}

/** By the collection of a snapshot, which is replaced and never changed. */
const indexes = new WeakMap<Passes, PassIndex>();

/** The pass that was shown, when it is one of this resource; whether it holds now is `passObjection`'s to say. */
export function findPass(
  passes: Passes,
  resource: string,
  { name, secret }: ShownPass,
): ConnectorPass | undefined {
  if (secret === undefined) return undefined;
  const pass = indexOf(passes).byHash.get(hashOfSecret(secret.secret));
  if (pass === undefined || pass.res !== resource) return undefined;
  const isNamed = pass.id === name || pass.who.email?.toLowerCase() === name.toLowerCase();
  return isNamed && pass.kind === (secret.kind === 'ws' ? 'service' : 'device') ? pass : undefined;
}

/** Whether a program could come to this resource by a pass at all. */
export function hasPasses(passes: Passes, resource: string): boolean {
  return indexOf(passes).resources.has(resource);
}

function indexOf(passes: Passes): PassIndex {
  const known = indexes.get(passes);
  if (known !== undefined) return known;
  const all = Object.values(passes);
  const made = {
    byHash: new Map(all.map((pass) => [pass.hash, pass])),
    resources: new Set(all.map(({ res }) => res)),
  };
  indexes.set(passes, made);
  return made;
}

/**
 * What asks a program for its pass (RFC 9110 §11.6.1): many send credentials only when they are asked. A browser would show a
 * dialog of its own; every current one says where its request comes from (`Sec-Fetch-Site`), and programs do not.
 */
export const askForPass = { 'www-authenticate': 'Basic realm="Postern", charset="UTF-8"' };

export function isProgram({ headers }: RawRequest): boolean {
  return headers['sec-fetch-site'] === undefined && headers['sec-fetch-mode'] === undefined;
}

/** Why a pass does not hold now; undefined when it does. `current`: what the snapshot has under its id. */
export function passObjection(
  pass: ConnectorPass,
  current: ConnectorPass | undefined,
  lease: Lease,
): CodeName | undefined {
  const ids = [
    parseId('tok', pass.id),
    parseId('res', pass.res),
    parseId('usr', pass.sub) ?? parseId('svc', pass.sub),
  ];
  if (ids.some((id) => id === undefined || lease.isRevoked(id)) || current?.hash !== pass.hash)
    return 'revoked';
  if (current.cav.until * 1_000 <= lease.nowMs()) return 'expired';
  return lease.isHonoured(current.cav.out) ? undefined : 'out-of-contact';
}
