/** Guards between the organisations of one controller. */
import { guards, type Mutant } from './mutant.ts';

const apart = ['test/controller/organisations.test.ts'];
const limited = ['test/controller/organisations-limits.test.ts'];
const shareTests = ['test/e2e/shared-limits.test.ts'];
const shared = ['test/controller/shared-requests.test.ts'];
const named = ['test/controller/name-proofs.test.ts'];

export const organisationMutants: readonly Mutant[] = [
  ...guards('controller/login/browser-sessions.ts', apart, [
    [
      'a session counts at the address of its organisation',
      'if (organisation !== organisationAt(context, request).id) return',
      'if (id === undefined) return',
    ],
  ]),
  ...guards('controller/login/sign-ins.ts', apart, [
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
      'standing.isSuspended ? suspended(owned) : owned',
      'standing.isSuspended ? owned : owned',
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
  ...guards('controller/login/sign-in-outcome.ts', limited, [
    [
      'nobody new signs in beyond the limit of the organisation',
      "if (known === undefined && !(await hasRoom(tx, 'people')))",
      "if (known === undefined && !(await hasRoom(tx, 'people')) && identity.subject === '')",
    ],
  ]),
  ...guards('controller/api/request-limits.ts', limited, [
    [
      'who hammers on is answered late',
      'if (!bound.refusals.take() && this.#held.size < mostHeld) await this.#hold();',
      '',
    ],
  ]),
  ...guards('controller/api/request-share.ts', shared, [
    [
      'controllers divide the requests of an organisation',
      'if (!live.isWhole) return perSecond / holders.length;\n    const said',
      'if (live.isWhole) return perSecond;\n    const said',
    ],
  ]),
  ...guards('controller/live/redis-live.ts', shared, [
    [
      'a silence is no room',
      'if (this.isWhole) {\n      for (const controller of this.#silent)',
      'if (this.#silent.size > 0) {\n      for (const controller of this.#silent)',
    ],
  ]),
  ...guards(
    'connector/flows/flow-quota.ts',
    ['test/controller/node-shares.test.ts'],
    [
      [
        'a connector keeps to its share',
        'Math.min(most ?? Number.POSITIVE_INFINITY, this.#share)',
        '(most ?? Number.POSITIVE_INFINITY)',
      ],
    ],
  ),
  ...guards(
    'relay/rate-shares.ts',
    ['test/controller/node-shares.test.ts'],
    [
      [
        'a relay keeps to its share',
        'return Math.min(this.#mostPerTick, this.#givenPerTick);',
        'return this.#mostPerTick;',
      ],
    ],
  ),
  ...guards(
    'controller/operator/node-shares.ts',
    ['test/controller/node-shares.test.ts'],
    [
      [
        'a relay of one organisation speaks for no other',
        'if (!this.#serves(joined, organisation)) continue;\n      const perSecond',
        'const perSecond',
      ],
      [
        'what a node that has left may have is nobody’s yet',
        'this.#options.clock.after(lingerMs, () => this.#forget(joined));',
        'this.#options.clock.after(0, () => this.#forget(joined));',
      ],
      [
        'what a node that comes back has open is nobody else’s meanwhile',
        'if (before === undefined) this.#set(joined, node.organisation, nothing);',
        'this.#set(joined, node.organisation, nothing);',
      ],
    ],
  ),
  ...guards(
    'connector/flows/tell-load.ts',
    ['test/controller/node-shares.test.ts'],
    [
      [
        'who wants no more keeps nothing from others',
        'if (flows === this.#told && !wants && !this.#toldWants) return;',
        'if (flows === this.#told && !wants) return;',
      ],
    ],
  ),
  ...guards('connector/hearing.ts', shareTests, [
    ['a connector hears its share of the flows', 'quota.share(message.flows ?? null)', 'quota.share(null)'],
  ]),
  ...guards('cli/relay-node.ts', shareTests, [
    [
      'a relay hears its share of the bytes',
      'return relay?.give(new Map(Object.entries(message.rates ?? {})));',
      'return relay?.give(new Map());',
    ],
  ]),
  ...guards('controller/api/access.ts', limited, [
    [
      'strangers use up no requests of the organisation',
      "if (caller.kind === 'nobody') return limits.take(organisationAt(context, request).id, 'stranger');",
      "if (caller.kind === 'nobody') return limits.take(organisationAt(context, request).id, 'known');",
    ],
  ]),
  ...guards(
    'connector/flows/accepted-session.ts',
    ['test/connector/flow-quota.test.ts'],
    [
      [
        'an organisation opens no more flows than it may',
        'if (quota.isFull(this.#serving.snapshot()?.flows ?? null))',
        'if (quota.isFull(null))',
      ],
    ],
  ),
  ...guards('controller/api/event-streams.ts', limited, [
    [
      'no organisation keeps another from news',
      'return own < most / new Set([...all.map((each) => each.organisation), organisation]).size;',
      'return own < 0;',
    ],
  ]),
  ...guards('controller/decisions/issued-tokens.ts', limited, [
    [
      'tickets carry what the organisation may pass',
      '...(relay === null ? {} : { rate: relay * bytesInMegabit }),',
      '',
    ],
  ]),
  ...guards('controller/operator/watch-organisations.ts', limited, [
    [
      'a changed limit reaches nodes that are connected',
      'if (limits.flows !== told.flows || limits.relay !== told.relay) await lookAnew(context, id);',
      'void told;',
    ],
  ]),
  ...guards('controller/organisation/owned-names.ts', named, [
    [
      'a public hostname is served once it is proven',
      'nameOf(text).every(isOwned)',
      'nameOf(text).every((name) => isOwned(name) || name)',
    ],
    [
      'a public zone is closed once it is proven',
      'state.zones.filter((zone) => !isProvable(zone) || owned.has(zone))',
      'state.zones.filter((zone) => zone)',
    ],
  ]),
  ...guards('controller/operator/name-proofs.ts', named, [
    [
      'a name is one organisation’s at a time',
      "if (await tx.isOwnedElsewhere(name, proof === 'first')) return false;",
      '',
    ],
  ]),
  ...guards('controller/operator/asked-names.ts', named, [
    [
      'a record proves a name for the organisation that it names',
      'owners.includes(`org=${organisation}`)',
      'owners.length > 0',
    ],
  ]),
];
