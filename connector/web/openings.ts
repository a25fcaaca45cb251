/**
 * Opens what the gate let pass: the exchange that is cut when its right ends, its record, which origins it may go to, and
 * what those are told of the person.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { Lease } from '../../protocol/lease.ts';
import { Exchange, type OpenExchanges, type Standing } from './exchange.ts';
import type { Asked, Passed } from './gate.ts';
import type { Identities } from './identities.ts';
import { reservedHeaders } from './identity-headers.ts';
import type { OriginHealth } from './origin-health.ts';
import { originHeaders } from './origin-request.ts';
import { hostFor, originsFor } from './origins.ts';
import type { WatchRequest } from './passed-request.ts';
import type { Opened } from './proxy.ts';
import type { RawRequest, Target } from './request-target.ts';
import type { Right } from '../flows/right.ts';
import type { WebRecords } from './web-records.ts';

export interface OpeningsOptions {
  /** Whether what the gate let pass would pass now. */
  standing(passed: Passed, asked: Asked): Standing;
  readonly health: OriginHealth;
  readonly identities: Identities;
  /** Where what is open is found again. */
  readonly open: OpenExchanges;
  readonly records: WebRecords;
  readonly lease: Lease;
  readonly clock: Clock;
  /** Assertion keys of all connectors of the network, as the controller knows them now. */
  jwks(): NonNullable<ConnectorSnapshot['jwks']>;
  readonly onRequest?: WatchRequest;
}

export class Openings {
  readonly #options: OpeningsOptions;

  constructor(options: OpeningsOptions) {
    this.#options = options;
  }

  /**
   * What the request is passed on with; a promise only where an assertion has to be signed first.
   * @param cut ends it at once
   */
  open(passed: Passed, asked: Asked, cut: () => void): Opened | Promise<Opened> {
    const { health, identities, open, records, lease } = this.#options;
    const { resource, target, right, ownAuthorization } = passed;
    const { address, cookies, device, raw } = asked;
    const { web } = resource;
    const nowMs = lease.nowMs();
    const exchange = new Exchange({
      raw,
      target,
      resource,
      right,
      address,
      ...(device === undefined ? {} : { device: device.device }),
      ownAuthorization,
      sinceMs: Math.floor(nowMs),
      standing: () => this.#options.standing(passed, asked),
      cut,
    });
    open.add(exchange);
    records.opened(exchange);
    const answered = this.#watch(raw, target, right);
    const opened = (identity: readonly string[]): Opened => ({
      exchange,
      ...(answered === undefined ? {} : { answered }),
      origins: health.order(resource, originsFor(resource, target.host)),
      headers: (chosen) =>
        originHeaders(raw, target, {
          identity,
          address,
          cookie: cookies.rest,
          host: hostFor(web.host, chosen, target.authority),
          reserved: reservedHeaders(web),
          ownAuthorization,
        }),
    });
    if (right === undefined) return opened([]);
    const identity = identities.of(right, target, web, {
      nowMs,
      known: () => new Set(this.#options.jwks().map(({ kid }) => kid)),
    });
    return identity instanceof Promise ? identity.then(opened) : opened(identity);
  }

  #watch({ method = '' }: RawRequest, { path }: Target, right: Right | undefined): Opened['answered'] {
    const { onRequest, clock, lease } = this.#options;
    if (onRequest === undefined) return undefined;
    const [atMs, sinceMs] = [lease.nowMs(), clock.nowMs()];
    const who = right?.who.email ?? right?.who.name;
    return (status) => onRequest({ atMs, method, path, status, tookMs: clock.nowMs() - sinceMs, who });
  }
}
