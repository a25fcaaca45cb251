/** Guards of what administrators may do: roles, scopes, owners. */
import { guards, type Mutant } from './mutant.ts';

const besideTests = ['test/controller/proposed-changes.test.ts'];
const roleTests = ['test/controller/administrators.test.ts'];
const invitations = ['test/controller/invitations.test.ts'];

export const administratorsMutants: readonly Mutant[] = [
  ...guards('controller/administrators/administrators.ts', roleTests, [
    [
      'a role counts for sessions that began after it was given',
      'return started_ms >= (person.role_ms ?? 0) ? person.role : undefined;',
      'return person.role;',
    ],
    ['only owners make and unmake owners', '!byOwner() && (await owners(tx)).length > 0', 'false'],
    [
      'the last owner stays one',
      "if (before.role === 'owner' && (await isLastOwner(tx, id))) return 'last-owner';",
      '',
    ],
  ]),
  ...guards('controller/administrators/invitations.ts', invitations, [
    ['an invitation is for its address', ' || who.email !== invitation.email', ''],
    [
      'an invitation is worth what its maker may do now',
      "if (right === undefined) return 'not-any-more';",
      '',
    ],
    [
      'an invitation is taken once',
      "if (changed === 'done') await tx.delete('invitations').where('id', '=', id).execute();",
      '',
    ],
    ['the owner of a bootstrap file comes in by their provider', ".where('issuer', '=', issuer)", ''],
  ]),
  ...guards(
    'controller/administrators/own-passkeys.ts',
    ['test/login/local-owners.test.ts'],
    [
      [
        'the last way in stays',
        "if (own.length === 1 && (account === undefined || account.password === null)) return 'last';",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/login/my-passkeys-routes.ts',
    ['test/login/local-owners.test.ts'],
    [
      [
        'passkeys are looked after in a fresh session',
        "if (!isFresh(caller.session.auth_ms, context.now())) throw new ProblemError('not-fresh');",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/administrators/setup-links.ts',
    ['test/login/local-owners.test.ts'],
    [
      [
        'a newer setup link takes the place of an older one',
        "    await tx.delete('setup_links').execute();\n",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/administrators/local-accounts.ts',
    ['test/login/local-owners.test.ts'],
    [
      [
        'a setup link makes one owner',
        "if (!(await takeSetupLink(tx, link, nowMs))) return { made: false, why: 'link-gone' };",
        'await takeSetupLink(tx, link, nowMs);',
      ],
      ['a one-time code is good once', "    .where('one_time_step', '<', step)\n", ''],
      [
        'a recovery code is good once',
        'JSON.stringify(left.filter((each) => each !== hash))',
        'JSON.stringify(left)',
      ],
    ],
  ),
  ...guards(
    'controller/login/local-sign-in-routes.ts',
    ['test/login/local-owners.test.ts'],
    [
      [
        'a password alone lets nobody in',
        '!isRight || account === undefined || step === undefined',
        '!isRight || account === undefined',
      ],
      [
        'a one-time code alone lets nobody in',
        '!isRight || account === undefined || step === undefined',
        'account === undefined || step === undefined',
      ],
    ],
  ),
  ...guards(
    'controller/login/local-sign-in.ts',
    ['test/login/local-owners.test.ts'],
    [
      [
        'another site signs nobody in',
        'if (!isOwnPage(request, this.#context.organisations.addressOf(id).origin))',
        'if (false)',
      ],
      [
        'wrong passwords lock the account',
        'throw ProblemError.tooMany(untilMs - this.#context.now());',
        'continue;',
      ],
    ],
  ),
  ...guards('controller/api/over-administrators.ts', roleTests, [
    [
      'whoever may not take a role may not lock out its bearer',
      "requireAction(request, 'administrators.write', 'This person administers; your role does not cover that.');",
      '',
    ],
    ['only an owner locks out an owner', 'if (!byOwner(request))', 'if (false)'],
    ['the last owner is not locked out', 'if (await isLastOwner(tx, id))', 'if (false)'],
  ]),
  ...guards('controller/api/callers.ts', roleTests, [
    [
      'what outlasts the session takes a fresh sign-in',
      "actions[action].fresh !== true) ? 'yes' : 'not-fresh'",
      "actions[action].fresh !== true) ? 'yes' : 'yes'",
    ],
  ]),
  ...guards('controller/api/routes/put-into-force.ts', roleTests, [
    [
      'a document changes only what the role covers',
      'for (const part of documentParts(changes)) requireAction(request, part.action, part.sentence);',
      '',
    ],
  ]),
  ...guards('controller/api/routes/enrolment-keys.ts', roleTests, [
    ['keys are made by whose role covers them', '      requireAction(request, writingOf(purpose));\n', ''],
    [
      'keys are deleted by whose role covers them',
      '        requireAction(request, writingOf(gone.purpose));\n',
      '',
    ],
  ]),
  ...guards('controller/api/routes/tokens.ts', roleTests, [
    [
      'a token makes none that may be used for more',
      'if (!scopes.every((scope) => own.includes(scope)))',
      'if (false)',
    ],
  ]),
  ...guards(
    'controller/api/routes/tokens.ts',
    ['test/controller/administrators-tokens.test.ts'],
    [
      [
        'a token makes none that outlives it',
        'if (latestMs !== null && expiresMs !== null && expiresMs > latestMs)',
        'if (false)',
      ],
    ],
  ),
  ...guards(
    'controller/api/routes/proposals.ts',
    ['test/controller/proposals.test.ts'],
    [
      ['nobody approves their own change', 'if (standsBehind(proposal, caller.person))', 'if (false)'],
      [
        'of two answers to a proposal one counts',
        "            if (!(await decideProposal(tx, proposal, 'approved', decided)))\n              throw new ProblemError('conflict', decidedText);",
        "            await decideProposal(tx, proposal, 'approved', decided);",
      ],
    ],
  ),
  ...guards(
    'controller/administrators/behind.ts',
    ['test/controller/proposals.test.ts'],
    [['whoever made the token stands behind its change', '    at = row.created_by;\n', '    break;\n']],
  ),
  ...guards(
    'controller/api/routes/put-into-force.ts',
    ['test/controller/proposals.test.ts'],
    [
      [
        'a change waits where a second administrator is asked for',
        "else if (before.document.changes?.approval === 'required')",
        'else if (false)',
      ],
    ],
  ),
  ...guards(
    'controller/api/routes/proposals.ts',
    ['test/controller/proposals.test.ts'],
    [
      [
        'nobody does away with a change of the document that their role does not cover',
        'requireAction(request, part.action, part.sentence);',
        'void [requireAction, part];',
      ],
    ],
  ),
  ...guards('controller/api/second-administrator.ts', besideTests, [
    [
      'a change beside the document waits where a second administrator is asked for',
      'if (!(await isAsked(context, store))) return undefined;',
      'return undefined;',
    ],
  ]),
  ...guards('controller/api/routes/proposed-changes.ts', besideTests, [
    ['nobody approves their own change beside the document', 'if (isOwn(request, change))', 'if (false)'],
    [
      'whoever may not do a change does not do away with it',
      'if (!isOwn(request, change) && !decides(caller, access))',
      'if (false)',
    ],
    ['a token approves no change', "if (caller.kind !== 'person')", "if (caller.kind === 'nobody')"],
    [
      'of two who approve one carries it out',
      "if (!(await decideChange(tx, change, 'approved', decided)))",
      "if (!(await decideChange(tx, change, 'approved', decided)) && change.id === undefined)",
    ],
  ]),
  ...guards('controller/api/carried-change.ts', besideTests, [
    [
      'a change is made with no more than both may do',
      'role: lower(row?.role ?? undefined, approver.role)',
      'role: approver.role',
    ],
    [
      'a change that is on its way waits too once a second administrator is asked for',
      'if (await isAsked(context, tx))',
      'if (tx.organisation === undefined)',
    ],
    [
      'a change is made upon the state that it was proposed for',
      'if ((await subjectOf(tx, url)) !== before)',
      'if ((await subjectOf(tx, url)) === undefined)',
    ],
  ]),
  ...guards('controller/administrators/proposed-changes.ts', besideTests, [
    ['what came of a change is its proposer’s', ".where('who', '=', who)\n", ''],
  ]),
  ...guards('protocol/roles.ts', roleTests, [
    [
      'a token is used within its scopes',
      'return allowed.includes(role) && granted.includes(scope);',
      'return allowed.includes(role);',
    ],
  ]),
];
