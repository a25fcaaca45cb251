/**
 * What Node does not offer of a captured connection's socket: where it was going, and how much the system may hold of it.
 * koffi calls the C library for both; loaded only by a capturing client.
 */
import koffi from 'koffi';
import type { Socket } from 'node:net';

const solIp = 0;
const soOriginalDst = 80;
const sockaddrInLength = 16;
const ipprotoTcp = 6;
const tcpNotsentLowat = 25;

/**
 * What the system takes for an application that is not reading. By itself it takes up to 4 MB for each, at full speed: memory
 * that nobody counts, and minutes of a slow reader's time that a faster one could have had.
 */
const mostUnsentBytes = 128 * 1_024;

const library = koffi.load(null);
const getsockopt = library.func(
  'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
) as unknown as (fd: number, level: number, name: number, value: Buffer, length: [number]) => number;
const setsockopt = library.func(
  'int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)',
) as unknown as (fd: number, level: number, name: number, value: Buffer, length: number) => number;

/** The value of `mostUnsentBytes` as C has it. */
const unsentOption = Buffer.from(Int32Array.of(mostUnsentBytes).buffer);

/** IPv4 address and port that the connection was made to; undefined when the kernel does not say. */
export function originalDestination(socket: Socket): { address: string; port: number } | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const value = Buffer.alloc(sockaddrInLength);
  if (getsockopt(fd, solIp, soOriginalDst, value, [sockaddrInLength]) !== 0) return undefined;
  return { address: value.subarray(4, 8).join('.'), port: value.readUInt16BE(2) };
}

/** Has the system take no more than `mostUnsentBytes` beyond what the application's own buffer holds; where it can. */
export function boundUnsent(socket: Socket): void {
  const fd = descriptorOf(socket);
  if (fd !== undefined) setsockopt(fd, ipprotoTcp, tcpNotsentLowat, unsentOption, unsentOption.length);
}

function descriptorOf(socket: Socket): number | undefined {
  // No public way to the descriptor: the handle of a TCP socket has carried it under this name since Node 0.x.
  const fd = (socket as unknown as { _handle?: { fd?: unknown } })._handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
