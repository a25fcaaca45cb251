/**
 * Whatever is given wrongly, in a file, a flag, a variable, a key or a body: the message says what and where, and what to
 * do next, the exit code is the documented one, and nothing has changed. Against the built program and a controller that runs.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readYamlDocument, YamlIssues } from '../../cli/yaml-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import { StartedController } from '../controller/support/started-controller.ts';

const launcher = fileURLToPath(new URL('../../bin/postern', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'postern-wrong-'));
after(() => rm(folder, { recursive: true }));
const controller = await StartedController.start({ after }, { tls: false });
const url = `http://127.0.0.1:${controller.url.port}`;
const file = join(folder, 'postern.yaml');

const good = `organisation: acme
zones: [acme.internal]
groups: [staff, sre]
sessions: { length: 12h }
devices: { approval: elsewhere, expireAfter: 90d }
identityProviders:
  - { name: corp, issuer: "https://idp.acme.example", clientId: postern, clientSecret: a-secret, groupsClaim: groups }
networks: [{ name: hq }]
serviceAccounts: [{ name: ci, groups: [staff] }]
resources:
  - name: wiki
    network: hq
    address: wiki.acme.internal
    ports: [tcp/80]
    tags: [staging]
    outage: 1h
    session: 8h
  - name: printer
    network: hq
    address: 10.20.0.9
    alias: printer.acme.internal
    ports: [tcp/9100]
postureProfiles: [{ name: healthy, linux: { minVersion: "5.10" } }]
policies:
  - name: staff-wiki
    allow: { groups: [staff] }
    to: { resources: [wiki] }
    when: { posture: [healthy], mfa: 12h, schedule: { zone: Europe/Berlin, hours: "09:00-18:00" } }
  - name: sre-printer
    allow: { groups: [sre] }
    to: { resources: [printer] }
    until: 2027-12-31T00:00:00Z
    when: { source: [10.0.0.0/8], country: [DE] }
    waives: [needs-printer]
  - name: needs-printer
    require: everyone
    to: { resources: [printer] }
    when: { mfa: { age: 8h, amr: [hwk], acr: [phr] } }
tests:
  - user: alice@acme.example
    door: client
    posture: [healthy]
    mfa: 1h
    at: "2026-11-20T10:00+01:00"
    source: 192.0.2.7
    cannot: [printer]
  - serviceAccount: ci
    cannot: [wiki, printer]
`;

/** What stands in the file, what is put there («» mark the place), and what is said. */
const yaml: [from: string, to: string, says: RegExp][] = [
  ['organisation: acme', '«»organization: acme', /unknown key "organization"; did you mean "organisation"/],
  ['organisation: acme', 'organisation: «»Acme Inc', /"Acme Inc" is no name here; use up to 63/],
  ['organisation: acme', 'organisation: «»[acme]', /must be a text/],
  ['organisation: acme', 'organisation: «»7', /must be a text/],
  ['organisation: acme\n', '', /organisation is missing/],
  ['zones: [acme.internal]', 'zones: [«»"*.acme.internal"]', /is no zone; write a suffix/],
  ['zones: [acme.internal]', 'zones: [acme.internal, «»com]', /"com" cannot be a zone: /],
  ['zones: [acme.internal]', 'zones: [acme.internal, «»co.uk]', /cannot be a zone: /],
  ['zones: [acme.internal]', 'zones: «»acme.internal', /must be a list/],
  ['zones: [acme.internal]', 'zones: [acme.internal, «»localhost]', /cannot be a zone: /],
  ['groups: [staff, sre]', 'groups: [staff, «»staff]', /"staff" stands twice/],
  ['hours: "09:00-18:00"', 'days: «»mon-fry', /days are written mon-fri/],
  ['hours: "09:00-18:00"', 'hours: «»"25:00-26:00"', /hours are written 09:00-18:00/],
  ['groups: [staff, sre]', 'groups: [staff, «»"s r e"]', /is no name here/],
  ['name: corp', '«»nam: corp', /unknown key "nam"; did you mean "name"/],
  ['"https://idp.acme.example"', '«»"ftp://idp.acme.example"', /is no web address; it begins with https/],
  ['"https://idp.acme.example"', '«»"http://idp.acme.example"', /an issuer is reached over https/],
  ['"https://idp.acme.example"', '«»"https://idp.acme.example/?a"', /an issuer has no query/],
  [
    'clientSecret: a-secret',
    'clientSecret: «»{ env: POSTERN_TEST_UNSET }',
    /the variable POSTERN_TEST_UNSET is not set; set it/,
  ],
  [
    'clientSecret: a-secret',
    'clientSecret: «»{ file: nowhere }',
    /nowhere cannot be read \(ENOENT\); give a file/,
  ],
  [
    'clientSecret: a-secret',
    'clientSecret: «»{ vault: x }',
    /write a text, \{ env: NAME \} or \{ file: PATH \}/,
  ],
  ['clientSecret: a-secret,', 'clientSecret: a-secret, ca: «»nowhere.pem,', /nowhere\.pem cannot be read/],
  ['clientId: postern,', '', /clientId is missing/],
  ['networks: [{ name: hq }]', 'networks: [{ name: hq }, { name: «»hq }]', /"hq" stands twice/],
  ['networks: [{ name: hq }]', 'networks: [«»hq]', /must be a mapping/],
  [
    '{ name: ci, groups: [staff] }',
    '{ name: ci, groups: [«»nobody] }',
    /group "nobody" is not declared; add it to groups/,
  ],
  [
    'network: hq\n    address: wiki',
    'network: «»hk\n    address: wiki',
    /network "hk" is not declared; add it to networks/,
  ],
  ['address: wiki.acme.internal', 'address: «»"127.1"', /is no strict address literal; write four decimal/],
  ['address: wiki.acme.internal', 'address: «»"010.1.2.3"', /is no strict address literal/],
  ['address: wiki.acme.internal', 'address: «»10.20.0.0/33', /is no network; write it like 10.20.0.0\/16/],
  ['address: wiki.acme.internal', 'address: 10.20.0.0/24', /the network 10\.20\.0\.0\/24 needs an alias/],
  ['address: wiki.acme.internal', 'address: «»10.0.0.0/7', /is too wide; a network has at least \/8/],
  ['address: wiki.acme.internal', 'address: «»"[::1]"', /write it without brackets/],
  ['address: wiki.acme.internal', 'address: «»"*"', /is no wildcard; write \*\./],
  [
    'address: wiki.acme.internal',
    'address: «»wiki.elsewhere.internal',
    /lies in none of the zones; add its suffix/,
  ],
  ['address: wiki.acme.internal', 'address: «»"wiki acme"', /is neither a name nor an address/],
  ['alias: printer.acme.internal', 'alias: «»"*.acme.internal"', /is no name; an alias is one exact name/],
  ['alias: printer.acme.internal', 'alias: «»wiki.acme.internal', /already belongs to the resource "wiki"/],
  ['    alias: printer.acme.internal\n', '', /needs an alias, the name people use/],
  ['ports: [tcp/80]', 'ports: [«»tcp/0]', /is no port; write tcp\/443/],
  ['ports: [tcp/80]', 'ports: [«»"80"]', /is no port; write tcp\/443/],
  ['ports: [tcp/80]', 'ports: [«»tcp/90-80]', /is no port/],
  ['ports: [tcp/80]', 'ports: [«»udp/0]', /is no port; write tcp\/443/],
  ['ports: [tcp/80]', 'ports: «»[]', /must not be empty/],
  ['length: 12h', 'length: «»soon', /"soon" is no duration; write 90s/],
  ['length: 12h', 'length: «»4m', /"4m" is out of bounds; write a duration from 5m to 30d/],
  ['length: 12h', 'length: «»31d', /is out of bounds; write a duration from 5m to 30d/],
  ['length: 12h', '«»lenght: 12h', /unknown key "lenght"; did you mean "length"/],
  ['sessions: { length: 12h }', 'sessions: «»12h', /must be a mapping/],
  [
    'approval: elsewhere',
    'approval: «»always',
    /"always" is not possible here; write required or elsewhere or off/,
  ],
  ['expireAfter: 90d', 'expireAfter: «»12h', /"12h" is out of bounds; write a duration from 1d to 366d/],
  ['expireAfter: 90d', '«»expireafter: 90d', /unknown key "expireafter"; did you mean "expireAfter"/],
  ['session: 8h', 'session: «»59s', /"59s" is out of bounds; write a duration from 1m to 30d/],
  ['session: 8h', 'session: «»all day', /"all day" is no duration/],
  ['clientId: postern,', 'clientId: postern, acrValues: «»[],', /must not be empty/],
  ['clientId: postern,', 'clientId: postern, acrValues: [«»"a b"],', /does not have the form/],
  ['outage: 1h', 'outage: «»soon', /"soon" is no duration; write 90s/],
  ['outage: 1h', 'outage: «»9h', /outage is at most 8h/],
  ['tags: [staging]', '«»tag: [staging]', /unknown key "tag"; did you mean "tags"/],
  ['name: printer', 'name: «»wiki', /"wiki" stands twice/],
  ['minVersion: "5.10"', 'minVersion: «»"five"', /is no version; write it like/],
  ['linux:', '«»lynux:', /unknown key "lynux"; did you mean "linux"/],
  ['allow: { groups: [staff] }', 'allow: { groups: [«»stuff] }', /group "stuff" is not declared/],
  ['allow: { groups: [staff] }', 'allow: «»nobody', /"nobody" is not possible here/],
  ['allow: { groups: [staff] }', 'allow: { «»everyone: true }', /unknown key "everyone"/],
  ['    allow: { groups: [staff] }\n', '', /allow/],
  ['allow: { groups: [staff] }', 'allow: everyone\n    deny: everyone', /allow, deny/],
  ['to: { resources: [wiki] }', 'to: { resources: [«»wikki] }', /resource "wikki" is not declared/],
  ['to: { resources: [wiki] }', 'to: { tags: [«»prod] }', /tag "prod"/],
  ['when: { posture: [healthy]', 'when: { posture: [«»strong]', /"strong" is not declared/],
  ['mfa: 12h', 'mfa: «»yes', /is no duration|must be a text/],
  ['zone: Europe/Berlin', 'zone: «»Europe/Atlantis', /Atlantis/],
  ['hours: "09:00-18:00"', 'hours: «»"9-18"', /are no hours; write them like/],
  ['source: [10.0.0.0/8]', 'source: [«»10.0.0.1]', /"10\.0\.0\.1" has no length; write 10\.0\.0\.1\/32/],
  ['source: [10.0.0.0/8]', 'source: [«»10.0.0.1/8]', /has bits beyond its length; write 10\.0\.0\.1\/32/],
  ['source: [10.0.0.0/8]', 'source: [«»"::ffff:10.0.0.0/104"]', /is IPv4 inside IPv6; write the IPv4/],
  ['source: [10.0.0.0/8]', 'source: [10.0.0.0/8, «»office]', /"office" is no network; write it like/],
  ['source: [10.0.0.0/8]', 'source: «»10.0.0.0/8', /must be a list/],
  ['country: [DE]', 'country: [«»de]', /"de" is no country; write two capital letters such as DE/],
  ['country: [DE]', 'country: [«»Germany]', /"Germany" is no country/],
  ['country: [DE]', '«»contry: [DE]', /unknown key "contry"; did you mean "country"/],
  ['age: 8h', 'age: «»8', /is no duration|must be a text/],
  ['age: 8h', 'age: «»900d', /a duration is at most a year/],
  ['age: 8h, ', '', /age is missing/],
  ['amr: [hwk]', '«»arm: [hwk]', /unknown key "arm"; did you mean "age"|did you mean "amr"/],
  ['acr: [phr]', 'acr: «»[]', /must not be empty/],
  [
    'waives: [needs-printer]',
    'waives: [«»needs-print]',
    /policy "needs-print" is not declared; waives names requires/,
  ],
  ['waives: [needs-printer]', 'waives: [«»staff-wiki]', /policy "staff-wiki" is no require; only what is/],
  [
    '    until: 2027-12-31T00:00:00Z\n    when: { source: [10.0.0.0/8], country: [DE] }\n    waives: [needs-printer]',
    '    waives: «»[needs-printer]',
    /only an allow that has until may waive/,
  ],
  ['user: alice@acme.example', 'user: «»alice', /"alice" is no e-mail address/],
  ['user: alice@acme.example', 'usr: alice@acme.example', /unknown key "usr"; did you mean "user"/],
  ['serviceAccount: ci', 'serviceAccount: «»cd', /service account "cd" is not declared; add it/],
  ['serviceAccount: ci\n', 'serviceAccount: ci\n    groups: «»[sre]\n', /those it declares; leave this out/],
  ['door: client', 'door: «»window', /"window" is not possible here; write client or web/],
  ['    posture: [healthy]', '    posture: [«»ill]', /posture profile "ill" is not declared/],
  ['mfa: 1h', 'mfa: «»yes', /is no duration; write 90s/],
  ['at: "2026-11-20T10:00+01:00"', 'at: «»yesterday', /"yesterday" is no instant; write it like 2026-11-20/],
  ['at: "2026-11-20T10:00+01:00"', 'at: «»"2026-13-20T10:00Z"', /is no instant; write it like 2026-11-20/],
  ['source: 192.0.2.7', 'source: «»192.0.2.0/24', /is no address; write one such as 192\.0\.2\.7/],
  ['cannot: [wiki, printer]', 'cannot: [wiki, «»prnter]', /resource "prnter" is not declared/],
  ['    cannot: [wiki, printer]\n', '', /a test says what somebody can or cannot use/],
  [
    'cannot: [wiki, printer]',
    'can: [«»wiki]',
    /this test fails: service account ci cannot use "wiki" by the client; staff-wiki posture: posture-unknown/,
  ],
  ['groups: [staff, sre]', 'groups: [staff, sre', /must be sufficiently indented and end with a \]/],
  ['groups: [staff, sre]', '\tgroups: [staff]', /Tabs are not allowed as indentation/],
  ['groups: [staff, sre]', 'groups: [staff]\ngroups: [sre]', /Map keys must be unique/],
];

