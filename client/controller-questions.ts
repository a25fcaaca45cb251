/**
 * What the person at this device asks of the controller over the control channel, by the local API: requests for access and
 * ports that they expose. One answer each, as the controller's API would give it.
 */
import { Value } from 'typebox/value';
import type { Clock } from '../protocol/clock.ts';
import type { FromController, FromNode } from '../protocol/control.ts';
import { Fault } from '../protocol/errors.ts';
import { ExposeCall } from '../protocol/exposures.ts';
import { RequestCall, type RequestAnswer } from '../protocol/request-messages.ts';

const timeoutMs = 10_000;
const forms = { request: RequestCall, expose: ExposeCall } as const;
const answers: Readonly<Record<string, keyof typeof forms>> = { requested: 'request', exposed: 'expose' };

/** What the command line is told: as the API answers. */
export type Answered = Pick<RequestAnswer, 'status' | 'body'>;

export class ControllerQuestions {
  readonly #send: (message: FromNode) => boolean;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, (answer: Answered) => void>();
  #next = 1;

  constructor(send: (message: FromNode) => boolean, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** `call` is unchecked. Rejects with a Fault when the controller cannot be asked now or does not answer. */
  ask(t: keyof typeof forms, call: unknown): Promise<Answered> {
    const id = this.#next++;
    const message: unknown = { t, id, call };
    if (!Value.Check(forms[t], message)) throw new Fault('protocol', 'there is no such call');
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const key = `${t} ${id}`;
    const cancelTimer = this.#clock.after(timeoutMs, () => {
      this.#waiting.delete(key);
      reject(new Fault('timeout', 'the controller did not answer; it may be older than this client'));
    });
    this.#waiting.set(key, (answer) => {
      cancelTimer();
      this.#waiting.delete(key);
      resolve(answer);
    });
    if (!this.#send(message)) {
      cancelTimer();
      this.#waiting.delete(key);
      reject(new Fault('out-of-contact', 'the controller is not reachable now; try again'));
    }
    return promise;
  }

  /** Takes what came; false when it is no answer to anything. */
  receive(message: FromController): boolean {
    if (message.t !== 'requested' && message.t !== 'exposed') return false;
    const { status, body } = message;
    this.#waiting.get(`${answers[message.t]} ${message.re}`)?.({
      status,
      ...(body === undefined ? {} : { body }),
    });
    return true;
  }
}
