/** Guards of what follows from a change: who is let in, who is told, and in which order. */
import { guards, type Mutant } from './mutant.ts';

const rights = ['test/controller/control-rights.test.ts'];
const order = ['test/controller/revocation-order.test.ts'];

export const decisionsMutants: readonly Mutant[] = [
  ...guards(
    'controller/decisions/shared-entitlements.ts',
    ['test/controller/shared-entitlements.test.ts'],
    [
      ['shared: whatever is read counts', "        read.add('device');\n", ''],
      [
        'shared: one subject, one standing',
        'const key = JSON.stringify([of.subject, withheld?.name, about]);',
        'const key = JSON.stringify([of.subject, about]);',
      ],
      [
        'shared: rights end with the session',
        'const untilS = Math.floor(Math.min(sessionUntilMs, this.#nowMs + longestLifeMs) / 1_000);',
        'const untilS = 0;',
      ],
    ],
  ),
  ...guards('controller/decisions/act-on-change.ts', order, [
    [
      'what was removed is revoked before anything is decided',
      "    removed.filter((each) => !each.startsWith('net_')),",
      '    [],',
    ],
    [
      'a few devices at a time are decided',
      'const seatsInFirstStep = 50;',
      'const seatsInFirstStep = 5_000;',
    ],
    [
      'revocations go out before any picture',
      "  const devices = await decideAnew(context, id, touched ?? 'all', {",
      "  context.bus.publish(id, { kind: 'servers' });\n  const devices = await decideAnew(context, id, touched ?? 'all', {",
    ],
  ]),
  ...guards('controller/decisions/act-on-change.ts', rights, [
    [
      'what a device lost is told at once',
      '    tell(context, organisation, revocations);\n    // Lets',
      '    // Lets',
    ],
  ]),
  ...guards('controller/decisions/excesses.ts', order, [
    [
      'a removed resource is not named once for each grant',
      'over: lost.filter((id) => !gone.has(id))',
      'over: lost',
    ],
  ]),
  ...guards('controller/decisions/excesses.ts', rights, [
    [
      'a resource that leads elsewhere ends its flows',
      'const left = moved.has(id) || (isOutdated && web.has(id)) ? undefined : due?.get(id);',
      'const left = due?.get(id);',
    ],
    [
      'a right that is promised no more is withdrawn',
      'if (stays(id) || !promisesMore(right, left)) continue;',
      'if (stays(id) || !moved.has(id)) continue;',
    ],
  ]),
  ...guards(
    'controller/decisions/entitlements.ts',
    [...rights, 'test/controller/logins.test.ts'],
    [
      [
        'a device that is held has nothing',
        "return isHeld(state, seat) ? { name: 'device-not-approved' } : undefined;",
        'return undefined;',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/entitlements.ts',
    ['test/controller/simulate.test.ts'],
    [
      [
        'a device that is blocked has nothing',
        "  if (device.state === 'blocked') return { name: 'device-blocked' };\n",
        '',
      ],
      [
        'a device of which two copies were seen has nothing',
        "  if (device.state === 'suspended') return { name: 'device-suspended' };\n",
        '',
      ],
      [
        'a session that is over gives nothing',
        "  if (whyOver(session, nowMs) !== undefined) return { name: 'session-ended' };\n",
        '',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/entitlements.ts',
    ['test/explain/hidden.test.ts'],
    [
      [
        'what a person may not know of is hidden',
        "visibility === 'everyone' || (visibility === 'fixable' && mendable)",
        'true',
      ],
      [
        'no policy but an allow is named to a person',
        'reason.policy === undefined || allows.has(reason.policy) ? reason : { name: reason.name }',
        'reason',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/entitlements.ts',
    ['test/controller/source/source-facts.test.ts'],
    [
      [
        'a browser is judged where it asks from and where it signed in',
        '    return strictest(everywhere);',
        '    return everywhere[0] ?? strictest(everywhere);',
      ],
    ],
  ),
  ...guards(
    'controller/source/network-table.ts',
    ['test/controller/source/country-table.test.ts'],
    [['the longest prefix decides', 'return (prefixes[a] ?? 0) - (prefixes[b] ?? 0);', 'return 0;']],
  ),
  ...guards(
    'controller/source/address-words.ts',
    ['test/controller/source/country-table.test.ts'],
    [
      [
        'IPv4 in its IPv6 form is the IPv4 address',
        'return a === 0 && b === 0 && c === 0xffff ? [d] : [a, b, c, d];',
        'return [a, b, c, d];',
      ],
    ],
  ),
  ...guards(
    'controller/source/countries.ts',
    ['test/controller/source/source-facts.test.ts'],
    [['after a new file everyone is decided anew', '    await changed();\n', '']],
  ),
  ...guards(
    'controller/decisions/touched.ts',
    ['test/controller/touched.test.ts'],
    [
      [
        'a change touches whom it was about before and whom it is about after',
        'return [was, is].flatMap((each) => each ?? []);',
        'return [was].flatMap((each) => each ?? []);',
      ],
      [
        'a posture profile touches whom its policies are about',
        'for (const { policies } of halves) for (const policy of policies ?? []) if (asks(policy)) add(policy);',
        'if (halves.length === 0) asks({ name: "", to: "everything" });',
      ],
      [
        'what a resource was and is counts for whom it touches',
        '              if (!isAbout(policy, changed)) continue;',
        '              if (isAbout(policy, changed)) continue;',
      ],
      ['what is unknown touches everyone', '        return everything;', '        break;'],
      [
        'what is taken is looked for unless allows alone are added',
        'allow !== undefined && !names.has(name)',
        'allow !== undefined || !names.has(name)',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/candidates.ts',
    ['test/controller/touched.test.ts'],
    [
      [
        'what is tagged for an allow is a candidate',
        'for (const tag of to.tags ?? []) for (const place of index.byTag.get(tag) ?? []) places.add(place);',
        '',
      ],
      [
        'what everyone may know of is a candidate',
        'const places = new Set(index.forEveryone);',
        'const places = new Set<number>();',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/rights.ts',
    ['test/controller/rights.test.ts'],
    [
      ['a right that lasts longer is too much', 'issued.until > due.until + 1', 'false'],
      ['a right that outlives contact longer is too much', 'issued.out > due.out', 'false'],
      [
        'a right ends with its session',
        'Math.min(untilMs ?? Number.POSITIVE_INFINITY, sessionUntilMs, nowMs + longestLifeMs)',
        'Math.min(untilMs ?? Number.POSITIVE_INFINITY, nowMs + longestLifeMs)',
      ],
      [
        'a right ends with its decision',
        'Math.min(untilMs ?? Number.POSITIVE_INFINITY, sessionUntilMs, nowMs + longestLifeMs)',
        'Math.min(sessionUntilMs, nowMs + longestLifeMs)',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/device-snapshot.ts',
    ['test/controller/rights.test.ts'],
    [
      [
        'a device hears of connectors only where it may use something',
        'connectors: granted.has(id) ? connectors : []',
        'connectors',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/told.ts',
    ['test/controller/rights.test.ts'],
    [
      [
        'a grant names no group but those about its network',
        'groups: groups.filter((group) => named.includes(group)),',
        'groups: [...groups],',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/excesses.ts',
    ['test/controller/narrowed.test.ts'],
    [
      [
        'a right that is shortened goes on until its new end',
        'if (left === undefined) {',
        'if (right !== left) {',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/narrowed-rights.ts',
    ['test/controller/narrowed.test.ts'],
    [
      ['what was taken from a grant is not given by it', 'this.#grants.takeFrom(row.id, rights);', ''],
      [
        'grants carry the same only where the same was taken',
        'const key = `${this.#grants.takenFrom(row.id)} ${row.resources}`;',
        'const key = row.resources;',
      ],
    ],
  ),
];
