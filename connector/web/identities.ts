/**
 * Who is told to an origin, ready to be sent: the headers of a person at a hostname, made once for as long as their assertion is
 * used again. Decides nothing: whoever asks has found that the right holds.
 */
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import type { Assertions } from './assertion.ts';
import { identityHeaders } from './identity-headers.ts';
import { headerText } from './origin-request.ts';
import type { Target } from './request-target.ts';
import type { Right } from '../flows/right.ts';

const maxKept = 10_000;

interface Kept {
  readonly jwt: string;
  readonly web: ConnectorWeb;
  readonly who: Right['who'];
  readonly headers: readonly string[];
}

export class Identities {
  readonly #assertions: Assertions;
  readonly #kept = new Map<string, Kept>();

  constructor(assertions: Assertions) {
    this.#assertions = assertions;
  }

  /**
   * Name, value, name, value; a promise only where a new assertion has to be signed.
   * @param known the key ids that verifiers can find, asked for only then
   */
  of(
    right: Right,
    target: Target,
    web: ConnectorWeb,
    { nowMs, known }: { nowMs: number; known: () => ReadonlySet<string> },
  ): readonly string[] | Promise<readonly string[]> {
    const jwt = this.#assertions.cached(right, target, web.audience, nowMs);
    if (jwt === undefined) {
      const options = { audience: web.audience, nowMs, known: known() };
      return this.#assertions
        .sign(right, target, options)
        .then((signed) => this.#headers(right, target, web, signed));
    }
    return this.#headers(right, target, web, jwt);
  }

  #headers(right: Right, target: Target, web: ConnectorWeb, jwt: string): readonly string[] {
    const key = identityKey(right, target);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.jwt === jwt && kept.web === web && kept.who === right.who)
      return kept.headers;
    const headers = identityHeaders(web, right, jwt).flatMap(([name, value]) => [name, headerText(value)]);
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { jwt, web, who: right.who, headers });
    return headers;
  }
}

/** Injective: neither part can contain a space (SEC-A6). */
export function identityKey(right: Pick<Right, 'id'>, target: Pick<Target, 'authority'>): string {
  return `${right.id} ${target.authority}`;
}
