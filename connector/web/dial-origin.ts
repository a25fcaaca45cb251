/**
 * A connection to an origin, as the connector dials everything: resolved, guarded, never to a listener of its own; with TLS where
 * the origin is https. For requests, upgrades and health checks alike.
 */
import type { Socket } from 'node:net';
import { dialTcp } from '../dial/dial.ts';
import { OriginSocket } from './origin-socket.ts';
import { securedForOrigin } from '../dial/origin-tls.ts';
import type { Resolve } from '../dial/resolve.ts';
import type { NoteDial } from '../dial/target-health.ts';
import type { WebResource } from '../flows/resource-at.ts';
import type { ChosenOrigin } from './origins.ts';

/** Where a request goes: one origin of a resource, for one right. */
export interface Upstream extends ChosenOrigin {
  readonly resource: WebResource;
  /** The right it is kept apart by. */
  readonly right: string;
}

/** What dialling needs of the connector. */
export interface OriginDialling {
  readonly resolve: Resolve;
  /** Whether this connector itself listens there: no origin is. */
  isOwnListener?(this: void, address: string, port: number): boolean;
  /** Is told what became of every dial. */
  readonly noteDial?: NoteDial;
}

/** Rejects with a Fault, or an OriginTlsError. */
export async function dialOrigin(upstream: Upstream, dialling: OriginDialling): Promise<Socket> {
  const { origin, resource } = upstream;
  const port = Number(origin.port) || (origin.protocol === 'https:' ? 443 : 80);
  try {
    const socket = await connectOrigin(upstream, port, dialling);
    dialling.noteDial?.(resource.id, port);
    return socket;
  } catch (error) {
    dialling.noteDial?.(resource.id, port, error);
    throw error;
  }
}

async function connectOrigin(
  { origin, resource, address }: Upstream,
  port: number,
  { resolve, isOwnListener }: OriginDialling,
): Promise<Socket> {
  const { within } = resource;
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const open = origin.protocol === 'https:' ? undefined : (): Socket => new OriginSocket();
  const socket = await dialTcp({ address, within }, host, port, resolve, isOwnListener, open);
  // Undici speaks to sockets that end both ways at once.
  socket.allowHalfOpen = false;
  if (origin.protocol !== 'https:') return socket;
  return securedForOrigin(socket, resource.web, host);
}
