/**
 * Where a redirected connection was going, from the kernel (`SO_ORIGINAL_DST`). Node has no getsockopt, so koffi calls
 * the C library; loaded only by a capturing client.
 */
import koffi from 'koffi';
import type { Socket } from 'node:net';

const solIp = 0;
const soOriginalDst = 80;
const sockaddrInLength = 16;

const getsockopt = koffi
  .load(null)
  .func(
    'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
  ) as unknown as (fd: number, level: number, name: number, value: Buffer, length: [number]) => number;

/** IPv4 address and port that the connection was made to; undefined when the kernel does not say. */
export function originalDestination(socket: Socket): { address: string; port: number } | undefined {
  // No public way to the descriptor: the handle of a TCP socket has carried it under this name since Node 0.x.
  const fd = (socket as unknown as { _handle?: { fd?: unknown } })._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) return undefined;
  const value = Buffer.alloc(sockaddrInLength);
  if (getsockopt(fd, solIp, soOriginalDst, value, [sockaddrInLength]) !== 0) return undefined;
  return { address: value.subarray(4, 8).join('.'), port: value.readUInt16BE(2) };
}
