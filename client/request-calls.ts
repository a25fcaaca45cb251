/** Requests for access that the person at this device makes or answers: asked of the controller, one answer each. */
import { Compile } from 'typebox/compile';
import type { Clock } from '../protocol/clock.ts';
import type { FromController, FromNode } from '../protocol/control.ts';
import { Fault } from '../protocol/errors.ts';
import { RequestCall, type RequestAnswer } from '../protocol/request-messages.ts';

const timeoutMs = 10_000;
const isCall = Compile(RequestCall);

/** What the command line is told: as the API answers. */
export type Requested = Pick<RequestAnswer, 'status' | 'body'>;

export class RequestCalls {
  readonly #send: (message: FromNode) => boolean;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (answer: Requested) => void>();
  #next = 1;

  constructor(send: (message: FromNode) => boolean, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** `call` is unchecked. Rejects with a Fault when the controller cannot be asked now or does not answer. */
  ask(call: unknown): Promise<Requested> {
    const id = this.#next++;
    const message = { t: 'request', id, call };
    if (!isCall.Check(message)) throw new Fault('protocol', 'there is no such call');
    const { promise, resolve, reject } = Promise.withResolvers<Requested>();
    const cancelTimer = this.#clock.after(timeoutMs, () => {
      this.#waiting.delete(id);
      reject(new Fault('timeout', 'the controller did not answer; it may be older than this client'));
    });
    this.#waiting.set(id, (answer) => {
      cancelTimer();
      this.#waiting.delete(id);
      resolve(answer);
    });
    if (!this.#send(message)) {
      cancelTimer();
      this.#waiting.delete(id);
      reject(new Fault('out-of-contact', 'the controller is not reachable now; try again'));
    }
    return promise;
  }

  /** Takes what came; false when it is no answer to anything. */
  receive(message: FromController): boolean {
    if (message.t !== 'requested') return false;
    const { status, body } = message;
    this.#waiting.get(message.re)?.({ status, ...(body === undefined ? {} : { body }) });
    return true;
  }
}
