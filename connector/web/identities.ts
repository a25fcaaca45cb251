/**
 * Who is told to an origin, ready to be sent: the headers of a person at a hostname, made once for as long as their assertion is
 * used again. Decides nothing: whoever asks has found that the right holds.
 */
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import type { Who } from '../../protocol/web.ts';
import { isUsable, type Assertion, type Assertions } from './assertion.ts';
import { identityHeaders } from './identity-headers.ts';
import { headerText } from './origin-request.ts';
import type { Target } from './request-target.ts';
import type { Right } from '../flows/right.ts';

/** Of one person by one right at one hostname. */
interface Kept {
  readonly right: string;
  readonly authority: string;
  readonly web: ConnectorWeb;
  readonly assertion: Assertion;
  readonly headers: readonly string[];
}

export class Identities {
  readonly #assertions: Assertions;
  /** The last of each person, as a right says who they are: nothing is looked up by a key that is made of parts. */
  readonly #kept = new WeakMap<Who, Kept>();

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
    const kept = this.#kept.get(right.who);
    const isTheirs = kept?.right === right.id && kept.authority === target.authority && kept.web === web;
    if (isTheirs && isUsable(kept.assertion, nowMs)) return kept.headers;
    const cached = this.#assertions.cached(right, target, web.audience, nowMs);
    if (cached !== undefined) return this.#keep(right, target, web, cached);
    const options = { audience: web.audience, nowMs, known: known() };
    return this.#assertions
      .sign(right, target, options)
      .then((assertion) => this.#keep(right, target, web, assertion));
  }

  #keep(right: Right, target: Target, web: ConnectorWeb, assertion: Assertion): readonly string[] {
    const told = identityHeaders(web, right, assertion.jws);
    const headers = told.flatMap(([name, value]) => [name, headerText(value)]);
    const { authority } = target;
    this.#kept.set(right.who, { right: right.id, authority, web, assertion, headers });
    return headers;
  }
}