async function inForce(): Promise<string> {
  const [document, keys] = await Promise.all([
    controller.call('GET', '/api/v1/document'),
    controller.call('GET', '/api/v1/enrolment-keys'),
  ]);
  assert.equal(document.status, 200);
  return document.body + keys.body;
}

/** What `apply` would print for this text: by its own reading, and the controller's answer. */
async function apply(text: string): Promise<string[]> {
  await writeFile(file, text);
  try {
    const document = readYamlDocument(file, {});
    const answer = await controller.call('PUT', '/api/v1/document', document.value as object);
    if (answer.status === 200) return [];
    assert.equal(answer.status, 422, answer.body);
    return document.places((JSON.parse(answer.body) as { issues: DocumentIssue[] }).issues);
  } catch (error) {
    if (error instanceof YamlIssues) return [...error.lines];
    throw error;
  }
}

test('a file that is wrong in one place is refused with that place and the remedy, and changes nothing', async () => {
  assert.deepEqual(await apply(good), []);
  const before = await inForce();
  const wrong: string[] = [];
  for (const [from, to, says] of yaml) {
    assert.equal(good.split(from).length, 2, `"${from}" does not stand once`);
    const marked = good.replace(from, () => to);
    const lines = await apply(marked.replace('«»', ''));
    const above = marked.slice(0, Math.max(0, marked.indexOf('«»'))).split('\n');
    const place = marked.includes('«»')
      ? `postern.yaml:${above.length}:${(above.at(-1) ?? '').length + 1} `
      : 'postern.yaml:';
    const isPlaced = lines.every((line) => /^postern\.yaml:\d+:\d+ \S+/.test(line));
    if (!isPlaced || !lines.some((line) => line.startsWith(place) && says.test(line)))
      wrong.push(`${from} → ${to}, expected at ${place}: ${lines.join(' | ')}`);
  }
  assert.deepEqual(wrong, []);
  assert.equal(await inForce(), before);
});

