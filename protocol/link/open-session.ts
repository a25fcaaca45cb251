/**
 * How sessions begin: dialled by their initiator, or accepted by a responder, which tells a new one from one that continues on
 * another carrier. What clients, connectors and tests call.
 */
import { Fault } from '../errors.ts';
import type { HandshakeBudget } from './handshake-budget.ts';
import { decodeResume, encodeGone } from './link-messages.ts';
import { hearFirstWord } from './resume.ts';
import { acceptSecureChannel, openSecureChannel } from './secure-channel.ts';
import type { Session, SessionOptions } from './session.ts';
import { channelOptions, TunnelSession } from './tunnel-session.ts';

/**
 * Initiator. `grants` travel in the first flight after the handshake. Rejects with the Fault that ended the handshake;
 * the carrier is closed then.
 */
export async function dialSession(
  options: SessionOptions & { readonly peer: Buffer; readonly grants: readonly string[] },
): Promise<Session> {
  const channel = await openSecureChannel(options.carrier, {
    ...channelOptions(options),
    peer: options.peer,
  });
  return new TunnelSession(channel, 'initiator', options, options.grants);
}

/** A responder's open sessions by their id: what a RESUME may name. */
export class SessionTable {
  readonly #sessions = new Map<string, TunnelSession>();

  /** Keeps a session until it ends, in place of those of the same peer that have lost their carrier. */
  add(session: TunnelSession): void {
    for (const other of this.#sessions.values()) {
      if (!other.hasPath && other.peerKey.equals(session.peerKey)) other.close('connector-lost');
    }
    const id = session.sessionId.toString('hex');
    this.#sessions.set(id, session);
    void session.closed.then(() => this.#sessions.delete(id));
  }

  find(sessionId: Buffer): TunnelSession | undefined {
    return this.#sessions.get(sessionId.toString('hex'));
  }
}

/**
 * Responder. Resolves once the initiator has proven its key and said what it wants: with a new session, or with the one
 * of `sessions` that now continues on this carrier. Rejects with a Fault, the carrier being closed then: `connector-lost`
 * when it wanted to continue a session that is not there or not its own.
 */
export async function acceptSession(
  options: SessionOptions & {
    readonly budget: HandshakeBudget;
    readonly source: string;
    /** Without it no session can be continued. */
    readonly sessions?: SessionTable;
  },
): Promise<Session> {
  const channel = await acceptSecureChannel(options.carrier, {
    ...channelOptions(options),
    budget: options.budget,
    source: options.source,
  });
  return new Promise((resolve, reject) => {
    hearFirstWord(channel, options.clock, {
      start() {
        const session = new TunnelSession(channel, 'responder', options, []);
        options.sessions?.add(session);
        resolve(session);
      },
      resume(message) {
        const session = options.sessions?.find(decodeResume(message).sessionId);
        if (session?.takeOver(channel, message) === true) return resolve(session);
        channel.send(encodeGone('connector-lost'));
        channel.close();
        return reject(new Fault('connector-lost'));
      },
      failed: reject,
    });
  });
}
