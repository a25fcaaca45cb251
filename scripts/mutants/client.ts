/** Guards of `client/` and of the local socket. */
import type { Mutant } from './mutant.ts';

const dns = ['test/client/dns/answer.test.ts', 'test/client/dns/server.test.ts'];

export const clientMutants: readonly Mutant[] = [
  {
    name: 'a name below a zone never goes to another resolver',
    file: 'client/dns/answer.ts',
    guard: "if (name === undefined) return zone === undefined ? { do: 'forward' } : hidden(zone);",
    without: "if (name === undefined) return { do: 'forward' };",
    tests: dns,
  },
  {
    name: 'a question of another kind about a zone stays here',
    file: 'client/dns/answer.ts',
    guard: "return zone === undefined ? { do: 'forward' } : replyWith({ rcode: rcodes.notImp });",
    without: "return { do: 'forward' };",
    tests: dns,
  },
  {
    name: 'a synthetic address is told only for a name that is granted now',
    file: 'client/dns/answer.ts',
    guard: "if (name === undefined || view.standing(name).is !== 'granted') return hidden(owner);",
    without: 'if (name === undefined) return hidden(owner);',
    tests: dns,
  },
  {
    name: 'a name below a wildcard gets an address only once it is known to exist',
    file: 'client/dns/answer.ts',
    guard: "if (existence === undefined) return { do: 'ask', name, resource: standing.resource };",
    without: '',
    tests: dns,
  },
  {
    name: 'browsers are told to leave names to the system',
    file: 'client/dns/answer.ts',
    guard: 'if (text === dohCanary) return replyWith({ rcode: rcodes.nxDomain, zone: dohCanary });',
    without: '',
    tests: dns,
  },
  {
    name: 'a resolv.conf that somebody else changed stays',
    file: 'client/system-dns/resolv-conf.ts',
    guard: 'if (!isStillOurs(takeover)) return false;',
    without: '',
    tests: ['test/client/system/resolv-conf.test.ts'],
  },
  {
    name: 'a proxy serves its owner only',
    file: 'client/proxies/proxy-server.ts',
    guard: 'if (owner === undefined || !options.uids.has(owner)) socket.resetAndDestroy();',
    without: 'if (owner === undefined) socket.resetAndDestroy();',
    tests: ['test/client/proxies/proxy-server.test.ts'],
  },
  {
    name: 'a proxy listens on loopback only',
    file: 'client/proxies/proxy-server.ts',
    guard: String.raw`if (!/^127\.\d+\.\d+\.\d+$/.test(options.address))`,
    without: "if (options.address === '')",
    tests: ['test/client/proxies/proxy-server.test.ts'],
  },
];
