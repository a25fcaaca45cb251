/**
 * Whether a name below a wildcard is ours: its connector's word, and for a public hostname that of public DNS, too. Behind the
 * resolver and the proxies, which answer alike.
 */
import type { Names } from '../accounts/names.ts';
import { zoneOf } from './answer.ts';
import type { AskConnector } from './connector-word.ts';
import { PublicWay, type PublicWayOptions } from './public-way.ts';

export interface WildcardExistenceOptions extends PublicWayOptions, Pick<AskConnector, 'exists'> {
  names(): Pick<Names, 'standing' | 'zones'>;
}

/** Never rejects. Below a zone public DNS hears of no name. */
export function wildcardExistence(options: WildcardExistenceOptions): AskConnector['exists'] {
  const publicWay = new PublicWay(options);
  return async (name, resource) => {
    const names = options.names();
    const standing = names.standing(name);
    const wildcard = standing.is === 'granted' ? standing.wildcard : undefined;
    if (wildcard === undefined || zoneOf(name.split('.'), names.zones) !== undefined)
      return options.exists(name, resource);
    const [isElsewhere, existence] = await Promise.all([
      publicWay.leadsElsewhere(name, wildcard),
      options.exists(name, resource),
    ]);
    return isElsewhere ? 'no' : existence;
  };
}
