/** Which zones the client takes over, what it says of a name, and how it explains that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchDomains, searchShadows } from '../../client/dns/search-shadows.ts';
import { acceptedZones } from '../../client/dns/zones.ts';
import { findResource, standingOf, unmetTexts } from '../../client/standing.ts';
import { explain, listResources } from '../../client/why.ts';
import { exitOfWhy } from '../../cli/why.ts';
import type { Name } from '../../protocol/names.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import { sample } from './dns/knowledge.ts';

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
