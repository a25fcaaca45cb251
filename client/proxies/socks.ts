/**
 * The wire of SOCKS5 (RFC 1928) as far as the client speaks it: no authentication, CONNECT and UDP ASSOCIATE, names
 * resolved on our side. Bytes in, messages out; no sockets.
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
  | 'more'
  | 'bad'
  | { readonly refuse: number }
  | { readonly target: FlowTarget; readonly length: number }
  | { readonly associate: SocksSender; readonly length: number };

/** Where an application means to send datagrams from; undefined and 0 where it does not say. */
export interface SocksSender {
  readonly address: string | undefined;
  readonly port: number;
}

/** What an application sends to a relay socket (section 7). */
export interface SocksDatagram {
  readonly target: Pick<FlowTarget, 'host' | 'port'>;
  /** As it came, which is also what an answer from there begins with. */
  readonly header: Buffer;
  readonly payload: Buffer;
}

const version = 5;
const commands = { connect: 1, associate: 3 } as const;
const addressKinds = { ipv4: 1, name: 3, ipv6: 4 } as const;
/** RSV RSV FRAG, before the address of a datagram. */
const datagramPrefixBytes = 3;

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
  const command = bytes[1];
  if (command !== commands.connect && command !== commands.associate)
    return { refuse: socksReplies.commandNotSupported };
  const address = readAddress(bytes, 3);
  if (address === 'more' || address === 'bad') return address;
  if (address === 'unknown') return { refuse: socksReplies.addressNotSupported };
  const { kind, host, port, end } = address;
  if (command === commands.associate) {
    const isTold = kind === addressKinds.ipv4 && host !== '0.0.0.0';
    if (kind === addressKinds.ipv6 && host !== '') return { refuse: socksReplies.addressNotSupported };
    return { associate: { address: isTold ? host : undefined, port }, length: end };
  }
  if (kind === addressKinds.ipv6) return { refuse: socksReplies.addressNotSupported };
  return port === 0 ? 'bad' : { target: { host, port }, length: end };
}

/** Reads a datagram; undefined for one that is passed on to nobody: a fragment, no name or IPv4 address, or not whole. */
export function readDatagram(bytes: Buffer): SocksDatagram | undefined {
  if (bytes.length < datagramPrefixBytes + 2 || bytes.readUIntBE(0, datagramPrefixBytes) !== 0)
    return undefined;
  const address = readAddress(bytes, datagramPrefixBytes);
  if (typeof address === 'string' || address.kind === addressKinds.ipv6 || address.port === 0)
    return undefined;
  const { host, port, end } = address;
  return { target: { host, port }, header: bytes.subarray(0, end), payload: bytes.subarray(end) };
}

/** ATYP, address and port at `at`; of IPv6 only whether it is unspecified, which is ''. At least two bytes are there. */
function readAddress(
  bytes: Buffer,
  at: number,
):
  | 'more'
  | 'bad'
  | 'unknown'
  | { readonly kind: number; readonly host: string; readonly port: number; readonly end: number } {
  const kind = bytes[at];
  if (kind !== addressKinds.ipv4 && kind !== addressKinds.name && kind !== addressKinds.ipv6)
    return 'unknown';
  const isName = kind === addressKinds.name;
  const start = isName ? at + 2 : at + 1;
  const length = isName ? (bytes[at + 1] ?? 0) : kind === addressKinds.ipv4 ? 4 : 16;
  if (length === 0) return 'bad';
  const end = start + length + 2;
  if (bytes.length < end) return 'more';
  const address = bytes.subarray(start, start + length);
  const port = bytes.readUInt16BE(end - 2);
  if (isName) return { kind, host: address.toString('latin1'), port, end };
  if (kind === addressKinds.ipv4) return { kind, host: address.join('.'), port, end };
  return { kind, host: address.every((byte) => byte === 0) ? '' : address.toString('hex'), port, end };
}

/** A reply, with the IPv4 address and port of the relay socket where one was asked for; else they are of no use. */
export function writeReply(
  reply: number,
  bound?: { readonly address: string; readonly port: number },
): Buffer {
  const bytes = Buffer.of(version, reply, 0, addressKinds.ipv4, 0, 0, 0, 0, 0, 0);
  if (bound === undefined) return bytes;
  bytes.set(bound.address.split('.').map(Number), 4);
  bytes.writeUInt16BE(bound.port, 8);
  return bytes;
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
