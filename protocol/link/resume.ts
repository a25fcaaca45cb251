/**
 * The first word on a new carrier (WIRE A7) as the responder hears it: begin a session, or continue one. Until then only
 * pings are answered, and nothing is kept. The initiator's side is proven-path.ts.
 */
import type { Clock } from '../clock.ts';
import { Fault } from '../errors.ts';
import { encodePing, hasForm, linkKinds } from './link-messages.ts';
import type { SecureChannel } from './secure-channel.ts';

/** The first word must come within this. */
const firstWordMs = 10_000;

/** How a responder hears the first word; both are called with the channel at their disposal from then on. */
export interface FirstWord {
  start(): void;
  /** @param message the RESUME, of the right length, unproven */
  resume(message: Buffer): void;
  /** Neither came: the channel is closed. */
  failed(fault: Fault): void;
}

/** Responder: waits for START or RESUME on a channel that is up. */
export function hearFirstWord(channel: SecureChannel, clock: Clock, word: FirstWord): void {
  let isOver = false;
  const end = (): boolean => {
    const was = isOver;
    isOver = true;
    cancel();
    return !was;
  };
  const fail = (fault: Fault): void => {
    if (!end()) return;
    channel.close(fault);
    word.failed(fault);
  };
  const cancel = clock.after(firstWordMs, () => fail(new Fault('timeout')));
  channel.start({
    record(plaintext) {
      const kind = plaintext[0];
      if (!hasForm(plaintext)) return fail(outOfForm());
      if (kind === linkKinds.ping)
        return void channel.send(encodePing(linkKinds.pong, plaintext.subarray(1)));
      if (kind !== linkKinds.start && kind !== linkKinds.resume) return fail(outOfForm());
      if (!end()) return undefined;
      return kind === linkKinds.start ? word.start() : word.resume(plaintext);
    },
    drain: () => undefined,
    closed: fail,
  });
}

/** What a first message, or the answer to one, is that must not come then. */
export function outOfForm(): Fault {
  return new Fault('protocol', 'The other side broke the protocol: a first message out of turn.');
}
