/** `--allow`: who may open what is exposed, as it is typed and as it is shown. */
import type { WhoDocument } from '../protocol/policy-document.ts';
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';

type Named = Exclude<WhoDocument, 'everyone'>;

/** Throws a CommandError for what names nobody; undefined for an empty list. */
export function parseWho(texts: readonly string[]): WhoDocument | undefined {
  if (texts.length === 0) return undefined;
  if (texts.includes('everyone')) return 'everyone';
  const named: { [key in keyof Named]-?: string[] } = {
    people: [],
    groups: [],
    serviceAccounts: [],
    guests: [],
  };
  for (const text of texts) {
    const [kind = '', ...rest] = text.split(':');
    const value = rest.join(':');
    if (value === '' && /^[^@\s:*]+@[^@\s:]+$/.test(text)) named.people.push(text);
    else if (kind === 'group' && value !== '') named.groups.push(value);
    else if (kind === 'service' && value !== '') named.serviceAccounts.push(value);
    else if (kind === 'guest' && value !== '') named.guests.push(value);
    else
      throw new CommandError(
        exits.usage,
        `--allow "${text}" names nobody; write group:NAME, an e-mail address, guest:ADDRESS, service:NAME or everyone`,
      );
  }
  return Object.fromEntries(Object.entries(named).filter(([, list]) => list.length > 0));
}

/** In words, after the person themself. */
export function whoText(who: WhoDocument | undefined): string {
  if (who === undefined) return 'you alone';
  if (who === 'everyone') return 'everyone who signs in';
  const { people = [], groups = [], serviceAccounts = [], guests = [] } = who;
  return [
    ...groups.map((name) => `group ${name}`),
    ...people,
    ...guests.map((pattern) => `guest ${pattern}`),
    ...serviceAccounts.map((name) => `service ${name}`),
    'you',
  ].join(', ');
}
