/**
 * What every way into the client (captured connections, SOCKS5, HTTP CONNECT, `forward`) asks for: a flow to a name or
 * to a synthetic address. They parse and join; who may reach what is decided behind this.
 */
import type { Duplex } from 'node:stream';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { EarlyBytes } from './early-bytes.ts';

export interface FlowTarget {
  /** A name as the application gave it, or a dotted quad, which must be a synthetic address. */
  readonly host: string;
  readonly port: number;
  /** What the application sends meanwhile; released by the caller. */
  readonly early?: EarlyBytes;
}

/** Resolves once the application behind the connector took the connection; rejects with a Fault otherwise. */
export type OpenFlow = (target: FlowTarget) => Promise<Duplex>;

/** As `OpenFlow`, for datagrams; resolves once the connector would pass them on. */
export type OpenDatagrams = (target: Omit<FlowTarget, 'early'>) => Promise<MuxStream>;
