/** Guards between the organisations of one controller. */
import { guards, type Mutant } from './mutant.ts';

const apart = ['test/controller/organisations.test.ts'];

export const organisationMutants: readonly Mutant[] = [
  ...guards('controller/login/browser-sessions.ts', apart, [
    [
      'a session counts at the address of its organisation',
      'if (organisation !== organisationAt(context, request).id) return',
      'if (id === undefined) return',
    ],
  ]),
  ...guards('controller/login/sign-in-routes.ts', apart, [
    [
      'a sign-in ends at the organisation where it began',
      'return `${id} ${provider}`;',
      'return id === undefined ? provider : provider;',
    ],
  ]),
  ...guards('controller/embedded-relay.ts', apart, [
    [
      'the relay in the process hears of every organisation',
      'else others.offer(organisation, message.revocation);',
      '',
    ],
  ]),
  ...guards('controller/control/control-server.ts', apart, [
    [
      'the operator’s relays hear of every organisation',
      'others?.offer(organisation, message.revocation);',
      'void others;',
    ],
  ]),
  ...guards('controller/organisation/organisation-state.ts', apart, [
    [
      'a suspended organisation has nothing to give',
      'standing.isSuspended ? suspended(read) : read',
      'standing.isSuspended ? read : read',
    ],
  ]),
  ...guards('controller/operator/suspension.ts', apart, [
    [
      'a suspension revokes what was issued',
      "storeRevocations(tx, ids, 'suspended'",
      "storeRevocations(tx, ids.slice(ids.length), 'suspended'",
    ],
  ]),
  ...guards('controller/api/access.ts', apart, [
    [
      'nobody calls for a suspended organisation',
      "if (caller.kind !== 'nobody' && organisations.get(caller.organisation)?.isSuspended === true)",
      "if (caller.kind === 'nobody' && organisations.all.length === 0)",
    ],
  ]),
  ...guards('controller/enrolment/redeem.ts', apart, [
    [
      'nobody joins a suspended organisation',
      "if ((await tx.standing()).isSuspended) return { state: 'suspended' } as const;",
      '',
    ],
  ]),
];
