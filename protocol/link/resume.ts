/**
 * The first words on a new carrier (WIRE A7): what an initiator says to begin a session or to continue one, and what the
 * responder makes of it. Until then only pings are answered, and nothing is kept.
 */
import type { Clock } from '../clock.ts';
import { codeName, Fault } from '../errors.ts';
import {
  decodeReceived,
  encodePing,
  encodeResume,
  hasForm,
  linkKinds,
  type ResumeRequest,
} from './link-messages.ts';
import type { SecureChannel } from './secure-channel.ts';

/** The first word, and the answer to a RESUME, must come within this. */
const firstWordMs = 10_000;
/** A path that is to replace one that works is pinged so often before the session moves to it. */
const provingPings = 3;

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

/** How an initiator continues a session on another carrier. */
export interface Resuming {
  /** Whether the path is to be proven by pings first, because the session still has another. */
  readonly proves: boolean;
  /** Called once, as late as possible: from here on the old carrier is neither read nor written. */
  request(): ResumeRequest;
  /** Of the session's first handshake. */
  readonly secret: Buffer;
  /** The responder agreed and has so many records; the channel is the caller's from here on. */
  resumed(received: number): void;
}

/**
 * Initiator: asks on a channel that is up. Rejects, the channel being closed, with the Fault `connector-lost` when the
 * responder does not know the session any more (`isGone`), or with what ended the carrier.
 */
export function askToResume(channel: SecureChannel, clock: Clock, resuming: Resuming): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let pings = resuming.proves ? provingPings : 0;
    let hasAsked = false;
    const fail = (fault: Fault): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      channel.close(fault);
      reject(fault);
    };
    const next = (): void => {
      if (pings > 0) return void channel.send(encodePing(linkKinds.ping, Buffer.alloc(8, pings)));
      hasAsked = true;
      channel.send(encodeResume(resuming.request(), resuming.secret, channel.handshakeHash));
      return undefined;
    };
    const cancel = clock.after(firstWordMs, () => fail(new Fault('timeout')));
    channel.start({
      record(plaintext) {
        if (!hasForm(plaintext)) return fail(outOfForm());
        const kind = plaintext[0];
        if (kind === linkKinds.pong && pings > 0) {
          pings -= 1;
          return next();
        }
        if (kind === linkKinds.gone && hasAsked) {
          return fail(new GoneFault(codeName(plaintext.readUInt16BE(1))));
        }
        if (kind !== linkKinds.resumed || !hasAsked) return fail(outOfForm());
        isOver = true;
        cancel();
        resuming.resumed(decodeReceived(plaintext));
        return resolve();
      },
      drain: () => undefined,
      closed: fail,
    });
    if (!isOver) next();
  });
}

/** The responder does not know the session, or does not believe us: it cannot be continued anywhere. */
export class GoneFault extends Fault {}

function outOfForm(): Fault {
  return new Fault('protocol', 'The other side broke the protocol: a first message out of turn.');
}
