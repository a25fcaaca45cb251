/** Tells the controller each second what a relay passed for which organisations, where something did. */
import type { NodeLoad } from '../protocol/shares.ts';
import { maxPassed } from '../protocol/shares.ts';
import type { Relay } from '../relay/relay.ts';

const everyMs = 1_000;

export interface RelayLoadOptions {
  readonly relay: () => Pick<Relay, 'takePassed'> | undefined;
  /** Whether the controller would hear of it now. */
  readonly isHeard: () => boolean;
  readonly say: (load: NodeLoad) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Begins to tell; returns how to stop. */
export function tellRelayLoad({ relay, isHeard, say, nowMs }: RelayLoadOptions): () => void {
  let sinceMs = nowMs();
  let wasIdle = true;
  const timer = setInterval(() => {
    // What passes meanwhile is told when somebody hears it.
    if (!isHeard()) return;
    const passed = relay()?.takePassed(maxPassed) ?? [];
    const isIdle = passed.length === 0;
    const ms = Math.max(1, Math.round(nowMs() - sinceMs));
    sinceMs = nowMs();
    if (!isIdle || !wasIdle) say({ ms, passed });
    wasIdle = isIdle;
  }, everyMs);
  return () => clearInterval(timer);
}
