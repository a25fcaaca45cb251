/** The relay's half of attaching (WIRE A5): challenge, ticket, proof. Every way to fail looks the same from outside. */
import type { RawData, WebSocket } from 'ws';
import { Value } from 'typebox/value';
import type { Clock, Random } from '../protocol/clock.ts';
import { Attach, verifyAttach } from '../protocol/hop.ts';
import type { RelayId } from '../protocol/ids.ts';
import { verifyTicket, type Card, type Ticket } from '../protocol/tokens.ts';

const timeoutMs = 5_000;

export interface AttachCheck {
  readonly relayId: RelayId;
  card(): Card | undefined;
  nowS(): number;
  /** Time, contact and revocation of a ticket whose signature is right. */
  isHonoured(ticket: Ticket): boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** The ticket of a node that proved its machine key; undefined for one that did not, or not in time. */
export async function challengeNode(socket: WebSocket, check: AttachCheck): Promise<Ticket | undefined> {
  const nonce = check.random(32);
  socket.send(JSON.stringify({ nonce: nonce.toString('base64url'), relay: check.relayId }));
  const answer = await firstMessage(socket, check.clock);
  const card = check.card();
  if (!Value.Check(Attach, answer) || card === undefined) return undefined;
  const ticket = await verifyTicket(answer.ticket, card, check.nowS());
  if (ticket === undefined || !check.isHonoured(ticket)) return undefined;
  if (!verifyAttach(ticket.mk, check.relayId, nonce, answer)) return undefined;
  socket.send(JSON.stringify({ ok: true }));
  return ticket;
}

/** The first message as JSON; undefined when it is none, or none came. */
function firstMessage(socket: WebSocket, clock: Clock): Promise<unknown> {
  return new Promise((resolve) => {
    const settle = (value: unknown): void => {
      cancel();
      socket.off('message', onMessage);
      socket.off('close', onClose);
      resolve(value);
    };
    const onMessage = (data: RawData, isBinary: boolean): void => {
      settle(isBinary ? undefined : parseJson(data as Buffer));
    };
    const onClose = (): void => settle(undefined);
    const cancel = clock.after(timeoutMs, () => settle(undefined));
    socket.on('message', onMessage);
    socket.on('close', onClose);
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
