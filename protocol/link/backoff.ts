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

/** Milliseconds before attempt `attempt` (1 for the first retry), `downMs` after the connection was lost. */
export function retryDelayMs(attempt: number, downMs: number, random: Random): number {
  const ceiling = downMs < soonForMs ? soonCeilingMs : lateCeilingMs;
  const doubled = firstCeilingMs * 2 ** Math.min(attempt - 1, 16);
  return (Math.min(doubled, ceiling) * random(4).readUInt32BE(0)) / 0x1_0000_0000;
}
