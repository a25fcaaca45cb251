/**
 * What mails about requests say. Pure. Names and reasons come from people who may want to be read as somebody else: each
 * stands on a line of its own behind a word of ours, in one line.
 */
import { formatDuration } from '../../protocol/durations.ts';
import type { Email } from '../../protocol/email-address.ts';
import type { AccessRequest } from '../../protocol/requests.ts';
import type { Mail } from './mailer.ts';
import type { RequestEvent } from './tell-of-request.ts';

export interface MailPlace {
  readonly organisation: string;
  readonly publicUrl: URL;
  readonly to: Email;
  /** The token of the link that answers; for approvers alone. */
  readonly link: string | undefined;
}

export function requestMail(event: RequestEvent, request: AccessRequest, place: MailPlace): Omit<Mail, 'to'> {
  const { resource, person, until } = request;
  const who = line(person.email ?? person.name);
  const denied = request.answers.find(({ answer }) => answer === 'deny');
  switch (event) {
    case 'request.asked':
      return write(place, request, `${who} asks for ${resource}`, [
        `${who} asks for access to ${resource} for ${formatDuration(request.forMs)}.`,
        '',
        ...quoted('Reason', request.reason),
        ...quoted('Name', person.name),
        '',
        ...(place.link === undefined
          ? []
          : [
              'Answer on this page, once you have signed in:',
              `  ${page(place, request, place.link)}`,
              '',
              `The link answers once, for ${place.to} alone. Opening it changes nothing.`,
              `Unanswered, the request lapses on ${instant(request.answerBy)}.`,
            ]),
      ]);
    case 'request.break-glass':
      return write(place, request, `${who} broke the glass for ${resource}`, [
        `${who} took access to ${resource} at once${until === undefined ? '' : `, until ${instant(until)}`}. Nobody approved it.`,
        '',
        ...quoted('Reason', request.reason),
        ...quoted('Name', person.name),
        '',
        `If that should not be, end it: ${page(place, request)}`,
      ]);
    case 'request.approved':
      return write(place, request, `You may use ${resource}`, [
        `Your request for ${resource} was approved${until === undefined ? '' : `, until ${instant(until)}`}.`,
        '',
        `Done earlier? Give it back: ${page(place, request)}`,
      ]);
    case 'request.denied':
      return write(place, request, `Your request for ${resource} was denied`, [
        `Your request for ${resource} was denied.`,
        '',
        ...quoted('Why', denied?.text ?? ''),
        '',
        `What you asked for: ${page(place, request)}`,
      ]);
    case 'request.withdrawn':
      return write(place, request, `Your access to ${resource} was taken back`, [
        `Your request for ${resource} was withdrawn by somebody who may approve it. What it gave has ended.`,
        '',
        `What you asked for: ${page(place, request)}`,
      ]);
    case 'request.expired':
      return write(place, request, `Your request for ${resource} is over`, [
        until === undefined
          ? `Nobody answered your request for ${resource}.`
          : `Your access to ${resource} ended on ${instant(until)}.`,
        '',
        `Ask again: ${page(place, request)}`,
      ]);
    default:
      return event satisfies never;
  }
}

function write(
  { organisation, publicUrl, to }: MailPlace,
  { id }: AccessRequest,
  subject: string,
  lines: readonly string[],
): Omit<Mail, 'to'> {
  const foot = `-- \n${organisation} at ${publicUrl.origin}, to ${to}, about ${id}.`;
  return { subject, text: `${lines.join('\n')}\n\n${foot}\n` };
}

function page({ publicUrl }: MailPlace, { id }: AccessRequest, link?: string): string {
  const url = new URL('/requests', publicUrl);
  url.searchParams.set('id', id);
  if (link !== undefined) url.searchParams.set('link', link);
  return url.href;
}

function quoted(word: string, text: string): string[] {
  return [`${word}: ${line(text)}`];
}

/** In one line, whatever somebody put into it. */
function line(text: string): string {
  return text
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, 500);
}

/** As people read it, without seconds. */
function instant(text: string): string {
  return `${text.slice(0, 10)} at ${text.slice(11, 16)} UTC`;
}
