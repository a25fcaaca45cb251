/**
 * A request's body on its way to an origin: nothing is read before the origin asks for it, so that an origin that cannot be
 * reached costs nothing of it, and never more than the origin takes.
 */
import { Readable } from 'node:stream';
import type { RawRequest } from './request-target.ts';

/** A browser of which more is wanted may be silent for so long. */
const usualSilenceMs = 60_000;

export class RequestBody extends Readable {
  readonly #raw: RawRequest;
  readonly #begin: () => void;
  readonly #silenceMs: number;
  #begun = false;

  /** @param begin called before the first byte is asked for, e.g. to say `100 Continue` */
  constructor(raw: RawRequest, begin: () => void, silenceMs = usualSilenceMs) {
    super({ highWaterMark: 65_536 });
    this.#raw = raw;
    this.#begin = begin;
    this.#silenceMs = silenceMs;
  }

  /** Whether bytes of it may be gone. */
  get isBegun(): boolean {
    return this.#begun;
  }

  override _read(): void {
    if (this.#begun) {
      this.#raw.resume();
      return;
    }
    this.#begun = true;
    this.#begin();
    this.#raw.setTimeout(this.#silenceMs, () => {
      // While the origin takes nothing, it is not the browser that is slow.
      if (!this.#raw.isPaused()) this.destroy(new Error('the body stopped coming'));
    });
    this.#raw.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) this.#raw.pause();
    });
    this.#raw.once('end', () => {
      this.#raw.setTimeout(0);
      this.push(null);
    });
    this.#raw.once('error', (error: Error) => this.destroy(error));
    this.#raw.once('close', () => {
      if (!this.#raw.readableEnded) this.destroy(new Error('the request ended early'));
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // Whoever answers early leaves the rest of it to the server, which lets the connection go.
    if (this.#begun) this.#raw.pause();
    done(error);
  }
}

/** Whether the request carries a body at all. */
export function hasBody(raw: RawRequest): boolean {
  if ('stream' in raw && raw.httpVersionMajor === 2) return !raw.stream.endAfterHeaders;
  const { 'content-length': length, 'transfer-encoding': encoding } = raw.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}
