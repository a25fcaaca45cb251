/**
 * Gathers what this device reports about itself: what every device tells, and of the rest only what the controller asked
 * for. A collector that fails leaves its own fact unknown and no other. Claims, not proofs: whoever owns the device can
 * make it say anything.
 */
import type { PostureFacts, PostureWanted } from '../../protocol/posture-facts.ts';
import { version } from '../../protocol/version.ts';
import type { Collector, SystemCollectors } from './collector.ts';
import { linux } from './linux/linux.ts';
import type { Machine } from './machine.ts';
import { macos } from './macos/macos.ts';
import { windows } from './windows/windows.ts';

/** What is asked for before the controller has said anything. */
export const nothingWanted: PostureWanted = { checks: [], processes: [], files: [] };

/** The collectors of a platform; undefined on a system that has no name in the protocol. */
export function collectorsOf(platform: NodeJS.Platform): SystemCollectors | undefined {
  return { linux, darwin: macos, win32: windows }[platform as string];
}

/** The facts as they are now. */
export async function collectFacts(
  { os, always, checks }: SystemCollectors,
  machine: Machine,
  wanted: PostureWanted,
): Promise<PostureFacts> {
  const asked = new Set(wanted.checks.map(({ check }) => check));
  const chosen = Object.entries(checks).flatMap(([check, collector]) =>
    asked.has(check) ? [collector] : [],
  );
  const found = await Promise.all(
    [always, ...chosen].map((collector) => attempt(collector, machine, wanted)),
  );
  return Object.assign({ os, clientVersion: version } satisfies PostureFacts, ...found) as PostureFacts;
}

async function attempt(
  collector: Collector,
  machine: Machine,
  wanted: PostureWanted,
): Promise<Partial<PostureFacts>> {
  try {
    return await collector(machine, wanted);
  } catch {
    // Something on this system is not as it was expected: the fact is unknown.
    return {};
  }
}