interface Run {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly says: RegExp;
}

const admin = ['--controller', url, '--token', controller.admin];
const server = ['--listen', '127.0.0.1:0', '--public-url', 'https://a.acme.example'];
const state = ['--state', join(folder, 'state')];
const data = ['--data', join(folder, 'data')];
const create = ['token', 'create', ...admin];
const runs: Run[] = [
  { args: ['apply', '-f', file], exit: 2, says: /no controller is named; give --controller URL/ },
  { args: ['apply', '--controller', 'x', '-f', file], exit: 2, says: /"x" is no address; give one such as/ },
  {
    args: ['apply', '-f', file],
    env: { POSTERN_CONTROLLER: 'gopher://x' },
    exit: 2,
    says: /is no address; give/,
  },
  {
    args: ['apply', '--controller', url, '-f', file],
    exit: 3,
    says: /no API token is given; give --token-file/,
  },
  {
    args: ['apply', '--controller', url],
    env: { POSTERN_TOKEN: 'at_x' },
    exit: 3,
    says: /token is mistyped.*copy it whole, or make one/,
  },
  {
    args: ['apply', '--controller', url],
    env: { POSTERN_TOKEN_FILE: '/nowhere' },
    exit: 2,
    says: /\/nowhere cannot be read \(ENOENT\); give/,
  },
  {
    args: ['apply', '--controller', url, '--token-file', '/nowhere'],
    exit: 2,
    says: /\/nowhere cannot be read/,
  },
  {
    args: ['apply', ...admin, '-f', '/nowhere.yaml'],
    exit: 2,
    says: /nowhere\.yaml cannot be read \(ENOENT\); give -f/,
  },
  { args: ['apply', ...admin, '--ca', '/nowhere'], exit: 2, says: /give the ca\.pem of the controller/ },
  {
    args: ['apply', '--controller', 'http://127.0.0.1:1', '--token', controller.admin, '-f', file],
    exit: 6,
    says: /cannot be reached.*check that the controller runs/,
  },
  { args: ['apply', ...admin, '--no-such'], exit: 2, says: /unknown option '--no-such'[^]*--help/ },
  {
    args: ['apply', ...admin, '-f', join(folder, 'broken.yaml')],
    exit: 2,
    says: /broken\.yaml:1:1 unknown key "organization"; did you mean[^]*Nothing was changed/,
  },
  { args: ['apply', ...admin, '-f', join(folder, 'empty.yaml')], exit: 2, says: /the file is empty; see/ },
  { args: ['apply', ...admin, '-f', file, '--from', 'x'], exit: 2, says: /give the number of a revision/ },
  {
    args: ['apply', ...admin, '-f', file, '--from', '0'],
    exit: 2,
    says: /Revision \d+ is in force, not 0: somebody else changed the document[^]*Nothing was changed/,
  },
  { args: ['plan', '-f', file], exit: 2, says: /no controller is named; give --controller URL/ },
  {
    args: ['plan', ...admin, '-f', '/nowhere.yaml'],
    exit: 2,
    says: /nowhere\.yaml cannot be read \(ENOENT\)/,
  },
  {
    args: ['plan', ...admin, '-f', join(folder, 'broken.yaml')],
    exit: 2,
    says: /broken\.yaml:1:1 unknown key "organization"[^]*Nothing was changed/,
  },
  {
    args: ['plan', ...admin, '-f', join(folder, 'failing.yaml')],
    exit: 2,
    says: /failing\.yaml:\d+:\d+ this test fails: service account ci[^]*Apply would refuse this/,
  },
  {
    args: ['apply', ...admin, '-f', join(folder, 'failing.yaml')],
    exit: 2,
    says: /failing\.yaml:\d+:\d+ this test fails: service account ci[^]*Nothing was changed/,
  },
  { args: ['export', '--controller', url], exit: 3, says: /no API token is given; give --token-file/ },
  { args: ['policy'], exit: 2, says: /Usage: postern policy/ },
  { args: ['policy', 'history', ...admin, '--last', '0'], exit: 2, says: /give a number from 1 to 100/ },
  { args: ['policy', 'show', ...admin], exit: 2, says: /missing required argument 'revision'/ },
  { args: ['policy', 'show', 'x', ...admin], exit: 2, says: /"x" is no revision; give a number that/ },
  {
    args: ['policy', 'show', '999', ...admin],
    exit: 2,
    says: /there is no revision 999; see postern policy/,
  },
  { args: ['policy', 'rollback', '1.5', ...admin], exit: 2, says: /"1\.5" is no revision; give a number/ },
  {
    args: ['policy', 'rollback', '999', ...admin],
    exit: 2,
    says: /There is no revision 999; see postern policy/,
  },
  {
    args: ['policy', 'rollback', '1', '--from', '999', ...admin],
    exit: 2,
    says: /Revision \d+ is in force, not 999/,
  },
  { args: ['policy', 'test', '-f', '/nowhere.yaml'], exit: 2, says: /nowhere\.yaml cannot be read/ },
  {
    args: ['policy', 'test', '-f', join(folder, 'broken.yaml')],
    exit: 2,
    says: /broken\.yaml:1:1 unknown key "organization"/,
  },
  {
    args: ['policy', 'test', '-f', join(folder, 'failing.yaml')],
    exit: 2,
    says: /failed {2}service account ci[^]*failing\.yaml:\d+:\d+ this test fails[^]*1 test passed, 1 failed/,
  },
  { args: ['token', 'create'], exit: 2, says: /say what for: --data DIR/ },
  { args: [...create, '--connector', 'hq', '--relay', 'r'], exit: 2, says: /say what for/ },
  { args: [...create, '--connector', 'nowhere'], exit: 2, says: /no network "nowhere"\. Declared: hq/ },
  { args: [...create, '--service', 'cd'], exit: 2, says: /no service account "cd"\. Declared: ci/ },
  { args: [...create, '--relay', 'Bad Name'], exit: 2, says: /name/ },
  { args: [...create, '--connector', 'hq', '--uses', '0'], exit: 2, says: /"0" is no number of uses; write/ },
  { args: [...create, '--connector', 'hq', '--uses', '1e9'], exit: 2, says: /is no number of uses/ },
  {
    args: [...create, '--connector', 'hq', '--expires', 'soon'],
    exit: 2,
    says: /"soon" is no duration; write 1h/,
  },
  {
    args: [...create, '--connector', 'hq', '--data', folder],
    exit: 2,
    says: /--data makes API tokens; leave it out/,
  },
  {
    args: ['token', 'create', '--data', '/nowhere'],
    exit: 2,
    says: /holds no controller's data; start it there once/,
  },
  {
    args: ['token', 'create', '--data', '/nowhere', '--role', 'owner'],
    exit: 2,
    says: /choices are admin, network, access/,
  },
  {
    args: [...create, '--role', 'admin', '--connector', 'hq'],
    exit: 2,
    says: /say what for/,
  },
  { args: [...create, '--role', 'admin', '--uses', '2'], exit: 2, says: /--uses is for enrolment keys/ },
  {
    args: [...create, '--role', 'admin', '--name', 'Ops Team'],
    exit: 2,
    says: /"Ops Team" is no name; write/,
  },
  {
    args: [...create, '--service', 'ci', '--name', 'x'],
    exit: 2,
    says: /--name is for API tokens; leave it out/,
  },
  {
    args: ['token', 'revoke', ...admin, 'nobodys'],
    exit: 2,
    says: /there is no API token "nobodys"; see postern token list/,
  },
  {
    args: ['token', 'set-role', ...admin, 'nobodys', 'owner'],
    exit: 2,
    says: /"owner" is no role of tokens; write one of admin, network/,
  },
  { args: ['controller'], exit: 2, says: /required option '--data <folder>' not specified[^]*--help/ },
  {
    args: ['controller', ...data, '--listen', '8443'],
    exit: 2,
    says: /'8443' cannot be used: give an address and a port/,
  },
  {
    args: ['controller', ...data, '--listen', '127.0.0.1:99999'],
    exit: 2,
    says: /give an address and a port/,
  },
  {
    args: ['controller', ...data, '--listen', '192.0.2.1:8443', '--public-url', 'https://x.acme.example'],
    exit: 2,
    says: /no address of this machine; give another --listen/,
  },
  {
    args: ['controller', ...data, '--listen', `127.0.0.1:${controller.url.port}`],
    exit: 2,
    says: /is in use; stop what listens there/,
  },
  {
    args: ['controller', ...data, '--public-url', 'ftp://x'],
    exit: 2,
    says: /give an address such as https/,
  },
  {
    args: ['controller', ...data, '--public-url', 'https://x/path'],
    exit: 2,
    says: /give an address such as https/,
  },
  {
    args: ['controller', ...data, '--public-url', 'https://x'],
    exit: 2,
    says: /no address to listen on; give --listen/,
  },
  {
    args: ['controller', ...data, '--public-url', 'http://x', '--listen', '0.0.0.0:0'],
    exit: 2,
    says: /without TLS.*give an https --public-url/,
  },
  {
    args: ['controller', ...data, '--roles', 'connector'],
    exit: 2,
    says: /give controller,relay or controller/,
  },
  {
    args: ['controller', ...data, ...server, '--tls-cert', '/nowhere'],
    exit: 2,
    says: /go together; give both or neither/,
  },
  {
    args: ['controller', ...data, ...server, '--tls-cert', '/nowhere', '--tls-key', '/nowhere'],
    exit: 2,
    says: /\/nowhere cannot be read/,
  },
  {
    args: ['controller', ...data, ...server, '--tls-cert', file, '--tls-key', file],
    exit: 2,
    says: /no certificate and key that belong together/,
  },
  {
    args: ['controller', ...data, ...server, '--secret-key-file', file],
    exit: 2,
    says: /holds no secret key.*give the file that the first start wrote/,
  },
  {
    args: ['controller', '--data', file, ...server],
    exit: 2,
    says: /give --data, --secret-key-file and a port/,
  },
  {
    args: ['controller', ...data, ...server, '--countries', '/nowhere.csv'],
    exit: 2,
    says: /the file of countries cannot be used: \/nowhere\.csv cannot be read \(ENOENT\)/,
  },
  {
    args: ['controller', ...data, ...server],
    env: { POSTERN_COUNTRIES: join(folder, 'countries.csv') },
    exit: 2,
    says: /countries\.csv: line 3: 10\.0\.0\.1\/8 has bits set behind its prefix; write the network/,
  },
  { args: ['relay', ...server], exit: 2, says: /required option '--state/ },
  {
    args: ['relay', ...server, ...state],
    exit: 2,
    says: /holds no enrolment yet; give --key-file.*token create --relay NAME/,
  },
  {
    args: ['relay', ...server, ...state],
    env: { POSTERN_KEY: 'pk_x' },
    exit: 2,
    says: /key is mistyped or is no pk_ key; copy it whole/,
  },
  {
    args: ['relay', ...server, ...state, '--behind-tls'],
    exit: 2,
    says: /--behind-tls goes with --trust-proxy: say which balancers end TLS/,
  },
  {
    args: ['relay', ...server, ...state, '--memory', '3'],
    exit: 2,
    says: /give a whole number of MiB, at least 16/,
  },
  {
    args: ['relay', ...server, ...state, '--browsers-per-source', '3'],
    exit: 2,
    says: /give a whole number of connections, from 16 to 1000000/,
  },
  {
    args: ['connector', ...state],
    exit: 2,
    says: /holds no enrolment yet; give --key-file.*token create --connector NETWORK/,
  },
  {
    args: ['connector', ...state, '--acme-directory', 'http://ca.acme.example/dir'],
    exit: 2,
    says: /what --acme-directory was given is no https address of a directory; write one such as https:/,
  },
  {
    args: ['connector', ...state, '--acme-directory', 'ftp://ca:hunter2@ca.acme.example'],
    exit: 2,
    says: /^(?!.*hunter2).*what --acme-directory was given is no https address/s,
  },
  {
    args: ['controller', '--data', folder, '--smtp', 'smtp://mail:hunter2@mail.acme.example'],
    exit: 2,
    says: /^(?!.*hunter2).*--smtp holds a password; leave it out, and give --smtp-password-file/s,
  },
  {
    args: ['controller', '--data', folder, '--smtp', 'mail:hunter2@mail.acme.example'],
    exit: 2,
    says: /^(?!.*hunter2).*what --smtp was given is no address; write one such as smtp:/s,
  },
  {
    args: ['connector', ...state, '--acme-contact', 'operator@acme.example'],
    exit: 2,
    says: /options need --acme-directory, the address of the CA/,
  },
  {
    args: [
      'connector',
      ...state,
      '--acme-directory',
      'https://ca.acme.example/dir',
      '--acme-eab-key-id',
      'kid-1',
    ],
    exit: 2,
    says: /--acme-eab-key-id and --acme-eab-hmac-key-file go together; give both/,
  },
  {
    args: ['connector', ...state, '--direct', '70000'],
    exit: 2,
    says: /--direct.*'70000' cannot be used: give a port, or an address of this machine and a port/,
  },
  {
    args: ['connector', ...state, '--direct', 'hq.acme.example:7443'],
    exit: 2,
    says: /give a port, or an address of this machine and a port: 192\.0\.2\.1:7443/,
  },
  {
    args: ['connector', ...state, '--direct', '7443'],
    exit: 2,
    says: /reached from outside; add --direct-endpoint HOST:PORT/,
  },
  {
    args: ['connector', ...state, '--direct-endpoint', 'hq.acme.example:7443'],
    exit: 2,
    says: /--direct-endpoint says where --direct is reached from outside; give --direct PORT too/,
  },
  {
    args: ['connector', ...state, '--direct', '7443', '--direct-endpoint', 'hq.acme.example'],
    exit: 2,
    says: /give a name or address and a port: hq\.acme\.example:7443/,
  },
  {
    args: ['connector', ...state, '--direct', '7443', '--direct-endpoint', 'a.b:1,a.b:2,a.b:3,a.b:4,a.b:5'],
    exit: 2,
    says: /a connector publishes at most 4 endpoints/,
  },
  { args: ['ping', 'wiki', '--count', '0'], exit: 2, says: /give a number from 1 to 999999/ },
  { args: ['ping', 'wiki', '--interval', '1ms'], exit: 2, says: /give a duration from 1s to 1h/ },
  { args: ['ping', 'wiki', '--port', '0'], exit: 2, says: /give a port from 1 to 65535/ },
  { args: ['ping', 'wiki', ...state], exit: 1, says: /nothing runs on .*; start it with postern up/ },
  { args: ['connector', ...state, '--key', 'sk_x'], exit: 2, says: /is no pk_ key; copy it whole/ },
  {
    args: ['connector', ...state],
    env: { POSTERN_KEY_FILE: '/nowhere' },
    exit: 2,
    says: /\/nowhere cannot be read/,
  },
  {
    args: ['up', ...state, '--key', 'pk_x', '--capture', 'none'],
    exit: 2,
    says: /is no sk_ key; copy it whole/,
  },
  {
    args: ['up', ...state, '--capture', 'none'],
    exit: 2,
    says: /knows no controller yet; give --controller URL/,
  },
  { args: ['up', ...state, '--socks', '0.0.0.0:1080'], exit: 2, says: /give a loopback address and a port/ },
  { args: ['device', 'list'], exit: 2, says: /no controller is named/ },
  {
    args: ['device', 'block', 'nobody', ...admin],
    exit: 2,
    says: /no device "nobody"; see postern device list/,
  },
  {
    args: ['device', 'rename', 'nobody', 'x', ...admin],
    exit: 2,
    says: /no device "nobody"; see postern device list/,
  },
  {
    args: ['device', 'rename', 'nobody', ' ', ...admin],
    exit: 2,
    says: /a name has up to 64 characters that print/,
  },
  { args: ['device', 'rotate', ...state], exit: 1, says: /nothing runs on .*; start it with postern up/ },
  { args: ['person', 'list'], exit: 2, says: /no controller is named/ },
  {
    args: ['person', 'disable', 'nobody@acme.example', ...admin],
    exit: 2,
    says: /nobody is "nobody@acme\.example"; see: postern person list/,
  },
  { args: ['person', 'enable', ...admin], exit: 2, says: /missing required argument 'who'/ },
  {
    args: ['person', 'sign-out', 'ci', ...admin],
    exit: 2,
    says: /ci is a service account and would sign in again at once; disable it/,
  },
  { args: ['session', 'list'], exit: 2, says: /no controller is named/ },
  {
    args: ['session', 'end', 'x', ...admin],
    exit: 2,
    says: /"x" is no session; take the id from: postern session list/,
  },
  {
    args: ['session', 'end', `ses_${'0'.repeat(26)}`, ...admin],
    exit: 2,
    says: /There is no such thing/,
  },
  { args: ['login', '--for', 'No Such', ...state], exit: 2, says: /is no resource; see: postern resources/ },
  {
    args: ['login', '--for', 'wiki', ...state],
    exit: 3,
    says: /nothing runs on .*; start it with postern up/,
  },
  { args: ['audit', ...admin, '--last', 'x'], exit: 2, says: /give a number from 1 to 1000/ },
  { args: ['audit', ...admin, '--trace', '7f3c9a'], exit: 2, says: /is no trace; copy its 16 digits/ },
  { args: ['statsu'], exit: 2, says: /unknown command 'statsu'[^]*Did you mean status/ },
  { args: ['why'], exit: 2, says: /missing required argument 'resource'[^]*--help/ },
  { args: ['why', 'wiki', '--user', 'a@acme.example'], exit: 2, says: /no controller is named/ },
  {
    args: ['why', 'wiki', ...admin, '--user', 'a@acme.example', '--service', 'ci'],
    exit: 2,
    says: /--user and --service are two questions; give one/,
  },
  {
    args: ['why', 'wiki', ...admin, '--source', '10.0.0.1'],
    exit: 2,
    says: /--source is for the simulator; say for whom with --user/,
  },
  {
    args: ['why', 'wiki', ...admin, '--user', 'a@acme.example'],
    exit: 2,
    says: /--user: nobody known here is "a@acme\.example"; name the groups too/,
  },
  {
    args: ['why', 'nothing', ...admin, '--groups', 'staff'],
    exit: 2,
    says: /there is no resource "nothing"; its name stands/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'stuff'],
    exit: 2,
    says: /--groups: the group "stuff" is not declared/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--device', 'desk'],
    exit: 2,
    says: /--device: there is no device "desk"/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--source', 'here'],
    exit: 2,
    says: /--source: "here" is no address; write one such as/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'a b'],
    exit: 2,
    says: /write names of groups, with commas/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--door', 'back'],
    exit: 2,
    says: /write client or web/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--at', '10:00'],
    exit: 2,
    says: /write an instant with its offset/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--mfa', 'soon'],
    exit: 2,
    says: /write a duration/,
  },
  { args: ['forward', 'db1', 'x', ...state], exit: 2, says: /"x" is no port; give a number/ },
];

