/** Guards of names at the client: what its resolver answers, asks and forwards, and what it makes of the system’s. */
import { guards, type Mutant } from './mutant.ts';

export const clientNamesMutants: readonly Mutant[] = [
  ...guards(
    'client/dns/confirmed-zones.ts',
    ['test/client/confirmed-zones.test.ts'],
    [
      [
        'a private zone waits for its person',
        'return (zone) => !isPrivate(zone) ||',
        'return (zone) => true ||',
      ],
      ['a session that has ended confirms no zone', ' && session.ended === undefined', ''],
    ],
  ),
  ...guards(
    'client/system-dns/follow-resolv-conf.ts',
    ['test/client/system/follow-resolv-conf.test.ts'],
    [
      [
        'a resolv.conf of somebody else is not taken over again',
        "isStillOurs(takeover()) || !isManaged(readFileSync(path, 'utf8'))",
        'isStillOurs(takeover())',
      ],
      [
        'a quarrel about resolv.conf ends',
        'retakenMs.push(nowMs) <= mostPerMinute',
        'retakenMs.push(nowMs) > 0',
      ],
    ],
  ),
  ...guards(
    'connector/flows/permit.ts',
    ['test/connector/records.test.ts'],
    [
      [
        'records of a type that is not listed stay behind the connector',
        "if (records !== undefined && resource.dns?.includes(records) !== true) return 'port-not-listed';",
        '',
      ],
      [
        'a target that the asker may not use stays behind the connector',
        "isNameOf(resource, name) && typeof grants.coverAny(resource.id as ResourceId) !== 'string'",
        'isNameOf(resource, name)',
      ],
    ],
  ),
  ...guards(
    'protocol/dns-records.ts',
    ['test/connector/records.test.ts', 'test/client/dns/records.test.ts'],
    [['a text that says an address is left out', "!writesAddress(strings.join(''))", 'true']],
  ),
  ...guards(
    'client/dns/answer.ts',
    ['test/client/dns/records.test.ts', 'test/client/dns/server.test.ts'],
    [
      [
        'a connector is asked only for records that the resource lists',
        '|| !of.resource.dns.includes(type)',
        '',
      ],
      [
        'a target that is not granted is told to no program',
        "name !== undefined && view.standing(name).is === 'granted';",
        'name !== undefined;',
      ],
    ],
  ),
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
        "if (existence === undefined) return { do: 'ask', name, resource: standing.resource, records: undefined };",
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
    'client/system-dns/resolv-conf.ts',
    ['test/client/system/resolv-conf.test.ts'],
    [['a resolv.conf that somebody else changed stays', 'if (!isStillOurs(takeover)) return false;', '']],
  ),
  ...guards(
    'client/dns/answer.ts',
    ['test/client/dns/answer.test.ts'],
    [
      [
        'what cannot be told now stays here',
        'return nxDomain(authority, extendedErrors.unknown, unknownTexts[standing.why]);',
        "return { do: 'forward' };",
      ],
      [
        'a refusal is NXDOMAIN, after which no other server is asked',
        'return replyWith({ rcode: rcodes.nxDomain, zone, error: { code, text } });',
        'return replyWith({ rcode: 2, zone, error: { code, text } });',
      ],
    ],
  ),
  ...guards(
    'client/dns/upstream.ts',
    ['test/client/dns/server.test.ts'],
    [
      [
        'an answer carries the id of its question',
        '    bytes.readUInt16BE(0) === sent.readUInt16BE(0) &&\n',
        '',
      ],
      ['an answer echoes its question', '    echoesQuestion(bytes, sent, questionEnd)\n', '    true\n'],
      [
        'an answer comes from whom was asked',
        'socket.connect(upstream.port, upstream.address, (error?: Error) => {',
        'socket.send(sent, upstream.port, upstream.address, (error: Error | null) => {',
      ],
    ],
  ),
  ...guards(
    'client/dns/server.ts',
    ['test/client/dns/server.test.ts'],
    [
      ['so many questions are under way', 'if (this.#inFlight >= dnsLimits.inFlight) return false;', ''],
      [
        'a question over UDP is bounded',
        'if (message.length > dnsLimits.messageBytes || from.port === 0) return;',
        'if (from.port === 0) return;',
      ],
    ],
  ),
];
