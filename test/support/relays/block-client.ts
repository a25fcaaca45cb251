/**
 * Flows of numbered blocks, run as a process inside a place as any application would: sends on every flow a block every so
 * often, and checks each byte of what comes back.
 *
 *   node block-client.ts HOST PORT FLOWS EVERY_MS
 *
 * It prints `ready` once all flows have carried a block, `open N` whenever a flow is lost, and ends in order when its
 * standard input ends: it waits for what is on its way, and prints a `BlockReport` as JSON.
 */
import { connect, type Socket } from 'node:net';

export interface BlockReport {
  readonly flows: number;
  /** Whole blocks that came back, over all flows. */
  readonly blocks: number;
  /** Flows that ended by anything but their own end. */
  readonly lost: number;
  /** Flows on which a byte was not the one that was sent. */
  readonly wrong: number;
  /** Blocks that never came back on flows that were not lost. */
  readonly missing: number;
  /** The longest that a block was on its way. */
  readonly worstMs: number;
  /** For each second of the run, the longest that a block sent in it was on its way. */
  readonly worstBySecond: readonly number[];
}

const blockBytes = 1_024;
/** How long what is on its way at the end is waited for. */
const lastWaitMs = 15_000;

class BlockFlow {
  readonly socket: Socket;
  readonly number: number;
  readonly sentAt: number[] = [];
  received = 0;
  isWrong = false;
  isLost = false;
  isEnding = false;

  constructor(socket: Socket, number: number) {
    this.socket = socket;
    this.number = number;
  }

  /** The byte at this place of the flow: every block says which it is, and of which flow. */
  byteAt(at: number): number {
    const block = Math.floor(at / blockBytes);
    return (this.number * 31 + block * 7 + (at % blockBytes)) & 0xff;
  }

  block(index: number): Buffer {
    const block = Buffer.alloc(blockBytes);
    for (let at = 0; at < blockBytes; at++) block[at] = this.byteAt(index * blockBytes + at);
    return block;
  }

  get blocksReceived(): number {
    return Math.floor(this.received / blockBytes);
  }
}

if (import.meta.main) await run(process.argv.slice(2));

async function run([host, port, count, every]: string[]): Promise<void> {
  if (host === undefined || every === undefined)
    throw new Error('usage: block-client.ts HOST PORT FLOWS EVERY_MS');
  const startedAt = performance.now();
  const worstBySecond: number[] = [];
  const flows: BlockFlow[] = [];
  for (let number = 0; number < Number(count); number++) {
    const socket = connect({ host, port: Number(port), noDelay: true });
    const flow = new BlockFlow(socket, number);
    flows.push(flow);
    socket.on('data', (bytes: Buffer) => take(flow, bytes));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (flow.isEnding) return;
      flow.isLost = true;
      console.log(`lost ${number} after ${Math.round(performance.now() - startedAt)} ms`);
    });
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', () => resolve());
    });
  }
  const timer = setInterval(() => {
    for (const flow of flows) send(flow);
  }, Number(every));
  let saidReady = false;
  const look = setInterval(() => {
    if (saidReady || flows.some(({ blocksReceived }) => blocksReceived === 0)) return;
    saidReady = true;
    console.log('ready');
  }, 20);
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  clearInterval(timer);
  clearInterval(look);
  await Promise.race([arrived(flows), new Promise((resolve) => setTimeout(resolve, lastWaitMs))]);
  const report: BlockReport = {
    flows: flows.length,
    blocks: flows.reduce((sum, flow) => sum + flow.blocksReceived, 0),
    lost: flows.filter(({ isLost }) => isLost).length,
    wrong: flows.filter(({ isWrong }) => isWrong).length,
    missing: flows.reduce(
      (sum, flow) => sum + (flow.isLost ? 0 : flow.sentAt.length - flow.blocksReceived),
      0,
    ),
    worstMs: Math.round(Math.max(0, ...worstBySecond.filter((ms) => ms !== undefined))),
    worstBySecond: Array.from(worstBySecond, (ms) => Math.round(ms ?? 0)),
  };
  console.log(JSON.stringify(report));
  process.exit(0);

  function send(flow: BlockFlow): void {
    if (flow.isLost || flow.socket.connecting) return;
    flow.socket.write(flow.block(flow.sentAt.length));
    flow.sentAt.push(performance.now());
  }

  function take(flow: BlockFlow, bytes: Buffer): void {
    for (const byte of bytes) {
      if (byte !== flow.byteAt(flow.received)) flow.isWrong = true;
      flow.received += 1;
      if (flow.received % blockBytes === 0) arrive(flow, flow.received / blockBytes - 1);
    }
  }

  function arrive(flow: BlockFlow, block: number): void {
    const sentAt = flow.sentAt[block] ?? 0;
    const second = Math.floor((sentAt - startedAt) / 1_000);
    worstBySecond[second] = Math.max(worstBySecond[second] ?? 0, performance.now() - sentAt);
  }
}

async function arrived(flows: readonly BlockFlow[]): Promise<void> {
  while (flows.some((flow) => !flow.isLost && flow.blocksReceived < flow.sentAt.length))
    await new Promise((resolve) => setTimeout(resolve, 20));
  for (const flow of flows) {
    flow.isEnding = true;
    flow.socket.end();
  }
}