test('a flag, a variable or a key that is wrong is refused with its name, the remedy and the exit code, and changes nothing', async () => {
  await writeFile(file, good);
  await writeFile(join(folder, 'broken.yaml'), good.replace('organisation', 'organization'));
  await writeFile(join(folder, 'empty.yaml'), '');
  await writeFile(join(folder, 'countries.csv'), 'network,country\n192.0.2.0/24,DE\n10.0.0.1/8,DE\n');
  await writeFile(join(folder, 'failing.yaml'), good.replace('cannot: [wiki, printer]', 'can: [wiki]'));
  const before = await inForce();
  const waiting = runs.values();
  const lane = async (): Promise<void> => {
    for (const run of waiting) {
      const { exit, output } = await program(run);
      const place = `postern ${run.args.join(' ')}: ${exit} ${output}`;
      assert.match(output, run.says, place);
      assert.equal(exit, run.exit, place);
      assert.doesNotMatch(output, /\bat .*\.(js|ts):\d+|undefined|\[object/, place);
      assert.equal(output.includes(controller.admin), false, 'a token was printed');
    }
  };
  await Promise.all([lane(), lane()]);
  assert.equal(await inForce(), before);
});

const keyBody = { purpose: 'connector', name: 'hq' };
const bodies: [method: string, path: string, body: unknown, status: number, says: RegExp][] = [
  ['POST', 'enrolment-keys', {}, 400, /purpose is missing/],
  ['POST', 'enrolment-keys', [], 400, /must be a mapping/],
  ['POST', 'enrolment-keys', null, 400, /./],
  ['POST', 'enrolment-keys', { ...keyBody, purpose: 'admin' }, 400, /write connector or relay or service/],
  ['POST', 'enrolment-keys', { ...keyBody, name: 'HQ' }, 400, /is no name here/],
  ['POST', 'enrolment-keys', { ...keyBody, uses: 0 }, 400, /uses/],
  ['POST', 'enrolment-keys', { ...keyBody, uses: '3' }, 400, /must be a whole number/],
  ['POST', 'enrolment-keys', { ...keyBody, uses: 1.5 }, 400, /must be a whole number/],
  ['POST', 'enrolment-keys', { ...keyBody, expires: '400d' }, 400, /at most a year/],
  ['POST', 'enrolment-keys', { ...keyBody, role: 'admin' }, 400, /unknown key \\"role\\"/],
  ['POST', 'enrolment-keys', { ...keyBody, name: 'nowhere' }, 404, /Declared: hq/],
  ['PUT', 'document', [], 422, /must be a mapping/],
  ['PUT', 'document', 'acme', 422, /must be a mapping/],
  ['PUT', 'document', {}, 422, /organisation is missing/],
  ['POST', 'document/plan', [], 422, /must be a mapping/],
  ['POST', 'document/plan', {}, 422, /organisation is missing/],
  ['POST', 'document/rollback', {}, 400, /revision is missing/],
  ['POST', 'document/rollback', { revision: '1' }, 400, /must be a whole number/],
  ['POST', 'document/rollback', { revision: 0 }, 400, /revision/],
  ['POST', 'document/rollback', { revision: 1, to: 2 }, 400, /unknown key \\"to\\"/],
  ['POST', 'document/rollback', { revision: 999 }, 404, /There is no revision 999/],
  ['POST', 'document/rollback', { revision: 1, from: 999 }, 409, /is in force, not 999/],
  ['GET', 'document/history?limit=0', undefined, 400, /limit/],
  ['GET', 'document/history?limit=101', undefined, 400, /limit/],
  ['GET', 'document/history?before=x', undefined, 400, /before/],
  ['GET', 'document/history/x', undefined, 404, /no such thing/],
  ['GET', 'audit?last=0', undefined, 400, /last/],
  ['GET', 'audit?after=-1', undefined, 400, /after/],
  ['GET', 'audit?what=%25', undefined, 400, /what/],
  ['GET', 'audit?trace=%25', undefined, 400, /trace/],
  ['POST', 'simulate', {}, 400, /resource is missing/],
  ['POST', 'simulate', { resource: 'wiki' }, 400, /name a user, a service account, or groups/],
  ['POST', 'simulate', { resource: 'wiki', groups: 'staff' }, 400, /must be a list/],
  ['DELETE', 'sessions/nobody', undefined, 404, /no such thing/],
];

test('a body or a query that is wrong is answered with its field and what it should be, and changes nothing', async () => {
  assert.deepEqual(await apply(good), []);
  const before = await inForce();
  for (const [method, path, body, status, says] of bodies) {
    const answer = await controller.ask(method, `/api/v1/${path}`, {
      headers: {
        authorization: `Bearer ${controller.admin}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const place = `${method} ${path} ${JSON.stringify(body)}: ${answer.body}`;
    assert.equal(answer.status, status, place);
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', place);
    assert.match(answer.body, says, place);
  }
  for (const broken of ['{', '{"a":1,}', '\u0000', '{"__proto__":{"a":1}}', '']) {
    const headers = { authorization: `Bearer ${controller.admin}`, 'content-type': 'application/json' };
    const answer = await controller.ask('POST', '/api/v1/enrolment-keys', { headers, body: broken });
    assert.equal(answer.status, 400, `${broken}: ${answer.body}`);
  }
  assert.ok(yaml.length + runs.length + bodies.length >= 100);
  assert.equal(await inForce(), before);
});

/** Runs the program to its end with nothing in its environment that belongs to it. */
function program({ args, env = {} }: Run): Promise<{ exit: number; output: string }> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [launcher, ...args],
      { env: { PATH, HOME, ...env }, timeout: 60_000 },
      (error, stdout, stderr) => {
        const exit = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exit, output: stdout + stderr });
      },
    );
    child.stdin?.end();
  });
}
