/** Guards of the client: names, the system it changes, the proxies. */
import { guards, type Mutant } from './mutant.ts';

export const clientMutants: readonly Mutant[] = [
  ...guards(
    'client/dns/answer.ts',
    ['test/client/dns/answer.test.ts', 'test/client/dns/server.test.ts'],
    [
      [
        'a name below a zone never goes to another resolver',
        "if (name === undefined) return zone === undefined ? { do: 'forward' } : hidden(zone);",
        "if (name === undefined) return { do: 'forward' };",
      ],
      [
        'a question of another kind about a zone stays here',
        "return zone === undefined ? { do: 'forward' } : replyWith({ rcode: rcodes.notImp });",
        "return { do: 'forward' };",
      ],
      [
        'a synthetic address is told only for a name that is granted now',
        "if (name === undefined || view.standing(name).is !== 'granted') return hidden(owner);",
        'if (name === undefined) return hidden(owner);',
      ],
      [
        'a name below a wildcard gets an address only once it is known to exist',
        "if (existence === undefined) return { do: 'ask', name, resource: standing.resource };",
        '',
      ],
      [
        'browsers are told to leave names to the system',
        'if (text === dohCanary) return replyWith({ rcode: rcodes.nxDomain, zone: dohCanary });',
        '',
      ],
    ],
  ),
  ...guards(
    'client/proxies/proxy-server.ts',
    ['test/client/proxies/proxy-server.test.ts'],
    [
      [
        'a proxy serves its owner only',
        'if (owner === undefined || !options.uids.has(owner)) socket.resetAndDestroy();',
        'if (owner === undefined) socket.resetAndDestroy();',
      ],
      [
        'a proxy listens on loopback only',
        'if (!/^127\\.\\d+\\.\\d+\\.\\d+$/.test(options.address))',
        "if (options.address === '')",
      ],
    ],
  ),
  ...guards(
    'client/system-dns/resolv-conf.ts',
    ['test/client/system/resolv-conf.test.ts'],
    [['a resolv.conf that somebody else changed stays', 'if (!isStillOurs(takeover)) return false;', '']],
  ),
];
