/**
 * Admits a node that has just connected: challenge, ticket and proof (WIRE A5). Says who it is, or with which code it is
 * turned away; whether it is honoured at this moment is the relay's to ask.
 */
import type { WebSocket } from 'ws';
import type { Random } from '../protocol/clock.ts';
import type { CodeName } from '../protocol/errors.ts';
import { decodeAttach, encodeChallenge, nonceBytes, verifyAttach, type Challenge } from '../protocol/hop.ts';
import type { RelayId } from '../protocol/ids.ts';
import type { Lease } from '../protocol/lease.ts';
import { verifyTicket, type Card, type Ticket } from '../protocol/tokens.ts';

export interface AdmitOptions {
  readonly relayId: RelayId;
  card(): Card | undefined;
  readonly lease: Pick<Lease, 'nowMs'>;
  readonly random: Random;
}

/** An admitted node, and how it may show a newer ticket over the same challenge. */
export interface Admitted {
  readonly ticket: Ticket;
  renew(message: string): Promise<Ticket | CodeName>;
}

/** Sends the challenge and waits for the answer, for ever: the caller has a timer. Resolves with a refusal's code. */
export async function admit(socket: WebSocket, options: AdmitOptions): Promise<Admitted | CodeName> {
  const challenge = { nonce: options.random(nonceBytes), relay: options.relayId };
  const answer = new Promise<string>((resolve) => {
    socket.once('message', (data, isBinary) => resolve(isBinary ? '' : (data as Buffer).toString()));
  });
  socket.send(encodeChallenge(challenge));
  const ticket = await check(await answer, challenge, options);
  if (typeof ticket === 'string') return ticket;
  return { ticket, renew: (message) => check(message, challenge, options) };
}

async function check(
  message: string,
  challenge: Challenge,
  options: AdmitOptions,
): Promise<Ticket | CodeName> {
  const attach = decodeAttach(message);
  if (attach === undefined) return 'protocol';
  const card = options.card();
  if (card === undefined) return 'out-of-contact';
  const ticket = await verifyTicket(attach.ticket, card, Math.floor(options.lease.nowMs() / 1_000));
  if (ticket === undefined || !verifyAttach(ticket.mk, challenge, attach)) return 'denied';
  return ticket;
}
