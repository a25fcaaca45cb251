/** Questions to the controller that have an answer: sent over the control channel, matched by number, given up after a while. */
import type { Clock } from '../../protocol/clock.ts';
import type { FromController, FromNode } from '../../protocol/control.ts';
import type { Redeem, SignOut } from '../../protocol/web-messages.ts';

const timeoutMs = 10_000;
/** Beyond this nobody is served any faster by asking more. */
const maxWaiting = 1_000;

export type Redeemed = { readonly jws: string } | { readonly code: 'denied' | 'busy' | 'internal' };
type Question =
  Omit<Redeem, 'id' | 're'> | Omit<SignOut, 'id' | 're'> | { t: 'certify'; key: string; host: string };

export class ControllerCalls {
  readonly #send: (message: FromNode) => boolean;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (answer: FromController | undefined) => void>();
  #next = 1;

  constructor(send: (message: FromNode) => boolean, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** `busy` when the controller cannot be asked now or does not answer in time. */
  async redeem(question: Omit<Redeem, 't' | 'id' | 're'>): Promise<Redeemed> {
    const answer = await this.#ask({ t: 'redeem', ...question });
    if (answer?.t !== 'redeemed') return { code: 'busy' };
    return answer.jws === undefined ? { code: answer.code ?? 'internal' } : { jws: answer.jws };
  }

  /** Whether the controller did it. */
  async signOut(web: SignOut['web'], everywhere: boolean): Promise<boolean> {
    const answer = await this.#ask({ t: 'sign-out', web, ...(everywhere ? { everywhere } : {}) });
    return answer?.t === 'signed-out';
  }

  /** A certificate of the controller's authority, PEM; undefined when it gives none. */
  async certify(host: string, spki: string): Promise<string | undefined> {
    const answer = await this.#ask({ t: 'certify', key: spki, host });
    return answer?.t === 'certificate' && answer.pem !== '' ? answer.pem : undefined;
  }

  /** Takes what came; false when it is no answer to anything. */
  receive(message: FromController): boolean {
    const settle = 're' in message && message.re !== undefined ? this.#waiting.get(message.re) : undefined;
    settle?.(message);
    return settle !== undefined;
  }

  #ask(question: Question): Promise<FromController | undefined> {
    if (this.#waiting.size >= maxWaiting) return Promise.resolve(undefined);
    const id = this.#next++;
    return new Promise((resolve) => {
      const settle = (answer: FromController | undefined): void => {
        cancelTimer();
        this.#waiting.delete(id);
        resolve(answer);
      };
      const cancelTimer = this.#clock.after(timeoutMs, () => settle(undefined));
      this.#waiting.set(id, settle);
      if (!this.#send({ ...question, id })) settle(undefined);
    });
  }
}
