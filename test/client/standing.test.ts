/** Which zones the client takes over, what it says of a name, and how it explains that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchDomains, searchShadows } from '../../client/dns/search-shadows.ts';
import { acceptedZones } from '../../client/dns/zones.ts';
import { findResource, hostStandingOf, standingOf, unmetTexts, webNames } from '../../client/standing.ts';
import { explain, listResources } from '../../client/why.ts';
import { exitOfWhy } from '../../cli/why.ts';
import type { Name, Pattern } from '../../protocol/names.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import { far, resource, sample } from './dns/knowledge.ts';

test('zones that others depend on are refused, with why', () => {
  const { accepted, refused } = acceptedZones(
    [
      'acme.internal',
      'corp',
      'home.arpa',
      'Corp.Example.',
      'com',
      'co.uk',
      'github.io',
      'localhost',
      'x.localhost',
      'arpa',
      '10.in-addr.arpa',
      'access.acme.example',
      '127.0.0.1',
      '',
    ],
    'access.acme.example',
  );
  assert.deepEqual(accepted, ['acme.internal', 'corp', 'home.arpa', 'corp.example']);
  assert.deepEqual(
    refused.map(({ why }) => why),
    [
      'top-level',
      'public-suffix',
      'public-suffix',
      'reserved',
      'reserved',
      'reserved',
      'reserved',
      'controller',
      'not-a-name',
      'not-a-name',
    ],
  );
});

test('search domains make shadows of the zones, which are as protected', () => {
  assert.deepEqual(searchDomains('search lan.example corp.example\nnameserver 192.0.2.1\n'), [
    'lan.example',
    'corp.example',
  ]);
  assert.deepEqual(
    searchDomains('domain a.example\nsearch b.example\n'),
    ['b.example'],
    'the last line wins',
  );
  assert.deepEqual(searchShadows(['acme.internal' as Name], ['lan.example']), ['acme.internal.lan.example']);
});

test('`why` and `resources` say the same of what is hidden and what does not exist, whatever the state', () => {
  for (const knowledge of [sample, { ...sample, contact: 'ended' as const }]) {
    const hidden = explain('hidden', knowledge);
    const missing = explain('nobody.acme.internal', knowledge);
    assert.deepEqual({ ...hidden, resource: '' }, { ...missing, resource: '' });
  }
  assert.equal(explain('hidden', sample).text, hiddenText);
  assert.equal(exitOfWhy(explain('hidden', sample)), 4);
  assert.ok(listResources(sample).resources.every(({ name }) => name !== 'hidden'));
});

test('`why` exits 0 for a grant, 4 for a refusal, 5 where posture alone is missing, 3 after the session', () => {
  assert.equal(exitOfWhy(explain('wiki.acme.internal', sample)), 0);
  assert.equal(exitOfWhy(explain('locked.db.acme.internal', sample)), 4);
  assert.equal(exitOfWhy(explain('secret.acme.internal', sample)), 5);
  assert.equal(exitOfWhy(explain('wiki', { ...sample, contact: 'ended' })), 3);
});

test('a resource is found by its name and by every name that leads to it', () => {
  assert.equal(findResource('r2', sample)?.id, sample.resources[1]?.id);
  assert.equal(findResource('DB7.db.acme.internal.', sample)?.name, 'r2');
  assert.equal(findResource('db.acme.internal', sample), undefined, 'a wildcard is never its bare suffix');
  assert.equal(findResource('not a name', sample), undefined);
});

test('a refusal always has a sentence', () => {
  assert.deepEqual(unmetTexts([]), ['No policy allows this (no-allow).']);
  const standing = standingOf('secret.acme.internal' as Name, sample);
  assert.equal(standing.is, 'refused');
});

const web = (...hostnames: string[]): { web: { hostnames: Pattern[]; port: number } } => ({
  web: { hostnames: hostnames as Pattern[], port: 443 },
});
const doors = {
  ...sample,
  exempt: new Set(['access.acme.example']),
  resources: [
    resource(1, ['wiki.acme.internal'], web('wiki.acme.public.example', '*.apps.acme.example')),
    resource(2, ['*.acme.public.example'], { granted: false }),
    resource(3, ['git.acme.internal'], { ...web('git.acme.example'), granted: false }),
    resource(4, ['far.acme.internal'], { ...web('far.acme.example'), net: far }),
    resource(5, ['own.acme.internal'], web('own.acme.internal', 'access.acme.example', 'x.localhost')),
  ],
};

test('a public hostname is ours where it is granted and can be reached, exact or below a wildcard, while there is a session', () => {
  const of = (name: string, knowledge = doors): string => standingOf(name as Name, knowledge).is;
  assert.equal(of('wiki.acme.public.example'), 'granted');
  assert.equal(of('own.acme.internal'), 'granted');
  assert.deepEqual(standingOf('x.apps.acme.example' as Name, doors), {
    is: 'granted',
    resource: doors.resources[0],
    wildcard: '*.apps.acme.example',
  });
  for (const name of [
    'apps.acme.example',
    'git.acme.example',
    'far.acme.example',
    'access.acme.example',
    'x.localhost',
    'sub.wiki.acme.public.example',
    'other.acme.example',
  ])
    assert.equal(of(name), 'foreign', name);
  for (const contact of ['none', 'ended'] as const)
    assert.equal(of('wiki.acme.public.example', { ...doors, contact }), 'foreign', contact);
  assert.deepEqual(webNames(doors), ['wiki.acme.public.example', '*.apps.acme.example', 'own.acme.internal']);
  assert.deepEqual(webNames({ ...doors, contact: 'ended' }), []);
  assert.equal(hostStandingOf('wiki.acme.public.example' as Name, doors).is, 'foreign');
});

test('below a wildcard hostname a more exact hostname counts first, whoever may use it, and so does the name of a resource', () => {
  const of = (name: string, ...more: (typeof doors)['resources']): string => {
    const standing = standingOf(name as Name, { ...doors, resources: [...doors.resources, ...more] });
    return standing.is === 'granted' ? standing.resource.name : standing.is;
  };
  const refused = { granted: false };
  assert.equal(of('x.apps.acme.example'), 'r1');
  assert.equal(
    of('x.apps.acme.example', resource(6, [], { ...web('x.apps.acme.example'), ...refused })),
    'foreign',
  );
  assert.equal(
    of('x.y.apps.acme.example', resource(6, [], { ...web('*.y.apps.acme.example'), ...refused })),
    'foreign',
  );
  assert.equal(of('x.y.apps.acme.example', resource(6, [], web('*.y.apps.acme.example'))), 'r6');
  assert.equal(of('x.apps.acme.example', resource(6, ['x.apps.acme.example'])), 'r6');
  assert.equal(of('x.apps.acme.example', resource(6, ['x.apps.acme.example'], refused)), 'foreign');
  assert.equal(of('acme.co.uk', resource(6, [], web('*.co.uk'))), 'foreign', 'nobody’s suffix');
  assert.equal(
    of('access.acme.example', resource(6, [], web('*.acme.example'))),
    'foreign',
    'the controller',
  );
  assert.equal(of('db.acme.internal', resource(6, [], web('*.acme.internal'))), 'r6');
});

test('`why` knows a public hostname, and says by which door a browser here opens it', () => {
  const own = explain('wiki.acme.public.example', doors);
  assert.deepEqual([own.decision, exitOfWhy(own)], ['granted', 0]);
  assert.match(own.text ?? '', /without a sign-in page/);
  const wildcard = explain('x.apps.acme.example', doors);
  assert.equal(wildcard.decision, 'granted');
  assert.match(wildcard.text ?? '', /without a sign-in page, unless public DNS leads it elsewhere/);
  const refused = explain('git.acme.example', doors);
  assert.equal(refused.decision, 'refused');
  assert.match(refused.text ?? '', /decides anew/);
  assert.equal(explain('git.acme.internal', doors).text, undefined);
  const [, far] = listResources(doors).resources;
  assert.deepEqual(far?.urls, []);
  assert.deepEqual(listResources(doors).resources[0]?.urls, [
    'https://wiki.acme.public.example',
    'https://*.apps.acme.example',
  ]);
});
