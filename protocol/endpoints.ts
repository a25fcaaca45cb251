/**
 * Endpoints where a connector can be reached directly, as its operator published them (WIRE A4 `publish`): a name or an
 * address literal, and a port. Only the form is judged here; whether one may be told to devices the controller decides.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { parseName } from './names.ts';

export interface Endpoint {
  /** A normalised name, or an address literal without brackets. */
  readonly host: string;
  /** 1 … 65535. */
  readonly port: number;
}

/** So many a connector publishes at most, and so long is each as text. */
export const maxEndpoints = 4;
export const maxEndpointLength = 260;

/** The endpoint in `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([1-9]\d{0,4})$/.exec(text);
  const [, six, other] = match ?? [];
  const port = Number(match?.[3]);
  if (text.length > maxEndpointLength || !(port <= 65_535)) return undefined;
  if (six !== undefined) return isIPv6(six) ? { host: canonical(six), port } : undefined;
  if (other === undefined) return undefined;
  const host = isIPv4(other) ? other : parseName(other);
  return host === undefined ? undefined : { host, port };
}

/** As `parseEndpoint` takes it; one text for one endpoint. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** RFC 5952, as the URL parser writes it. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
