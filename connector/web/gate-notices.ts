/** What the gate says where it refuses: one notice for each cause, named as in answers and records. */
import type { CodeName } from '../../protocol/errors.ts';
import type { Door } from '../../protocol/policy-document.ts';
import type { PathRule } from '../../protocol/web-resource.ts';
import type { Notice } from './pages.ts';
import { askForPass, type ShownPass } from './passes.ts';

/** Of a rule's paths and groups so many are named. */
const maxNamed = 5;

export function wrongPass({ isBasic }: ShownPass): Notice {
  return {
    status: 401,
    error: 'pass-not-valid',
    title: 'This pass does not open this',
    text: 'The service token or device pass is mistyped, expired, revoked, or for another application.',
    ...(isBasic ? { headers: askForPass } : {}),
  };
}

export const tooManyWrong: Notice = {
  status: 429,
  error: 'too-many-wrong-passes',
  title: 'Too many wrong passes',
  text: 'Too many service tokens or device passes from here were wrong. Wait a minute, then use a right one.',
  headers: { 'retry-after': '60' },
};

export const notServed: Notice = {
  status: 404,
  error: 'not-served',
  title: 'Nothing is here',
  text: 'No application answers at this address.',
};

export const noSuchPage: Notice = { ...notServed, text: 'There is no such page.' };

export const foreignOrigin: Notice = {
  status: 403,
  error: 'foreign-origin',
  title: 'You may not open this',
  text: 'A page of another site asked for this, and the application does not list that site.',
};

export function pathBlocked(rule: PathRule): Notice {
  return {
    status: 403,
    error: 'path-blocked',
    title: 'You may not open this',
    text: `This part of the application (${pathsOf(rule)}) is closed to everyone. Its administrator has set this.`,
  };
}

/** `why`: where the controller says what else decides. */
export function groupNeeded(rule: PathRule, why: string | undefined): Notice {
  const groups = named(rule.groups ?? [], ' or ');
  return {
    status: 403,
    error: 'group-needed',
    title: 'You may not open this part',
    text: `You may use the application, but this part of it (${pathsOf(rule)}) is for members of ${groups}. Ask an administrator to be one.`,
    ...whyLink(why, 'See as whom you are signed in'),
  };
}

/** By the client door nobody can be sent to sign in: the session is the device's. */
export const signInAnew: Notice = {
  status: 403,
  error: 'sign-in-too-old',
  title: 'Sign in once more',
  text: 'This part of the application needs a newer sign-in than that of this computer. Run "postern login" on it, then open the page again.',
};

/** The connector's disk takes no records; why stands in its status, and is no business of whoever asks. */
export const notRecordable: Notice = {
  status: 503,
  error: 'log-full',
  title: 'Not available right now',
  text: 'The connector cannot write down who opens what, and opens nothing until it can. Try again in a moment; if it stays like this, tell an administrator.',
  headers: { 'retry-after': '15' },
};

/** So long a program waits before it tries again, seconds; how long the maintenance takes nobody knows. */
const maintenanceS = 60;

/** `text` is its administrator's. */
export function underMaintenance(text: string): Notice {
  return {
    status: 503,
    error: 'maintenance',
    title: 'Closed for maintenance',
    text,
    headers: { 'retry-after': String(maintenanceS) },
  };
}

/** A right that does not hold, where signing in again does not help. `why`: where the controller says why not. */
export function refusalNotice(code: CodeName, door: Door, why: string | undefined): Notice {
  const byCode: Partial<Record<CodeName, string>> = {
    'out-of-contact':
      'The connector has had no contact with the controller for longer than this application allows. Try again in a moment.',
    expired: 'The right to use this has ended.',
    revoked: 'The right to use this was taken away.',
  };
  if (code === 'out-of-contact')
    return {
      status: 503,
      error: code,
      title: 'Not available right now',
      text: byCode[code] ?? '',
      headers: { 'retry-after': '15' },
    };
  const none =
    door === 'client' ? 'No policy lets this computer open it now.' : 'No policy lets you open this.';
  return {
    status: 403,
    error: code,
    title: 'You may not open this',
    text: byCode[code] ?? none,
    ...whyLink(why, 'See why, or ask for access'),
  };
}

function whyLink(url: string | undefined, label: string): Pick<Notice, 'why'> {
  return url === undefined ? {} : { why: { url, label } };
}

/** The paths of a rule, as it is named in pages and records. */
export function pathsOf({ paths }: PathRule): string {
  return named(paths);
}

function named(all: readonly string[], between = ', '): string {
  const shown = all.slice(0, maxNamed).join(between);
  return all.length > maxNamed ? `${shown}, …` : shown;
}
