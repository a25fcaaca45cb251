/**
 * What the connector says of a person to an origin, signed (WIRE A2): a P-256 key made here and kept 0600, assertions of five
 * minutes, each used for one minute. The key is replaced monthly; the older one verifies until its last assertion is over.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import type { Clock, Random } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { AssertionJwk } from '../../protocol/web-resource.ts';
import type { Target } from './request-target.ts';
import type { Right } from '../flows/right.ts';

const file = 'assertion-keys.json';
const lifeS = 300;
const reuseMs = 60_000;
const rotateMs = 30 * 24 * 3_600_000;
const lookMs = 24 * 3_600_000;
const maxCached = 10_000;

interface Key {
  readonly jwk: AssertionJwk;
  readonly privateKey: KeyObject;
  readonly madeMs: number;
}

interface Kept {
  readonly pem: string;
  readonly madeMs: number;
}

/** A signed one, and when it was made. */
export interface Assertion {
  readonly jws: string;
  readonly atMs: number;
}

export interface AssertionsOptions {
  readonly state: StateDirectory;
  readonly clock: Clock;
  /** Epoch milliseconds by the controller's clock. */
  nowMs(): number;
  readonly random: Random;
  /** There is another key, which verifiers have to hear of. */
  replaced(): void;
  /** A new key could not be written: after a restart the older one signs again. */
  notKept(): void;
}

export class Assertions {
  readonly #options: AssertionsOptions;
  /** The newest first, at most two. */
  #keys: Key[] = [];
  readonly #cache = new Map<string, Assertion>();
  #cancelLook: (() => void) | undefined;

  private constructor(options: AssertionsOptions) {
    this.#options = options;
  }

  /** Opens the keys of the state directory, or makes the first one, and looks once a day whether it is old until `close`. */
  static async open(options: AssertionsOptions): Promise<Assertions> {
    const assertions = new Assertions(options);
    const kept = (options.state.readJson(file) as Kept[] | undefined) ?? [];
    assertions.#keys = await Promise.all(
      kept.slice(0, 2).map(({ pem, madeMs }) => keyOf(createPrivateKey(pem), madeMs)),
    );
    await assertions.#rotate();
    assertions.#lookLater();
    return assertions;
  }

  get jwks(): AssertionJwk[] {
    return this.#keys.map(({ jwk }) => jwk);
  }

  close(): void {
    this.#cancelLook?.();
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.after(lookMs, () => {
      this.#lookLater();
      void this.#rotate().then((isReplaced) => {
        if (isReplaced) this.#options.replaced();
      });
    });
  }

  /** Makes a new key when there is none or it is old; whether it did. */
  async #rotate(): Promise<boolean> {
    const nowMs = this.#options.nowMs();
    const [newest] = this.#keys;
    if (newest !== undefined && nowMs - newest.madeMs < rotateMs) return false;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const made = await keyOf(privateKey, nowMs);
    this.#keys = [made, ...this.#keys].slice(0, 2);
    const kept: Kept[] = this.#keys.map((key) => ({
      pem: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      madeMs: key.madeMs,
    }));
    if (!this.#options.state.keepJson(file, kept)) this.#options.notKept();
    return true;
  }

  /** An assertion at hand that is fresh enough; undefined where `sign` has to make one. */
  cached(right: Right, target: Target, audience: string, nowMs: number): Assertion | undefined {
    const found = this.#cache.get(cacheKey(right, target, audience));
    return found !== undefined && isUsable(found, nowMs) ? found : undefined;
  }

  /** @param known the key ids that verifiers can find: a key that others do not know yet is not used while an older is */
  async sign(
    right: Right,
    target: Target,
    { audience, nowMs, known }: { audience: string; nowMs: number; known: ReadonlySet<string> },
  ): Promise<Assertion> {
    const key = this.#keys.find(({ jwk }) => known.has(jwk.kid)) ?? this.#keys[0];
    if (key === undefined) throw new Error('there is no assertion key');
    const iat = Math.floor(nowMs / 1_000);
    const { email, name, groups } = right.who;
    const jws = await new SignJWT({
      ...(email === undefined ? {} : { email }),
      name,
      groups: [...groups],
      door: right.door,
      ...(right.device === undefined ? {} : { dev: right.device }),
    })
      .setProtectedHeader({ alg: 'ES256', kid: key.jwk.kid, typ: 'postern-assertion+jwt' })
      .setIssuer(`https://${target.authority}`)
      .setAudience(audience)
      .setSubject(right.sub)
      .setJti(newId('tok', this.#options.random(16)))
      .setIssuedAt(iat)
      .setExpirationTime(iat + lifeS)
      .sign(key.privateKey);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= maxCached && oldest !== undefined) this.#cache.delete(oldest);
    const made = { jws, atMs: nowMs };
    this.#cache.set(cacheKey(right, target, audience), made);
    return made;
  }
}

/** Whether it may be used again: for a minute, and not by a clock that was set back. */
export function isUsable({ atMs }: Assertion, nowMs: number): boolean {
  return nowMs - atMs < reuseMs && nowMs >= atMs;
}

/** Injective: neither an id nor a host can contain a space, and whatever follows the second is the audience (SEC-A6). */
export function cacheKey(
  right: Pick<Right, 'id'>,
  target: Pick<Target, 'authority'>,
  audience: string,
): string {
  return `${right.id} ${target.authority} ${audience}`;
}

async function keyOf(privateKey: KeyObject, madeMs: number): Promise<Key> {
  const { x = '', y = '' } = privateKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x, y });
  return { privateKey, madeMs, jwk: { kid, x, y } };
}
