/** Requests to what is exposed, as lines of the terminal. What strangers send never reaches it as control characters. */
import type { PassedRequest } from '../connector/web/passed-request.ts';
import { printable } from './printable.ts';

const longestPath = 120;

/** `14:02:11  GET   /api/items  200  12 ms  bob@acme.example` */
export function requestLine({ atMs, method, path, status, tookMs, who }: PassedRequest): string {
  const shown = path.length > longestPath ? `${path.slice(0, longestPath)}…` : path;
  const cells = [clockTime(atMs, true), method.padEnd(5), shown, status ?? '---', `${Math.round(tookMs)} ms`];
  return printable([...cells, who ?? 'nobody'].join('  '));
}

export function requestObject({ atMs, method, path, status, tookMs, who }: PassedRequest): object {
  return {
    time: new Date(atMs).toISOString(),
    method,
    path,
    ...(status === undefined ? {} : { status }),
    tookMs: Math.round(tookMs),
    ...(who === undefined ? {} : { who }),
  };
}

/** Of this machine’s own time zone. */
export function clockTime(atMs: number, withSeconds = false): string {
  return new Date(atMs).toTimeString().slice(0, withSeconds ? 8 : 5);
}
