/** What `postern up` prints while nobody asked: news of each account, under its name where there are several. */
import type { ClientEvent, EventSource } from '../client/events.ts';
import type { ClientStatus } from '../client/status.ts';
import { peerView } from '../client/status-report.ts';
import { formatDuration } from '../protocol/durations.ts';
import { say } from './output.ts';
import { showPrompt } from './sign-in-prompt.ts';
import { newsText, peerText, refusedZoneText } from './status.ts';

export class EventPrinter {
  readonly #openBrowser: (url: string) => void;
  /** What was said of each account last, so that the same is said once. */
  readonly #last = new Map<string, { trouble: string; refusal: string }>();

  constructor(openBrowser: (url: string) => void) {
    this.#openBrowser = openBrowser;
  }

  print(event: ClientEvent, { account, url }: EventSource): void {
    const last = this.#last.get(url) ?? { trouble: '', refusal: '' };
    this.#last.set(url, last);
    const warn = (text: string): void => say(account === undefined ? `! ${text}` : `! ${account}: ${text}`);
    const login = account === undefined ? 'postern login' : `postern login --account ${account}`;
    switch (event.kind) {
      case 'prompt':
        if (account !== undefined) say(`For ${account}:`);
        showPrompt(event.prompt);
        if (event.prompt.kind === 'open') this.#openBrowser(event.prompt.url);
        return;
      case 'signed-in':
        [last.trouble, last.refusal] = ['', ''];
        return;
      case 'also-ready':
        return sayAccountReady(event.status);
      case 'not-started':
        return warn(
          `Not started: ${event.fault.message}. Once that is mended, sign in there: postern login ${url}`,
        );
      case 'session-ended':
        if (event.code === 'disabled')
          return warn('An administrator has disabled this account; names of your organisation are refused.');
        return warn(`The session has ended; names of your organisation are refused. Sign in again: ${login}`);
      case 'session-ending':
        return warn(
          `The session ends in ${formatDuration(event.leftMs)}. To go on without a break: ${login}`,
        );
      case 'unconfirmed-zone':
        return warn(
          `Your organisation now has the zone ${event.zone}, which is nobody’s in DNS. Say yes to it by signing in again: ${login}`,
        );
      case 'device-news':
        return say(newsText({ ...event.news, at: new Date(event.news.at * 1_000).toISOString() }, url));
      case 'peer':
        return say(peerText(peerView(event.report), account));
      case 'refused':
        // It asks again now and then, and is told the same.
        if (event.fault.message === last.refusal) return;
        last.refusal = event.fault.message;
        return warn(`The controller lets this device in no more: ${event.fault.message}`);
      case 'alarm':
        return warn(event.text);
      case 'trouble':
        // The same trouble comes with every attempt and is worth one line.
        if (event.fault.message !== last.trouble) warn(`${event.fault.message}; trying again`);
        last.trouble = event.fault.message;
        return;
      default:
    }
  }
}

/** Who is signed in, and zones that are not taken over for them. */
export function sayAccountReady({ account, accounts, session, dns }: ClientStatus): void {
  if (session !== undefined) {
    const left = formatDuration(Date.parse(session.until) - Date.now());
    const where = accounts.length > 1 ? ` at ${account}` : '';
    say(`✓ Signed in as ${session.email ?? session.name}${where}   (session ${left})`);
  }
  for (const refused of dns?.refused_zones ?? []) say(refusedZoneText(refused, account));
}
