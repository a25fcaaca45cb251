/** The conditions of a policy, each in a few words that end a sentence: "the device meets healthy". */
import type {
  ConditionsDocument,
  MfaDocument,
  ScheduleDocument,
} from '../../../../protocol/policy-document.ts';
import { countryText } from './countries.ts';
import { days, dayTexts, readDays, type Day } from './days.ts';

export function conditionTexts(when: ConditionsDocument): string[] {
  const { posture, mfa, session, deviceApproved, source, country, schedule } = when;
  const texts: string[] = [];
  if (posture !== undefined)
    texts.push(
      `the device meets the posture profile${posture.length === 1 ? '' : 's'} ${posture.join(' and ')}`,
    );
  if (mfa !== undefined) texts.push(mfaText(typeof mfa === 'string' ? { age: mfa } : mfa));
  if (session !== undefined) texts.push(`signed in at most ${durationText(session)} ago`);
  if (deviceApproved !== undefined) texts.push('the device is approved');
  if (source !== undefined) texts.push(`coming from ${source.join(', ')}`);
  if (country !== undefined) texts.push(`in ${country.map(countryText).join(' or ')}`);
  if (schedule !== undefined) texts.push(scheduleText(schedule));
  return texts;
}

function mfaText({ age, amr, acr }: MfaDocument): string {
  const by = [
    ...(amr === undefined ? [] : [` by ${amr.join(' or ')}`]),
    ...(acr === undefined ? [] : [` in ${acr.join(' or ')}`]),
  ];
  return `several factors were used at most ${durationText(age)} ago${by.join('')}`;
}

const units: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day' };

/** `12h` as `12 hours`; what the document could not mean stays as it is written, since it is checked elsewhere. */
function durationText(written: string): string {
  const [, count = '', unit = ''] = /^(\d+)([smhd])$/.exec(written) ?? [];
  const name = units[unit];
  return name === undefined ? written : `${count} ${name}${count === '1' ? '' : 's'}`;
}

/** Monday to Friday, 09:00–18:00 in Europe/Berlin. */
function scheduleText({ days: written, hours, zone }: ScheduleDocument): string {
  const chosen = readDays(written);
  const parts = [
    ...(chosen.size === days.length ? [] : [daysText(chosen)]),
    ...(hours === undefined ? [] : [hours.replace('-', '–')]),
  ];
  return `${parts.join(', ')} in ${zone}`.trim();
}

function daysText(chosen: ReadonlySet<Day>): string {
  const runs: Day[][] = [];
  for (const day of days) {
    if (!chosen.has(day)) continue;
    const last = runs.at(-1);
    if (last !== undefined && days.indexOf(day) === days.indexOf(last.at(-1) ?? day) + 1) last.push(day);
    else runs.push([day]);
  }
  return runs
    .flatMap((run) => {
      const [first] = run;
      const last = run.at(-1);
      if (first === undefined || last === undefined) return [];
      return run.length > 2 ? [`${dayTexts[first]} to ${dayTexts[last]}`] : run.map((each) => dayTexts[each]);
    })
    .join(', ');
}
