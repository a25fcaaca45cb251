/**
 * One answer of an origin on its way to a browser, straight from undici's parser: what has come by the time it is handed on is
 * written at once, the rest as it comes, and never more than the browser takes. Which origin is asked is not its business.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { Fault } from '../../protocol/errors.ts';

/** Copying more would cost more than a second piece does. */
const maxJoined = 4_096;

export type BrowserResponse = ServerResponse | Http2ServerResponse;

/** Called once: with what went wrong before the answer had begun, or with null. */
type Begun = (error: Error | null) => void;

type Phase =
  | { readonly phase: 'asked' }
  /** Status and headers are here; whoever asked is told at the end of this turn, when a small answer is whole. */
  | { readonly phase: 'begun'; readonly ended: 'no' | 'whole' | Error }
  | { readonly phase: 'passing'; readonly to: BrowserResponse }
  | { readonly phase: 'over' };

export class OriginAnswer implements Dispatcher.DispatchHandler {
  statusCode = 0;
  /** Names are lower case. */
  headers: IncomingHttpHeaders = {};
  readonly #begun: Begun;
  #controller: Dispatcher.DispatchController | undefined;
  #phase: Phase = { phase: 'asked' };
  #waiting: Buffer[] = [];
  #isDropped = false;

  constructor(begun: Begun) {
    this.#begun = begun;
  }

  /**
   * Writes the answer's body, as far as it has come and as it comes, after whatever head `response` was given. One that breaks
   * off breaks off there, too.
   */
  sendTo(response: BrowserResponse): void {
    if (this.#phase.phase !== 'begun') return;
    const { ended } = this.#phase;
    const [first, ...more] = this.#waiting;
    this.#waiting = [];
    if (ended === 'whole') {
      this.#phase = { phase: 'over' };
      const whole = more.length === 0 ? first : Buffer.concat([first ?? Buffer.alloc(0), ...more]);
      // Text goes out in one piece with the head, bytes apart from it.
      if (whole === undefined) response.end();
      else if (whole.length <= maxJoined) response.end(whole.toString('latin1'), 'latin1');
      else response.end(whole);
      return;
    }
    this.#phase = { phase: 'passing', to: response };
    // Whoever waits for events is told that they will come; HTTP/2 has sent its head already.
    if (first === undefined && 'flushHeaders' in response) response.flushHeaders();
    response.on('drain', () => this.#controller?.resume());
    for (const chunk of first === undefined ? [] : [first, ...more]) this.#write(response, chunk);
  }

  /** Nobody wants it any more: the origin's connection is let go. */
  destroy(): void {
    this.#isDropped = true;
    if (this.#phase.phase !== 'over') this.#controller?.abort(new Fault('cancelled'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isDropped) controller.abort(new Fault('cancelled'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
  ): void {
    // Interim answers are between the origin and this connector.
    if (statusCode < 200) return;
    this.statusCode = statusCode;
    this.headers = headers;
    this.#phase = { phase: 'begun', ended: 'no' };
    queueMicrotask(() => {
      if (this.#phase.phase !== 'begun') return;
      const { ended } = this.#phase;
      if (ended instanceof Error) this.#phase = { phase: 'over' };
      this.#begun(ended instanceof Error ? ended : null);
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase.phase === 'passing') this.#write(this.#phase.to, chunk);
    else this.#waiting.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#phase.phase === 'begun') this.#phase = { phase: 'begun', ended: 'whole' };
    else if (this.#phase.phase === 'passing') {
      const { to } = this.#phase;
      this.#phase = { phase: 'over' };
      to.end();
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const phase = this.#phase;
    if (phase.phase === 'begun') {
      this.#phase = { phase: 'begun', ended: error };
      return;
    }
    this.#phase = { phase: 'over' };
    if (phase.phase === 'passing') breakOff(phase.to);
    else if (phase.phase === 'asked') this.#begun(error);
  }

  #write(response: Writable, chunk: Buffer): void {
    if (!response.write(chunk)) this.#controller?.pause();
  }
}

/** Ends it so that nobody takes it for whole: over HTTP/2 with a code, over HTTP/1.1 without the last bytes. */
export function breakOff(response: BrowserResponse): void {
  if ('stream' in response && response.stream !== undefined && 'session' in response.stream)
    response.stream.close(constants.NGHTTP2_CANCEL);
  else response.destroy();
}
