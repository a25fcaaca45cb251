/**
 * Which origins of a resource are well: those that could not be reached a moment ago, and those that fail the resource's
 * health check, are tried last. None is ever given up: with all of them ill the first is still asked.
 */
import { request as sendRequest } from 'node:http';
import type { Clock } from '../../protocol/clock.ts';
import type { WebResource } from '../flows/resource-at.ts';
import { dialOrigin, type OriginDialling } from './dial-origin.ts';
import type { ChosenOrigin } from './origins.ts';

/** So long an origin that could not be reached goes to the end of the list. */
const avoidedMs = 5_000;
const probeMs = 5_000;

/** An origin of a resource that has a health check. */
export interface CheckedOrigin {
  readonly resource: WebResource;
  readonly health: NonNullable<WebResource['web']['health']>;
  readonly chosen: ChosenOrigin;
  /** The Host it is asked with, as requests have it. */
  readonly host: string;
}

interface Check {
  readonly settings: string;
  cancelTimer: () => void;
}

export class OriginHealth {
  readonly #clock: Clock;
  readonly #dialling: OriginDialling;
  readonly #failedAt = new Map<string, number>();
  readonly #ill = new Set<string>();
  readonly #checks = new Map<string, Check>();

  constructor(clock: Clock, dialling: OriginDialling) {
    this.#clock = clock;
    this.#dialling = dialling;
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

  /** Checks these origins from now on, and no others. */
  follow(origins: readonly CheckedOrigin[]): void {
    const wanted = new Set<string>();
    for (const origin of origins) {
      const { originCa, originName, originInsecure } = origin.resource.web;
      const key = keyOf(origin.resource, origin.chosen);
      const tls = [originCa, originName, originInsecure];
      const settings = JSON.stringify([origin.health, tls, origin.host, origin.resource.within]);
      wanted.add(key);
      if (this.#checks.get(key)?.settings === settings) continue;
      this.#checks.get(key)?.cancelTimer();
      const check: Check = { settings, cancelTimer: () => undefined };
      this.#checks.set(key, check);
      this.#check(key, check, origin);
    }
    for (const [key, check] of this.#checks) {
      if (wanted.has(key)) continue;
      check.cancelTimer();
      this.#checks.delete(key);
      this.#ill.delete(key);
    }
  }

  close(): void {
    this.follow([]);
  }

  #check(key: string, check: Check, origin: CheckedOrigin): void {
    void this.#isWell(origin).then((isWell) => {
      if (this.#checks.get(key) !== check) return;
      if (isWell) this.#ill.delete(key);
      else this.#ill.add(key);
      const again = (): void => this.#check(key, check, origin);
      check.cancelTimer = this.#clock.after(Math.max(1, origin.health.every) * 1_000, again);
    });
  }

  async #isWell({ resource, chosen, host, health }: CheckedOrigin): Promise<boolean> {
    try {
      const upstream = { resource, ...chosen, right: 'health' };
      const connection = await dialOrigin(upstream, this.#dialling);
      return await new Promise((resolve) => {
        const asked = sendRequest({
          path: health.path,
          setHost: false,
          headers: ['host', host, 'connection', 'close'],
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
