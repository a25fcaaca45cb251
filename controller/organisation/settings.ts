/** What the document says about sessions and devices of people, with what holds where it says nothing. */
import { parseDuration } from '../../protocol/durations.ts';
import type { StoredDocument } from './organisation-state.ts';

/** A person's session lasts this long unless the document says otherwise. */
const usualSessionMs = 12 * 3_600_000;

/** A guest's is shorter: what they prove is that mail to them arrives. */
const usualGuestSessionMs = 8 * 3_600_000;

type Settings = Pick<StoredDocument, 'sessions' | 'devices'>;

/** How long a session of a person lasts from its sign-in, on a device and in a browser. */
export function sessionLengthMs({ sessions }: Settings): number {
  return durationMs(sessions?.length) ?? usualSessionMs;
}

/** How long a guest's lasts. */
export function guestSessionLengthMs({ sessions }: Settings): number {
  return durationMs(sessions?.guests) ?? usualGuestSessionMs;
}

/** Which new devices wait for an administrator. */
export function approvalRule({ devices }: Settings): 'required' | 'elsewhere' | 'off' {
  return devices?.approval ?? 'elsewhere';
}

/** How long after the last sign-in on it a device must be let in anew; undefined: never. */
export function deviceLifeMs({ devices }: Settings): number | undefined {
  return durationMs(devices?.expireAfter);
}

function durationMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}
