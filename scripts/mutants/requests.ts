/** Guards of requests for access, of the lock on what lies unused, and of webhooks. */
import { guards, type Mutant } from './mutant.ts';

const mails = ['test/controller/notifications/mail.test.ts'];
const requests = ['test/controller/requests/requests.test.ts'];

export const requestsMutants: readonly Mutant[] = [
  ...guards('controller/requests/shown.ts', requests, [
    [
      'what waits is not hidden by what is over',
      "await ofState.where('state', 'in', openStates).limit(mostOpen).execute()",
      '[]',
    ],
  ]),
  ...guards('controller/requests/answer.ts', requests, [
    [
      'nobody answers their own request',
      "if ((await behind(tx, whoOf(approver))).includes(row.person))\n    throw new ProblemError('not-allowed', 'Nobody answers their own request.');",
      '',
    ],
    ['only approvers of the rule approve', '|| !mayApprove(rule, subject))', ')'],
    [
      'an approval after the end of the wait counts not at all',
      "if (row.state !== 'pending' || row.answer_by_ms <= nowMs)",
      "if (row.state !== 'pending')",
    ],
    ['an approval waives only what is shown', 'if (other !== undefined)', 'if (other === null)'],
    [
      'what one approver did not waive is not waived',
      'first.filter((name) => others.every((list) => list.includes(name)))',
      'first',
    ],
    [
      'one person with tokens is one approver',
      'if (!mayStill || heads.some((head) => counted.has(head))) continue;',
      'if (!mayStill) continue;',
    ],
    [
      "a deleted token's approval does not count",
      "'requests.answer', nowMs)) !== undefined;",
      "'requests.answer', nowMs)) !== null;",
    ],
    ['a quorum is waited for', "if (counting.length < quorumOf(rule)) return 'pending';", ''],
    [
      'each approver counts once',
      "if (written.numInsertedOrUpdatedRows === 0n)\n    throw new ProblemError('conflict', 'You have answered it already; others still may.');",
      '',
    ],
  ]),
  ...guards('controller/requests/answer.ts', mails, [
    ['a link of a mail answers once', 'await takeLink(tx, row, approver, nowMs);', ''],
  ]),
  ...guards('controller/notifications/request-links.ts', mails, [
    [
      'a link of a mail is for whom it was sent to',
      ".where('email', '=', email.toLowerCase() as Email)",
      ".where('expires_ms', '>', 0)",
    ],
    [
      'a link of a mail is for its request',
      ".where('request', '=', request)",
      ".where('expires_ms', '>', 0)",
    ],
  ]),
  ...guards('controller/notifications/request-mails.ts', mails, [
    ['what somebody wrote stays in one line of a mail', '`${word}: ${line(text)}`', '`${word}: ${text}`'],
  ]),
  ...guards('controller/api/routes/mail.ts', mails, [
    ['tests of mail are few', 'tried.fail(organisation);', ''],
  ]),
  ...guards('controller/requests/approved.ts', requests, [
    [
      'an approval waives what its rule still may',
      '(each) => rule.waives?.includes(each) === true && requires.has(each)',
      '(each) => requires.has(each)',
    ],
  ]),
  ...guards('controller/requests/end-requests.ts', requests, [
    ['a stranger withdraws nothing', "if (!may) throw new ProblemError('not-found', noRequestText);", ''],
  ]),
  ...guards('policy/policy-index.ts', requests, [
    [
      'an approved request is for one person',
      'if (person !== undefined) add(this.#byAsker, [person], place);\n      else if (who',
      'if (who',
    ],
    [
      'who may not ask any more has no use of what was approved',
      'return policy !== undefined && isNamed(policy, subject);',
      'return policy !== undefined;',
    ],
  ]),
  ...guards(
    'controller/devices/person-on-device.ts',
    ['test/controller/person-on-device.test.ts'],
    [['a device that may use nothing speaks for nobody', 'withheld !== undefined', 'withheld === null']],
  ),
  ...guards(
    'policy/conditions/recent-use.ts',
    ['test/policy/slow-twin.test.ts'],
    [['only a person is ever locked out', "subject.kind !== 'person' || nowMs", 'nowMs']],
  ),
  ...guards(
    'controller/control/receipts.ts',
    ['test/controller/requests/request-rights.test.ts'],
    [['a refused flow is no use', "event === 'refused' || ", '']],
  ),
  ...guards(
    'controller/notifications/signature.ts',
    ['test/controller/notifications/webhooks.test.ts'],
    [
      ['an old signature is none', ' && Math.abs(nowS - atS) <= toleranceS', ''],
      ['a foreign signature is none', 'return same && match', 'return match'],
    ],
  ),
  ...guards(
    'controller/api/routes/webhooks.ts',
    ['test/controller/notifications/webhooks.test.ts'],
    [['a webhook that does not decide answers nothing', 'if (decides !== true || secret', 'if (secret']],
  ),
  ...guards(
    'controller/notifications/queue.ts',
    ['test/controller/notifications/webhooks.test.ts'],
    [['what waits to be told is bounded', 'waiting.length - mostWaiting', '-mostWaiting']],
  ),
];
