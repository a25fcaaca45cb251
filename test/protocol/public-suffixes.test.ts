/** One list of shared suffixes: what a document may not claim, no laptop takes over either. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptedZones } from '../../client/dns/zones.ts';
import { unclaimable } from '../../controller/organisation/public-suffix.ts';
import type { Name } from '../../protocol/names.ts';
import { isPublicSuffix } from '../../protocol/public-suffixes.ts';

const shared = ['co.uk', 'com.br', 'gouv.fr', 'gv.at', 'plc.uk', 'github.io', 'workers.dev', 'amazonaws.com'];
const fine = ['acme.internal', 'corp.acme.example', 'acme.co.uk', 'home.arpa', 'acme.github.io'];

test('a suffix below which strangers have names is refused by the controller and by the client alike', () => {
  for (const name of shared) {
    assert.ok(isPublicSuffix(name), name);
    assert.match(unclaimable(name as Name) ?? '', /strangers/, name);
    assert.equal(acceptedZones([name], 'access.acme.example').refused[0]?.why, 'public-suffix', name);
  }
  for (const name of fine) {
    assert.equal(isPublicSuffix(name), false, name);
    assert.equal(unclaimable(name as Name), undefined, name);
    assert.deepEqual(acceptedZones([name], 'access.acme.example').accepted, [name]);
  }
});
