/** Guards between the accounts of one device, and of where the controller goes itself. */
import { guards, type Mutant } from './mutant.ts';

const names = ['test/client/account-names.test.ts'];
const egress = ['test/controller/egress.test.ts'];

export const accountMutants: readonly Mutant[] = [
  ...guards('client/accounts/names.ts', names, [
    [
      'below a zone its holder alone answers',
      'holderOf(name) ?? outside(name);',
      'outside(name) ?? holderOf(name);',
    ],
    [
      'a relay of another organisation does not send a protected name away',
      ': holder.knowledge.exempt.has(name);',
      ': known.some(({ knowledge }) => knowledge.exempt.has(name));',
    ],
    [
      'no zone covers the controller of another account',
      'exempt: knowledge.exempt.union(controllers),',
      'exempt: knowledge.exempt,',
    ],
  ]),
  ...guards('client/accounts/zone-shares.ts', names, [
    [
      'an organisation takes no zone over by declaring it later',
      'if ((held.get(zone) === account) !== isHeld) continue;',
      'if (!isHeld) continue;',
    ],
    [
      'a zone inside the zone of another account is refused',
      'isWithin(one, other) || isWithin(other, one)',
      'one === other',
    ],
  ]),
  ...guards('client/accounts/account-names.ts', names, [
    [
      'no organisation takes the name of another account',
      'each !== undefined && !names.includes(each)',
      'each !== undefined',
    ],
  ]),
  ...guards('controller/outgoing-fetch.ts', egress, [
    [
      'a name that leads where the controller may not go is not followed',
      'found.filter(({ address }) => mayReach(address))',
      'found',
    ],
    [
      'an address where the controller may not go is not asked',
      'if (isIP(host) !== 0 && !mayReach(host)) throw new EgressRefused();',
      '',
    ],
  ]),
];
