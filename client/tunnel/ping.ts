/**
 * What `postern ping` asks of the running client: one round trip to the connector of a resource over the session that its
 * flows use, over which path that is, and whether the connector could reach the resource. Never tells an address of it.
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../protocol/clock.ts';
import { Fault, toFault } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { Session } from '../../protocol/link/session.ts';
import { isWildcard, matchesPattern, parseName, type Name } from '../../protocol/names.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import { unknownTexts } from '../dns/answer.ts';
import type { FlowTarget } from '../flows/open-flow.ts';
import { pathView } from './path-view.ts';
import { findResource, unmetTexts, type Knowledge, type VisibleResource } from '../standing.ts';
import type { PingReply, PingTarget } from '../status.ts';
import type { NetworkPath } from './tunnels.ts';

export interface PingOptions {
  knowledge(): Knowledge;
  session(network: NetworkId): Promise<Session>;
  networks(): readonly NetworkPath[];
  /** Looks for a better path at once. */
  lookAgain(network: NetworkId): void;
  /** The host of a relay's URL. */
  relayName(relay: string): string;
  open(target: FlowTarget): Promise<Duplex>;
  readonly clock: Clock;
}

/** A session between two carriers, and an answer, are waited for so long. */
const answerMs = 2_000;
const targetMs = 12_000;

export class Ping {
  readonly #options: PingOptions;

  constructor(options: PingOptions) {
    this.#options = options;
  }

  /**
   * One round trip. Rejects with the Fault of why this device may not use what `text` names.
   * @param looks whether a better path is looked for at once, as with the first of several
   */
  async once(text: string, looks: boolean): Promise<PingReply> {
    const resource = this.#granted(text);
    if (looks) this.#options.lookAgain(resource.net);
    const base = { resource: resource.name };
    let rttMs: number | undefined;
    let fault: Fault | undefined;
    try {
      const session = await this.#within(answerMs, this.#options.session(resource.net));
      rttMs = await session.ping(answerMs);
    } catch (error) {
      fault = toFault(error);
    }
    const network = this.#options.networks().find(({ id }) => id === resource.net);
    return {
      ...base,
      network: network?.name ?? '',
      ...pathView(network, (relay) => this.#options.relayName(relay)),
      ...(rttMs === undefined ? {} : { rtt_ms: Math.round(rttMs * 10) / 10 }),
      ...(fault === undefined ? {} : { lost: { code: fault.code, text: fault.message } }),
    };
  }

  /**
   * Whether the connector could reach it: without a port, whether it resolves the name to where the resource may lead;
   * with one, whether the application takes a connection, which counts as a flow. Rejects as `once` does.
   */
  async target(text: string, port: number | undefined): Promise<PingTarget> {
    const resource = this.#granted(text);
    const host = hostOf(text, resource);
    if (host === undefined) return { state: 'not-asked', text: 'It is a wildcard; name one host of it.' };
    try {
      if (port === undefined) await this.#within(targetMs, this.#resolves(resource, host));
      else (await this.#within(targetMs, this.#options.open({ host, port }))).destroy();
      return {
        host,
        ...(port === undefined ? {} : { port }),
        state: port === undefined ? 'resolves' : 'connects',
      };
    } catch (error) {
      const { code, message } = toFault(error);
      return { host, ...(port === undefined ? {} : { port }), state: 'fails', code, text: message };
    }
  }

  async #resolves(resource: VisibleResource, host: Name): Promise<void> {
    const session = await this.#options.session(resource.net);
    const stream = session.openStream({ r: resource.id, h: host, p: 0, k: 'dns', q: 'A' });
    stream.on('error', () => undefined);
    stream.resume();
    stream.end();
    await stream.accepted();
  }

  #granted(text: string): VisibleResource {
    const knowledge = this.#options.knowledge();
    if (knowledge.contact !== 'known') {
      const why = knowledge.contact === 'none' ? 'no-contact' : 'session-ended';
      throw new Fault(why === 'no-contact' ? 'out-of-contact' : 'expired', unknownTexts[why]);
    }
    const resource = findResource(text, knowledge);
    if (resource === undefined) throw new Fault('denied', hiddenText);
    if (resource.granted) return resource;
    const isPosture = resource.reasons.some(({ name }) => name.startsWith('posture'));
    throw new Fault(isPosture ? 'posture' : 'denied', unmetTexts(resource.reasons).join(' '));
  }

  #within<T>(ms: number, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(ms, () =>
        reject(new Fault('timeout', 'No answer came in time.')),
      );
      promise.then(resolve, reject).finally(cancel);
    });
  }
}

/** The name that is asked about: what was given, or the resource's own where that is exact. */
function hostOf(text: string, resource: VisibleResource): Name | undefined {
  const given = text === resource.name ? undefined : parseName(text);
  // A public hostname leads to the connector itself: what is asked about is what lies behind.
  const isBehind = given !== undefined && resource.hosts.some((host) => matchesPattern(host, given));
  return isBehind ? given : (resource.hosts.find((host) => !isWildcard(host)) as string as Name | undefined);
}
