/** Guards of guests by e-mail: addresses, invitations, codes. */
import { guards, type Mutant } from './mutant.ts';

const guests = ['test/controller/web/guests.test.ts'];
const addresses = ['test/protocol/email-address.test.ts'];

export const guestsMutants: readonly Mutant[] = [
  ...guards('protocol/email-address.ts', addresses, [
    ['an address has one @', 'more.length > 0 || ', ''],
    ['the part before the @ is plain', ' || !localPart.test(local)', ''],
    [
      'the domain of an address is compared as it is mailed to',
      'parseName(domain) === domain',
      'parseName(domain) !== undefined',
    ],
    [
      'a star in a pattern stands alone',
      "text.includes('*') ? undefined : parseEmail(text)",
      'parseEmail(text)',
    ],
  ]),
  ...guards('controller/guests/guest-codes.ts', guests, [
    [
      'a guest’s code is for its hostname',
      ".where('host', '=', host)\n      .executeTakeFirst();",
      '.executeTakeFirst();',
    ],
    ['a guest’s code lasts ten minutes', ' || row.expires_ms <= nowMs', ''],
    [
      'five wrong codes are the end of it',
      'const isLast = row.tries + 1 >= mostTries;',
      'const isLast = false;',
    ],
    [
      'a guest’s code is used once',
      'if (isRight || isLast) await own.execute();',
      'if (isLast) await own.execute();',
    ],
  ]),
  ...guards('controller/guests/guest-routes.ts', guests, [
    ['who is not invited gets no mail', 'if (invited) mailer.send(', 'mailer.send('],
    ['mails to one address are bounded', 'count(this.#mails, JSON.stringify([id, email]), now());', ''],
    ['mails that one source asks for are bounded', 'count(this.#asks, sourceOfAddress(source), now());', ''],
  ]),
  ...guards('controller/web/web-right.ts', guests, [
    [
      'what lets everyone in lets no guest in who is not invited',
      "kind === 'guest' && !isInvited(state, resource, email, nowMs)",
      'false',
    ],
  ]),
];
