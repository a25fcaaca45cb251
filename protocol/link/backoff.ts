/**
 * How long to wait before the next attempt: full jitter below a ceiling that doubles, so that many nodes that lost the
 * same relay do not come back at one instant. The ceiling stays well under a second for the first minute, because then the
 * other side is probably just restarting.
 */
import type { Random } from '../clock.ts';

const firstCeilingMs = 250;
const soonCeilingMs = 400;
const lateCeilingMs = 10_000;
const soonForMs = 60_000;

const firstControlCeilingMs = 200;
const longestControlMs = 5_000;
/** A controller that was busy a moment ago is so for a while: whoever asks at once only asks twice. */
const busyForMs = 1_000;

/**
 * Milliseconds before a control channel is dialled again, after `attempts` that failed since it was last up (0: it was lost
 * just now). The first retry comes quickly, so that a restarted controller is found again at once; one that is busy has many
 * to answer, and is left the whole time for it.
 */
export function controlDelayMs(attempts: number, random: Random, isBusy = false): number {
  const doubled = firstControlCeilingMs * 2 ** Math.min(attempts, 10);
  const ceiling = isBusy ? longestControlMs : Math.min(longestControlMs, doubled);
  const drawnMs = (ceiling * random(4).readUInt32BE(0)) / 0x1_0000_0000;
  return isBusy ? busyForMs + drawnMs : Math.max(20, drawnMs);
}

/** Milliseconds before attempt `attempt` (1 for the first retry), `downMs` after the connection was lost. */
export function retryDelayMs(attempt: number, downMs: number, random: Random): number {
  const ceiling = downMs < soonForMs ? soonCeilingMs : lateCeilingMs;
  const doubled = firstCeilingMs * 2 ** Math.min(attempt - 1, 16);
  return (Math.min(doubled, ceiling) * random(4).readUInt32BE(0)) / 0x1_0000_0000;
}
