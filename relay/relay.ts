/**
 * The relay: attaches nodes by ticket and joins circuits between a caller and a connector of one organisation and
 * network. Blind by construction: it imports no seal, no store and no policy, and passes bytes it cannot open.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { Value } from 'typebox/value';
import type { Clock, Random } from '../protocol/clock.ts';
import { Fault, type CodeName } from '../protocol/errors.ts';
import { CallPeer, hopSubprotocol, maxHopMessageBytes } from '../protocol/hop.ts';
import type { NodeId, RelayId } from '../protocol/ids.ts';
import type { Lease } from '../protocol/lease.ts';
import { runHopSession, type HopSession } from '../protocol/link/hop-session.ts';
import { closeCodeOf } from '../protocol/link/websocket-carrier.ts';
import type { MuxStream } from '../protocol/mux/stream.ts';
import { leewayS, type Card, type Ticket } from '../protocol/tokens.ts';
import { challengeNode } from './attach.ts';
import { joinCircuit } from './circuit.ts';

/** What happened, in ids and codes only. */
export type RelayEvent =
  | { readonly event: 'attached'; readonly node: NodeId }
  | { readonly event: 'detached'; readonly node: NodeId; readonly code: CodeName }
  | { readonly event: 'refused' };

export interface RelayOptions {
  readonly relayId: RelayId;
  /** The current card; without one nobody can attach. */
  card(): Card | undefined;
  readonly lease: Pick<Lease, 'isHonoured' | 'isRevoked' | 'nowMs'>;
  readonly clock: Clock;
  readonly random: Random;
  /** What all circuits may hold together; 256 MiB unless said. */
  readonly memoryBytes?: number;
  readonly log?: (event: RelayEvent) => void;
}

export interface Relay {
  /** Takes an upgrade of `hopPath`; the caller routes. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** After a revocation: cuts what is no longer honoured, at once. */
  recheck(): void;
  readonly attached: number;
  readonly circuits: number;
  /** Ends every attachment with `draining`. */
  close(): void;
}

interface AttachedNode {
  readonly ticket: Ticket;
  readonly session: HopSession;
}

/** Both streams of a circuit begin with windows of this much. */
const circuitBytes = 2 * 256 * 1_024;
/** Sockets that have not proven themselves. */
const maxUnproven = 1_024;
const recheckMs = 5_000;

export function createRelay(options: RelayOptions): Relay {
  const { lease, clock, memoryBytes = 256 * 1_024 * 1_024 } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxHopMessageBytes,
    handleProtocols: (offered) => (offered.has(hopSubprotocol) ? hopSubprotocol : false),
  });
  const nodes = new Map<NodeId, AttachedNode>();
  const growth = { left: memoryBytes / 2 };
  let circuits = 0;
  const unproven = new Set<Duplex>();
  let isClosed = false;
  let cancelTimer = clock.after(recheckMs, tick);

  return {
    handleUpgrade(request, socket, head) {
      if (isClosed || unproven.size >= maxUnproven) {
        socket.destroy();
        return;
      }
      unproven.add(socket);
      // A handshake that ws refuses ends its socket without a word to us.
      socket.once('close', () => unproven.delete(socket));
      server.handleUpgrade(request, socket, head, (opened) => {
        void attach(opened).finally(() => unproven.delete(socket));
      });
    },
    recheck,
    get attached() {
      return nodes.size;
    },
    get circuits() {
      return circuits;
    },
    close() {
      isClosed = true;
      cancelTimer();
      for (const { session } of nodes.values()) session.close('draining');
    },
  };

  async function attach(socket: WebSocket): Promise<void> {
    socket.on('error', () => socket.terminate());
    const nowS = (): number => Math.floor(lease.nowMs() / 1_000);
    const ticket = await challengeNode(socket, { ...options, nowS, isHonoured });
    if (ticket === undefined || isClosed) {
      options.log?.({ event: 'refused' });
      return socket.close(closeCodeOf(new Fault('denied')));
    }
    const node = ticket.sub;
    nodes.get(node)?.session.close('fenced');
    const session = runHopSession({
      socket,
      side: 'acceptor',
      clock,
      growth,
      stream: (stream, payload) => call(ticket, stream, payload),
      closed: ({ code }) => {
        if (nodes.get(node)?.session === session) nodes.delete(node);
        options.log?.({ event: 'detached', node, code });
      },
    });
    nodes.set(node, { ticket, session });
    options.log?.({ event: 'attached', node });
  }

  /** Every refusal is the same to the caller, whatever its reason. */
  function call(caller: Ticket, stream: MuxStream, payload: Buffer): void {
    const callee = findCallee(caller, payload);
    if (callee === undefined || (circuits + 1) * circuitBytes > memoryBytes / 2)
      return stream.reset('no-peer');
    try {
      const onward = callee.session.openStream({ from: caller.sub });
      circuits += 1;
      joinCircuit(stream, onward, () => circuits--);
    } catch {
      // The connector's attachment is at a limit or ending.
      stream.reset('no-peer');
    }
  }

  function findCallee(caller: Ticket, payload: Buffer): AttachedNode | undefined {
    let called: unknown;
    try {
      called = JSON.parse(payload.toString('utf8'));
    } catch {
      return undefined;
    }
    if (!Value.Check(CallPeer, called)) return undefined;
    const callee = nodes.get(called.peer as NodeId);
    if (callee === undefined || !isHonoured(caller) || !isHonoured(callee.ticket)) return undefined;
    const { role, org, meet } = callee.ticket;
    const mayMeet =
      role === 'connector' && org === caller.org && meet.some((net) => caller.meet.includes(net));
    return mayMeet && called.peer !== caller.sub ? callee : undefined;
  }

  function isHonoured({ sub, jti, org, exp, out }: Ticket): boolean {
    if ([sub, jti, org].some((id) => lease.isRevoked(id))) return false;
    return lease.nowMs() / 1_000 <= exp + leewayS && lease.isHonoured(out);
  }

  function recheck(): void {
    for (const { ticket, session } of nodes.values()) if (!isHonoured(ticket)) session.close('revoked');
  }

  function tick(): void {
    recheck();
    cancelTimer = clock.after(recheckMs, tick);
  }
}
