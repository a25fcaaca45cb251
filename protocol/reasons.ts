/**
 * Why something is allowed or refused, by name, with the sentence and the remedy a person sees. `decide()` returns
 * names; command line, pages and DNS show these texts. No sentence contains a configured value.
 */
export const reasonTexts = {
  'allow-matches': { met: true, text: 'A policy allows it', fix: undefined },
  'no-allow': { met: false, text: 'No policy allows this', fix: undefined },
  'deny-matches': { met: false, text: 'A policy denies it', fix: 'Ask an administrator.' },
  'session-fresh': { met: true, text: 'The session is recent enough', fix: undefined },
  'session-too-old': {
    met: false,
    text: 'The session is too old for this resource',
    fix: 'Sign in again: postern login',
  },
  'session-ended': {
    met: false,
    text: 'The session is over',
    fix: 'Sign in again: postern login',
  },
  'mfa-fresh': { met: true, text: 'Several factors were used recently enough', fix: undefined },
  'mfa-missing': {
    met: false,
    text: 'The sign-in used a single factor',
    fix: 'Sign in again with a second factor: postern login',
  },
  'mfa-too-old': {
    met: false,
    text: 'The second factor was used too long ago',
    fix: 'Sign in again with a second factor: postern login',
  },
  'schedule-open': { met: true, text: 'The schedule is open', fix: undefined },
  'schedule-closed': {
    met: false,
    text: 'It is outside the hours of this resource',
    fix: 'Try again within its hours.',
  },
  'device-approved': { met: true, text: 'The device is approved', fix: undefined },
  'device-not-approved': {
    met: false,
    text: 'The device is not approved yet',
    fix: 'Ask an administrator to approve this device.',
  },
  'device-blocked': {
    met: false,
    text: 'An administrator has blocked this device',
    fix: 'Ask an administrator.',
  },
  'device-suspended': {
    met: false,
    text: 'Two copies of this device were seen',
    fix: 'Sign in again on the one that is yours: postern login',
  },
  'posture-met': { met: true, text: 'The device meets the posture profile', fix: undefined },
  'posture-failing': {
    met: false,
    text: 'The operating system of the device is too old',
    fix: 'Update the operating system.',
  },
  'posture-unknown': {
    met: false,
    text: 'The device has not reported what the posture profile asks for',
    fix: 'Keep postern up running; it reports within a minute.',
  },
  'posture-stale': {
    met: false,
    text: 'What the device reported is too old',
    fix: 'Keep postern up running; it reports within a minute.',
  },
  'system-not-listed': {
    met: false,
    text: 'The posture profile does not cover this operating system',
    fix: 'Ask an administrator which systems are supported.',
  },
} as const satisfies Record<string, { met: boolean; text: string; fix: string | undefined }>;

export type ReasonName = keyof typeof reasonTexts;

/** A reason as a person reads it, wherever that is: the same name, sentence and remedy. */
export interface ReadableReason {
  readonly name: ReasonName;
  readonly met: boolean;
  readonly text: string;
  /** What the person can do; absent where it is met or nothing helps. */
  readonly fix?: string;
  readonly policy?: string;
}

export function readableReason({ name, policy }: Reason): ReadableReason {
  const { met, text, fix } = reasonTexts[name];
  return {
    name,
    met,
    text,
    ...(met || fix === undefined ? {} : { fix }),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** A reason that is not met on one line: sentence, name and remedy, for DNS, status and logs. */
export function reasonLine(reason: Reason): string {
  const { name, text, fix } = readableReason(reason);
  return `${text} (${name}).${fix === undefined ? '' : ` ${fix}`}`;
}

/** One reason of a decision. `policy` names the policy it comes from, where the person may know it. */
export interface Reason {
  readonly name: ReasonName;
  readonly policy?: string;
}

/** The one text for everything that does not exist or may not be known: alike in words, door and time. */
export const hiddenText = 'There is no such resource, or it is not for you to know of.';
