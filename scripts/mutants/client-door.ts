/** Guards of public hostnames by the client door: which name, whose right, and what pages of other sites may do there. */
import { guards, type Mutant } from './mutant.ts';

const door = ['test/attack/client-door.test.ts'];
const flows = ['test/connector/web-flows.test.ts'];

export const clientDoorMutants: readonly Mutant[] = [
  ...guards('connector/web/foreign-site.ts', door, [
    [
      'a page of another site is known by its Origin',
      '(origin === undefined || origin === `https://${own}`)',
      'true',
    ],
    [
      'a page of another site is known by what the browser says of it',
      "site === undefined || site === 'same-origin' || site === 'none'",
      'true',
    ],
    ['a frame is no top-level navigation', " && headers['sec-fetch-dest'] === 'document'", ''],
    ['a form is more than a link', "!isTopLevel || (method !== 'GET' && method !== 'HEAD')", '!isTopLevel'],
  ]),
  ...guards('connector/web/gate.ts', door, [
    ['a page of another site has nobody’s right', "right: isNobodys ? 'other-site' : right }", 'right }'],
    [
      'a device whose right is over asks nothing',
      "device === undefined || typeof right !== 'string'",
      'true',
    ],
    ['a flow for one application is none for another', 'device.resource !== resource.id', 'false'],
  ]),
  ...guards('connector/web/https-endpoint.ts', door, [
    [
      'a flow for one hostname gets no certificate of another',
      "!('device' in source) || source.device.host === name",
      'true',
    ],
  ]),
  ...guards('connector/flows/permit.ts', flows, [
    ['a flow to a public hostname is for its port', "if (port !== web?.port) return 'port-not-listed';", ''],
    [
      'a flow to a public hostname is for its own resource',
      "if (resourceAt(resources, host)?.id !== id) return 'denied';",
      '',
    ],
  ]),
  ...guards('connector/flows/dns-question.ts', flows, [
    [
      'a name below a wildcard that is another resource’s is not answered by the client',
      "if (isDoor && !isOwnDoor()) throw new Fault('no-name');",
      '',
    ],
  ]),
  ...guards(
    'connector/flows/resource-at.ts',
    ['test/web-door/resource-at.test.ts'],
    [
      [
        'what below a wildcard is another network’s is not served here',
        "if (!byPattern.has(pattern)) byPattern.set(pattern, 'elsewhere');",
        '',
      ],
    ],
  ),
  ...guards(
    'client/dns/wildcard-existence.ts',
    ['test/client/dns/answer.test.ts'],
    [
      [
        'what public DNS leads elsewhere stays there',
        "return isElsewhere ? 'no' : existence;",
        'return existence;',
      ],
      [
        'names below a zone are asked of no other resolver',
        "if (wildcard === undefined || zoneOf(name.split('.'), names.zones) !== undefined)",
        'if (wildcard === undefined)',
      ],
    ],
  ),
  ...guards(
    'controller/decisions/excesses.ts',
    ['test/controller/grants.test.ts'],
    [['a grant that says something else of its holder ends', '(isOutdated && web.has(id))', 'false']],
  ),
  ...guards(
    'client/standing.ts',
    ['test/client/standing.test.ts'],
    [
      [
        'a public hostname that is not granted is asked elsewhere',
        '!best.resource.granted || !knowledge.reachable',
        '!knowledge.reachable',
      ],
      [
        'below a wildcard hostname the name of a resource is that resource',
        "whyRefused(suffix, '') !== undefined || isNamed",
        "whyRefused(suffix, '') !== undefined",
      ],
      [
        'no organisation has every name below a public suffix',
        "whyRefused(suffix, '') !== undefined || isNamed",
        'isNamed',
      ],
      [
        'without a session no public hostname is ours',
        "if (knowledge.contact !== 'known' || knowledge.exempt",
        'if (knowledge.exempt',
      ],
    ],
  ),
];
