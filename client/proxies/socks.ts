/**
 * The wire of SOCKS5 (RFC 1928) as far as the client speaks it: no authentication, CONNECT, names resolved on our side.
 * Bytes in, messages out; no sockets.
 */
import { exitOf, exits, type CodeName } from '../../protocol/errors.ts';
import type { FlowTarget } from '../flows/open-flow.ts';

/** Replies (RFC 1928 section 6). */
export const socksReplies = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  expired: 6,
  commandNotSupported: 7,
  addressNotSupported: 8,
} as const;

/** `more`: not whole yet. `bad`: not SOCKS5; the connection is closed. */
export type SocksGreeting = 'more' | 'bad' | { readonly noAuth: boolean; readonly length: number };
export type SocksRequest =
  'more' | 'bad' | { readonly refuse: number } | { readonly target: FlowTarget; readonly length: number };

const version = 5;

/** Reads the greeting: version, methods. `length` is how many bytes it took. */
export function readGreeting(bytes: Buffer): SocksGreeting {
  if (bytes.length > 0 && bytes[0] !== version) return 'bad';
  const count = bytes[1];
  if (count === 0) return 'bad';
  if (count === undefined || bytes.length < 2 + count) return 'more';
  return { noAuth: bytes.subarray(2, 2 + count).includes(0), length: 2 + count };
}

/** The answer to a greeting: no authentication, or no acceptable method. */
export function writeMethod(noAuth: boolean): Buffer {
  return Buffer.of(version, noAuth ? 0 : 0xff);
}

/** Reads a request: version, command, address, port. */
export function readRequest(bytes: Buffer): SocksRequest {
  if (bytes.length > 0 && bytes[0] !== version) return 'bad';
  if (bytes.length > 2 && bytes[2] !== 0) return 'bad';
  if (bytes.length < 5) return 'more';
  if (bytes[1] !== 1) return { refuse: socksReplies.commandNotSupported };
  const kind = bytes[3];
  if (kind !== 1 && kind !== 3) return { refuse: socksReplies.addressNotSupported };
  const start = kind === 1 ? 4 : 5;
  const end = start + (kind === 1 ? 4 : (bytes[4] ?? 0));
  if (end === 5) return 'bad';
  if (bytes.length < end + 2) return 'more';
  const address = bytes.subarray(start, end);
  const host = kind === 1 ? address.join('.') : address.toString('latin1');
  const port = bytes.readUInt16BE(end);
  if (port === 0) return 'bad';
  return { target: { host, port }, length: end + 2 };
}

/** A reply; the bound address is of no use to anyone and stays zero. */
export function writeReply(reply: number): Buffer {
  return Buffer.of(version, reply, 0, 1, 0, 0, 0, 0, 0, 0);
}

/** The reply for a refusal. */
export function socksReplyFor(code: CodeName): number {
  if (code === 'refused') return socksReplies.refused;
  if (code === 'timeout') return socksReplies.expired;
  switch (exitOf(code)) {
    case exits.denied:
    case exits.posture:
      return socksReplies.notAllowed;
    case exits.targetRefused:
      return socksReplies.hostUnreachable;
    case exits.relayOrConnectorOffline:
      return socksReplies.networkUnreachable;
    default:
      return socksReplies.generalFailure;
  }
}
