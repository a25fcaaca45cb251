/**
 * Which origins of a resource are well: those that could not be reached a moment ago, and those that fail the resource's
 * health check, are tried last. None is ever given up: with all of them ill the first is still asked.
 */
import { request as sendRequest } from 'node:http';
import type { Clock } from '../../protocol/clock.ts';
import type { Resolve } from '../dial/resolve.ts';
import type { WebResource } from './exchange.ts';
import type { ChosenOrigin } from './origins.ts';
import { dialOrigin } from './upstreams.ts';

/** So long an origin that could not be reached goes to the end of the list. */
const avoidedMs = 5_000;
const probeMs = 5_000;

interface Check {
  readonly settings: string;
  cancelTimer: () => void;
}

export class OriginHealth {
  readonly #clock: Clock;
  readonly #resolve: Resolve;
  readonly #failedAt = new Map<string, number>();
  readonly #ill = new Set<string>();
  readonly #checks = new Map<string, Check>();

  constructor(clock: Clock, resolve: Resolve) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** The origins in the order in which they are to be tried. */
  order(resource: WebResource, origins: readonly ChosenOrigin[]): readonly ChosenOrigin[] {
    if (origins.length < 2) return origins;
    return origins.toSorted((a, b) => Number(this.#isIll(resource, a)) - Number(this.#isIll(resource, b)));
  }

  failed(resource: WebResource, origin: ChosenOrigin): void {
    this.#failedAt.set(keyOf(resource, origin), this.#clock.nowMs());
  }

  answered(resource: WebResource, origin: ChosenOrigin): void {
    if (this.#failedAt.size > 0) this.#failedAt.delete(keyOf(resource, origin));
  }

  /** Checks the origins of these resources from now on, and no others. Wildcard origins have no address to be checked at. */
  follow(
    resources: readonly WebResource[],
    originsOf: (resource: WebResource) => readonly ChosenOrigin[],
  ): void {
    const wanted = new Map<string, () => void>();
    for (const resource of resources) {
      const { health, ...rest } = resource.web;
      if (health === undefined) continue;
      for (const each of originsOf(resource)) {
        const key = keyOf(resource, each);
        const settings = JSON.stringify([health, rest.originCa, rest.originName, rest.host, resource.within]);
        wanted.set(key, () => undefined);
        if (this.#checks.get(key)?.settings === settings) continue;
        this.#checks.get(key)?.cancelTimer();
        const check: Check = { settings, cancelTimer: () => undefined };
        this.#checks.set(key, check);
        this.#check(key, check, resource, each);
      }
    }
    for (const [key, check] of this.#checks) {
      if (wanted.has(key)) continue;
      check.cancelTimer();
      this.#checks.delete(key);
      this.#ill.delete(key);
    }
  }

  close(): void {
    this.follow([], () => []);
  }

  #check(key: string, check: Check, resource: WebResource, chosen: ChosenOrigin): void {
    const { health } = resource.web;
    if (health === undefined) return;
    void this.#isWell(resource, chosen, health.path).then((isWell) => {
      if (this.#checks.get(key) !== check) return;
      if (isWell) this.#ill.delete(key);
      else this.#ill.add(key);
      const again = (): void => this.#check(key, check, resource, chosen);
      check.cancelTimer = this.#clock.after(Math.max(1, health.every) * 1_000, again);
    });
  }

  async #isWell(resource: WebResource, chosen: ChosenOrigin, path: string): Promise<boolean> {
    try {
      const connection = await dialOrigin({ resource, ...chosen, right: 'health' }, this.#resolve);
      return await new Promise((resolve) => {
        const asked = sendRequest({
          path,
          setHost: false,
          headers: ['host', chosen.origin.host, 'connection', 'close'],
          createConnection: () => connection,
          timeout: probeMs,
        });
        const settle = (isWell: boolean): void => {
          resolve(isWell);
          asked.destroy();
          connection.destroy();
        };
        asked.once('timeout', () => settle(false));
        asked.on('error', () => settle(false));
        asked.once('response', ({ statusCode = 0 }) => settle(statusCode >= 200 && statusCode < 400));
        asked.end();
      });
    } catch {
      return false;
    }
  }

  #isIll(resource: WebResource, origin: ChosenOrigin): boolean {
    const key = keyOf(resource, origin);
    const failedAt = this.#failedAt.get(key);
    return this.#ill.has(key) || (failedAt !== undefined && this.#clock.nowMs() - failedAt < avoidedMs);
  }
}

/** Neither part can contain a space. */
function keyOf({ id }: WebResource, { text }: ChosenOrigin): string {
  return `${id} ${text}`;
}
