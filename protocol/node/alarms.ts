/**
 * What cannot be right and yet does not stop a node: a message out of form, a token that nobody signed, a controller that
 * fell back in time, a disk that takes nothing more. The alarm says so in `status` and the log (SECURITY REL-12, REL-16).
 */

/** Every alarm by name, as a sentence with what to do. None holds what the other side sent. */
export const alarmTexts = {
  'message-not-valid':
    'The controller sent a message that is none; what was known before stays. Compare the versions, and see its log.',
  'older-epoch':
    'The controller is at an older state than it was; what was known before stays. Was it restored from a copy?',
  'card-not-valid':
    'The controller shows a card that the pinned root did not sign; the one before stays. Is it another controller?',
  'grant-not-valid': 'A grant came that the controller did not sign for this use; it is not used.',
  'ticket-not-valid': 'A ticket came that the controller did not sign; it is not used.',
  'too-many-peers':
    'The controller names more connectors than this device remembers the keys of; a change of theirs would not be noticed.',
  'not-kept':
    'What it must remember cannot be written; it goes on, but a restart would know less. Check free space and its folder.',
  'flows-not-kept':
    'Records of flows cannot be written; open flows go on, and new ones are refused until they can. Check free space and its folder.',
} as const;

export type AlarmName = keyof typeof alarmTexts;

/** One kind of alarm as `status --json` shows it. */
export interface Alarm {
  readonly name: AlarmName;
  readonly text: string;
  /** How often since this process started. */
  readonly count: number;
  /** RFC 3339, of the last time. */
  readonly last: string;
}

/** The same alarm is logged again after this long. */
const quietMs = 60_000;

export class Alarms {
  readonly #now: () => number;
  readonly #log: (name: AlarmName, text: string) => void;
  readonly #raised = new Map<AlarmName, { count: number; lastMs: number; loggedMs: number }>();

  /** @param now epoch milliseconds @param log called at most once a minute for each name */
  constructor(now: () => number, log: (name: AlarmName, text: string) => void) {
    this.#now = now;
    this.#log = log;
  }

  raise(name: AlarmName): void {
    const nowMs = this.#now();
    const before = this.#raised.get(name);
    const isNews = before === undefined || nowMs - before.loggedMs >= quietMs;
    this.#raised.set(name, {
      count: (before?.count ?? 0) + 1,
      lastMs: nowMs,
      loggedMs: isNews ? nowMs : before.loggedMs,
    });
    if (isNews) this.#log(name, alarmTexts[name]);
  }

  /** For `status`; absent while there is none. */
  get shown(): { readonly alarms?: readonly Alarm[] } {
    if (this.#raised.size === 0) return {};
    return {
      alarms: Array.from(this.#raised, ([name, { count, lastMs }]) => ({
        name,
        text: alarmTexts[name],
        count,
        last: new Date(lastMs).toISOString(),
      })),
    };
  }
}
