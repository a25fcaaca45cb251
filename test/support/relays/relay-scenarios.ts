/**
 * What is done to relays under load, and what must come out of it: REL-1, REL-2 and REL-7. The tests run them short, `npm
 * run soak` at full length.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { BlockReport } from './block-client.ts';
import type { TwoRelays } from './two-relays.ts';

export interface Load {
  readonly flows: number;
  readonly everyMs: number;
}

/** What a scenario found, as a person reads it. */
export interface Outcome {
  readonly report: BlockReport;
  /** Milliseconds: what a block may have been on its way at most. */
  readonly allowedMs: number;
  readonly notes: readonly string[];
}

/** What is wrong with an outcome; empty when it held. */
export function faultsOf({ report, allowedMs }: Outcome): string[] {
  return [
    ...(report.lost > 0 ? [`${report.lost} flows were lost`] : []),
    ...(report.wrong > 0 ? [`${report.wrong} flows carried wrong bytes`] : []),
    ...(report.missing > 0 ? [`${report.missing} blocks never came back`] : []),
    ...(report.blocks === 0 ? ['nothing was carried'] : []),
    ...(report.worstMs > allowedMs ? [`a block took ${report.worstMs} ms, ${allowedMs} are allowed`] : []),
  ];
}

/** REL-1: one of two relays is killed every `everyS`, in turn, and comes back; the flows stall for 2 s at most. */
export async function killRelays(
  world: TwoRelays,
  load: Load,
  { kills, everyS }: { kills: number; everyS: number },
): Promise<Outcome> {
  const flows = await world.flows(load.flows, load.everyMs);
  for (let kill = 0; kill < kills; kill++) {
    const since = performance.now();
    const relay = world.relays[kill % 2 === 0 ? 0 : 1];
    relay.program.kill('SIGKILL');
    await relay.program.ended;
    await relay.start();
    await world.bothAttached();
    await wait(Math.max(0, everyS * 1_000 - (performance.now() - since)));
  }
  return { report: await flows.end(), allowedMs: 2_000, notes: [`${kills} kills`] };
}

/** Noticed within 6 s and moved within one more; a second is the machine's, which does much else. */
const silenceMs = 8_000;

/**
 * REL-2: what goes through the relay in use vanishes; then the relay in use stops with its sockets open. So often, by turns.
 */
export async function silenceRelays(world: TwoRelays, load: Load, times: number): Promise<Outcome> {
  const flows = await world.flows(load.flows, load.everyMs);
  const notes: string[] = [];
  for (let time = 0; time < times; time++) {
    const relay = await world.relayInUse();
    const since = performance.now();
    const isStop = time % 2 === 1;
    if (isStop) relay.program.kill('SIGSTOP');
    else await relay.silence(true);
    await world.movedFrom(relay);
    notes.push(`${isStop ? 'stopped' : 'silent'}: moved after ${Math.round(performance.now() - since)} ms`);
    if (isStop) relay.program.kill('SIGCONT');
    else await relay.silence(false);
    await world.bothAttached();
  }
  return { report: await flows.end(), allowedMs: silenceMs, notes };
}

/** REL-7: relays are told to end, in turn; each does so by itself, and the flows notice nothing. */
export async function drainRelays(world: TwoRelays, load: Load, turns: number): Promise<Outcome> {
  const flows = await world.flows(load.flows, load.everyMs);
  const notes: string[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const relay = world.relays[turn % 2 === 0 ? 0 : 1];
    const since = performance.now();
    relay.program.kill('SIGTERM');
    const { code } = await relay.program.ended;
    notes.push(`ended with ${code} after ${Math.round(performance.now() - since)} ms`);
    await relay.start();
    await world.bothAttached();
  }
  return { report: await flows.end(), allowedMs: 1_000, notes };
}
