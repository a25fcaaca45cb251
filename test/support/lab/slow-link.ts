/**
 * A long, thin link in user space, for delay and loss where the kernel has no module for them: two TAP devices, and a
 * program that carries every frame from one to the other after a while, at a bounded rate, and loses some. `slowLaptop`
 * puts one between a lab's laptop and its NAT.
 *
 *   node slow-link.ts NAME OTHER ONE-WAY-MS MBIT LOSS      (LOSS: share of frames, 0 to 1; MBIT: each way)
 */
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { findProgram } from '../../../scripts/programs.ts';
import type { Lab } from './lab.ts';
import type { Place } from './place.ts';

export interface SlowLink {
  readonly oneWayMs: number;
  readonly mbit: number;
  /** Share of frames that are lost, 0 to 1; default 0. */
  readonly loss?: number;
}

const self = fileURLToPath(import.meta.url);

/** From here on everything between the laptop and its NAT goes over such a link. Before anything is connected. */
export async function slowLaptop(lab: Lab, { oneWayMs, mbit, loss = 0 }: SlowLink): Promise<void> {
  const { laptop, laptopNat, addresses } = lab;
  const ip = async (place: Place, ...lines: string[]): Promise<void> => {
    const { code, stderr } = await place.run(findProgram('ip'), ['-batch', '-'], { input: lines.join('\n') });
    if (code !== 0) throw new Error(`ip refused: ${stderr}`);
  };
  const args = [self, 'near0', 'far0', String(oneWayMs), String(mbit), String(loss)];
  await laptop.spawn(process.execPath, args, { name: 'slow-link' }).waitFor(/carrying/);
  const gateway = addresses.laptop.replace(/\.\d+$/, '.1');
  await ip(
    laptop,
    `link set far0 netns ${laptopNat.namespace}`,
    'link del eth0',
    `addr add ${addresses.laptop}/24 dev near0`,
    'link set near0 up',
    `route add default via ${gateway}`,
  );
  await ip(laptopNat, 'link set far0 master lan0', 'link set far0 up');
}

const tunSetIff = 0x4004_54can;
const iffTap = 0x0002;
const iffNoPi = 0x1000;
const nonBlocking = 0o4000;
const readWrite = 2;
const pollIn = 1;
const mostFrameBytes = 2_048;
/** A router's buffer: what has to wait longer than this is dropped. */
const mostQueueMs = 100;

interface System {
  ioctl(fd: number, request: bigint, value: Buffer): number;
  read(fd: number, into: Buffer, bytes: number): number;
  write(fd: number, from: Buffer, bytes: number): number;
  poll(fds: Buffer, count: number, timeoutMs: number): number;
}

function system(): System {
  const libc = koffi.load(null);
  const calls: unknown = {
    ioctl: libc.func('int ioctl(int fd, unsigned long request, _Inout_ uint8_t *value)'),
    read: libc.func('long read(int fd, _Out_ uint8_t *into, size_t bytes)'),
    write: libc.func('long write(int fd, uint8_t *from, size_t bytes)'),
    poll: libc.func('int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)'),
  };
  return calls as System;
}

if (import.meta.main) {
  const [near = '', far = '', oneWayMs = '', mbit = '', loss = ''] = process.argv.slice(2);
  carry(system(), near, far, { oneWayMs: Number(oneWayMs), mbit: Number(mbit), loss: Number(loss) });
}

/** One way of the link: what is on it, oldest first. */
interface Way {
  readonly from: number;
  readonly to: number;
  readonly frames: { readonly bytes: Buffer; readonly dueMs: number }[];
  /** When the last bit of what was taken has left. */
  leftMs: number;
}

/** Runs until it is killed. */
function carry(libc: System, near: string, far: string, link: Required<SlowLink>): void {
  const [one, other] = [openTap(libc, near), openTap(libc, far)];
  const ways: Way[] = [
    { from: one, to: other, frames: [], leftMs: 0 },
    { from: other, to: one, frames: [], leftMs: 0 },
  ];
  console.log('carrying');
  const fds = Buffer.alloc(16);
  const frame = Buffer.alloc(mostFrameBytes);
  for (;;) {
    const due = Math.min(...ways.map(({ frames }) => frames[0]?.dueMs ?? Number.POSITIVE_INFINITY));
    const waitMs = Math.max(0, Math.min(100, Math.floor(due - performance.now())));
    for (const [index, { from }] of ways.entries()) {
      fds.writeInt32LE(from, index * 8);
      fds.writeUInt16LE(pollIn, index * 8 + 4);
      fds.writeUInt16LE(0, index * 8 + 6);
    }
    libc.poll(fds, ways.length, waitMs);
    for (const way of ways) take(libc, way, frame, link);
    for (const way of ways) deliver(libc, way);
  }
}

function take(libc: System, way: Way, frame: Buffer, { oneWayMs, mbit, loss }: Required<SlowLink>): void {
  for (let count = 0; count < 64; count += 1) {
    const length = libc.read(way.from, frame, frame.length);
    if (length <= 0) return;
    const nowMs = performance.now();
    const beginsMs = Math.max(nowMs, way.leftMs);
    if (beginsMs - nowMs > mostQueueMs || Math.random() < loss) continue;
    way.leftMs = beginsMs + (length * 8) / (mbit * 1_000);
    way.frames.push({ bytes: Buffer.from(frame.subarray(0, length)), dueMs: way.leftMs + oneWayMs });
  }
}

function deliver(libc: System, { to, frames }: Way): void {
  const nowMs = performance.now();
  let delivered = 0;
  for (const { bytes, dueMs } of frames) {
    if (dueMs > nowMs) break;
    // An end that is not up yet takes nothing, as a cable that is not plugged in.
    libc.write(to, bytes, bytes.length);
    delivered += 1;
  }
  frames.splice(0, delivered);
}

function openTap(libc: System, name: string): number {
  const fd = openSync('/dev/net/tun', readWrite | nonBlocking);
  // struct ifreq: name, then flags.
  const request = Buffer.alloc(40);
  request.write(name, 0, 15, 'latin1');
  request.writeUInt16LE(iffTap | iffNoPi, 16);
  if (libc.ioctl(fd, tunSetIff, request) !== 0) {
    closeSync(fd);
    throw new Error(`the kernel refused the device ${name}`);
  }
  return fd;
}
