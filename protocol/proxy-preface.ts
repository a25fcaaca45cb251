/**
 * The preface of the PROXY protocol, versions 1 and 2 (haproxy's `proxy-protocol.txt`): what a balancer writes before a
 * connection's own bytes to say whose connection it is. Bytes in, verdict out; whom to believe is `proxied-port.ts`'s matter.
 *
 *   v1  PROXY TCP4 <source> <destination> <port> <port>\r\n            at most 107 bytes
 *   v2  | 0D0A0D0A000D0A515549540A | version, command | family, transport | length u16 | addresses | TLVs |
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** An address and port, the address as plain text in its shortest form. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type PrefaceVerdict =
  /** A preface as far as it goes. */
  | { readonly state: 'partial' }
  /** It begins with something else. */
  | { readonly state: 'none' }
  /** It begins like one and is none, or is longer than is read. */
  | { readonly state: 'invalid' }
  /** `length` bytes of preface. Without `ends` the balancer speaks for itself (LOCAL, UNKNOWN), as when it looks for life. */
  | { readonly state: 'whole'; readonly length: number; readonly ends?: Ends };

/** Where a connection comes from, and the address that was dialled. */
export interface Ends {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

const text = Buffer.from('PROXY ');
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** With the two bytes at its end. */
const longestText = 107;
const fixedLength = 16;
/** Addresses and TLVs together; balancers that tell of certificates write some hundred bytes. */
const longestRest = 4_096;
/** The longest preface that is read, in bytes. */
export const longestPreface = fixedLength + longestRest;

/** Reads from the first byte of a connection. Never throws; looks at `longestPreface` bytes at most. */
export function readProxyPreface(bytes: Buffer): PrefaceVerdict {
  if (begins(bytes, signature)) return readBinary(bytes);
  return begins(bytes, text) ? readText(bytes) : { state: 'none' };
}

/** Whether they are alike as far as the shorter goes. */
function begins(bytes: Buffer, sign: Buffer): boolean {
  const length = Math.min(bytes.length, sign.length);
  return bytes.subarray(0, length).equals(sign.subarray(0, length));
}

function readText(bytes: Buffer): PrefaceVerdict {
  const end = bytes.subarray(0, longestText).indexOf('\r\n');
  if (end === -1) return { state: bytes.length < longestText ? 'partial' : 'invalid' };
  const length = end + 2;
  const [, family, source, destination, sourcePort, destinationPort, ...more] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  if (family === 'UNKNOWN') return { state: 'whole', length };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isBareIPv6 : isNothing;
  const ends = { source: endpoint(source, sourcePort), destination: endpoint(destination, destinationPort) };
  if (ends.source === undefined || ends.destination === undefined || more.length > 0)
    return { state: 'invalid' };
  if (!isAddress(ends.source.address) || !isAddress(ends.destination.address)) return { state: 'invalid' };
  return { state: 'whole', length, ends: { source: ends.source, destination: ends.destination } };
}

/** Address and port as written in text; undefined when either is not exact. */
function endpoint(address = '', port = ''): Endpoint | undefined {
  if (!/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) return undefined;
  if (isIPv4(address)) return { address, port: Number(port) };
  return isBareIPv6(address) ? { address: canonical(address), port: Number(port) } : undefined;
}

function readBinary(bytes: Buffer): PrefaceVerdict {
  if (bytes.length < fixedLength) return { state: 'partial' };
  const [kind = 0, family = 0, rest] = [bytes[12], bytes[13], bytes.readUInt16BE(14)];
  const [version, command] = [kind >> 4, kind & 15];
  if (version !== 2 || command > 1 || rest > longestRest) return { state: 'invalid' };
  const length = fixedLength + rest;
  if (bytes.length < length) return { state: 'partial' };
  // Of one that speaks for itself, and of sockets without an address of the internet, the addresses count for nothing.
  if (command === 0 || family === 0x00 || family === 0x31) return { state: 'whole', length };
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : undefined;
  if (size === undefined || rest < 2 * size + 4) return { state: 'invalid' };
  const at = (start: number, port: number): Endpoint => ({
    address: addressOf(bytes.subarray(start, start + size)),
    port: bytes.readUInt16BE(port),
  });
  const ports = fixedLength + 2 * size;
  const [source, destination] = [at(fixedLength, ports), at(fixedLength + size, ports + 2)];
  return { state: 'whole', length, ends: { source, destination } };
}

function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  return canonical(bytes.toString('hex').replace(/(?<=^(?:.{4})+)(?=.)/g, ':'));
}

function canonical(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address;
}

function isBareIPv6(address: string): boolean {
  return isIPv6(address) && !address.includes('%');
}

function isNothing(): boolean {
  return false;
}
