/** A document that is wrong in one place: the message says what and where, and what to do next, and nothing has changed. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { goodDocument as good, WrongInputBench } from './support/wrong-input-bench.ts';

const bench = await WrongInputBench.start({ after });

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

test('a file that is wrong in one place is refused with that place and the remedy, and changes nothing', async () => {
  const before = await bench.inForce();
  const wrong: string[] = [];
  for (const [from, to, says] of yaml) {
    assert.equal(good.split(from).length, 2, `"${from}" does not stand once`);
    const marked = good.replace(from, () => to);
    const lines = await bench.apply(marked.replace('«»', ''));
    const above = marked.slice(0, Math.max(0, marked.indexOf('«»'))).split('\n');
    const place = marked.includes('«»')
      ? `postern.yaml:${above.length}:${(above.at(-1) ?? '').length + 1} `
      : 'postern.yaml:';
    const isPlaced = lines.every((line) => /^postern\.yaml:\d+:\d+ \S+/.test(line));
    if (!isPlaced || !lines.some((line) => line.startsWith(place) && says.test(line)))
      wrong.push(`${from} → ${to}, expected at ${place}: ${lines.join(' | ')}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(yaml.length >= 105);
  assert.equal(await bench.inForce(), before);
});
