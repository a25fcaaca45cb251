/**
 * REL-5: a controller with its relay is killed under so many connectors and started again: when they are back, how often
 * each asked, and how long an administrator waits meanwhile. The programs are the built ones.
 */
import { eventually } from '../eventually.ts';
import { HerdController } from './herd-controller.ts';
import { Herd } from './herd.ts';

export interface HerdReturn {
  readonly count: number;
  /** From the moment the controller listened again, ms. */
  readonly p95Ms: number;
  readonly allMs: number;
  /** Attempts that reached it, of each, to have a control channel and to be attached. */
  readonly control: number;
  readonly relay: number;
  /** Those with them that nobody listened to. */
  readonly dials: number;
  /** Of an administrator's questions meanwhile. */
  readonly apiP99Ms: number;
  readonly apiAsked: number;
}

const networks = 20;

/** @param count a multiple of twenty */
export async function restartHerd(count: number, progress: (line: string) => void): Promise<HerdReturn> {
  const controller = await HerdController.open('built', networks);
  const herd = new Herd();
  try {
    await controller.populate(herd, count, networks, progress);
    await herd.tell({ mark: true });
    await controller.kill();
    await controller.start();
    const listenedMs = Date.now();
    const waits: number[] = [];
    const back = await eventually(
      'the return of all',
      async () => {
        const began = performance.now();
        await controller.call('GET', 'networks');
        waits.push(performance.now() - began);
        const now = await herd.count();
        return now.back === count ? now : undefined;
      },
      { timeoutMs: 60_000, everyMs: 20 },
    );
    const times = back.backMs.map((ms) => ms - listenedMs).toSorted((a, b) => a - b);
    return {
      count,
      p95Ms: times[Math.ceil(count * 0.95) - 1] ?? Infinity,
      allMs: times.at(-1) ?? Infinity,
      control: back.control / count,
      relay: back.relay / count,
      dials: back.dials / count,
      apiP99Ms: waits.toSorted((a, b) => a - b)[Math.ceil(waits.length * 0.99) - 1] ?? Infinity,
      apiAsked: waits.length,
    };
  } finally {
    herd.close();
    await controller.close();
  }
}

/** What of REL-5 does not hold. */
export function herdFaults({ p95Ms, allMs, control, relay, apiP99Ms }: HerdReturn): string[] {
  return [
    ...(p95Ms > 10_000 ? [`95 in 100 were back after ${p95Ms} ms`] : []),
    ...(allMs > 30_000 ? [`the last was back after ${allMs} ms`] : []),
    ...(control > 1.5 ? [`each asked the controller ${control.toFixed(2)} times`] : []),
    ...(relay > 1.5 ? [`each asked the relay ${relay.toFixed(2)} times`] : []),
    ...(apiP99Ms > 500 ? [`an administrator waited ${Math.round(apiP99Ms)} ms`] : []),
  ];
}
