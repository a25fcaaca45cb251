/**
 * ACME validations of this network that are under way. Any connector may receive one, whichever asked for it: the relay
 * chooses by the name alone. So every connector is told the digest, which is no secret, and makes the answer itself.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../../../protocol/clock.ts';
import type { FromNode } from '../../../protocol/control.ts';
import { challengeCertificate } from './challenge-certificate.ts';

/** A CA looks within seconds, and may look again for some minutes. */
const answeredMs = 600_000;
/** Beyond, the oldest is forgotten. */
const mostChallenges = 256;
/** How long the controller has to tell the others before the CA is sent here all the same. */
const toldMs = 3_000;

export interface ChallengesOptions {
  /** False while there is no contact with the controller. */
  send(this: void, message: FromNode): boolean;
  /** Whether a hostname is this connector's to serve. */
  serves(host: string): boolean;
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

interface Challenge {
  readonly digest: string;
  readonly untilMs: number;
  context?: SecureContext;
}

export class Challenges {
  readonly #options: ChallengesOptions;
  readonly #challenges = new Map<string, Challenge>();
  readonly #telling = new Map<string, () => void>();

  constructor(options: ChallengesOptions) {
    this.#options = options;
  }

  /** Answers for `host` from now on, and resolves once every other connector does, or was not told in time. */
  publish(host: string, digest: string): Promise<void> {
    const { send, clock } = this.#options;
    this.#keep(host, digest);
    if (!send({ t: 'cert', host, digest })) return Promise.resolve();
    return new Promise((resolve) => {
      const told = (): void => {
        cancelTimer();
        this.#telling.delete(digest);
        resolve();
      };
      const cancelTimer = clock.after(toldMs, told);
      this.#telling.set(digest, told);
    });
  }

  /** Some connector of the network asks for this, perhaps this one itself. */
  receive(host: string, digest: string): void {
    if (this.#options.serves(host)) this.#keep(host, digest);
    this.#telling.get(digest)?.();
  }

  /** The answer to a validation of `host`; undefined while none is under way. */
  contextFor(host: string): SecureContext | undefined {
    const challenge = this.#challenges.get(host);
    if (challenge === undefined) return undefined;
    const { clock, nowMs } = this.#options;
    if (challenge.untilMs <= clock.nowMs()) {
      this.#challenges.delete(host);
      return undefined;
    }
    challenge.context ??= createSecureContext(
      challengeCertificate(host, Buffer.from(challenge.digest, 'base64url'), nowMs()),
    );
    return challenge.context;
  }

  #keep(host: string, digest: string): void {
    if (this.#challenges.get(host)?.digest === digest) return;
    this.#challenges.delete(host);
    this.#challenges.set(host, { digest, untilMs: this.#options.clock.nowMs() + answeredMs });
    for (const oldest of this.#challenges.keys()) {
      if (this.#challenges.size <= mostChallenges) break;
      this.#challenges.delete(oldest);
    }
  }
}
