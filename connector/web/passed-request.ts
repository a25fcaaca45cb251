/** A request that the web door passed on, as whoever runs the connector may watch them. */
export interface PassedRequest {
  /** When it came, epoch milliseconds. */
  readonly atMs: number;
  readonly method: string;
  /** Without the query, which may hold what nobody else should read. */
  readonly path: string;
  /** Undefined where the browser was gone, or was cut off, before its answer began. */
  readonly status: number | undefined;
  /** Until its answer was over; of an upgrade, until it was agreed. */
  readonly tookMs: number;
  /** The e-mail address or name; undefined on a public path. */
  readonly who: string | undefined;
}

export type WatchRequest = (request: PassedRequest) => void;
