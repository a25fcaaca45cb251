/** Whose a name is where several organisations share a device: who keeps a zone, and what an organisation cannot claim. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AccountFolders } from '../../client/accounts/account-folders.ts';
import { chooseAccount, nameAccounts, type AccountMarks } from '../../client/accounts/account-names.ts';
import { shareNames, type NamesPart, type SharedNames } from '../../client/accounts/names.ts';
import { shareZones } from '../../client/accounts/zone-shares.ts';
import { encodeKey, newSigningKey } from '../../protocol/keys.ts';
import type { Name, Pattern } from '../../protocol/names.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { hq, resource, sample } from './dns/knowledge.ts';

const names = (...texts: string[]): Name[] => texts as Name[];

test('of zones that overlap the first account keeps its own, whichever of the two is the wider', () => {
  const [acme, globex, initech] = shareZones(
    [
      { account: 'acme', zones: names('acme.internal', 'eu.corp.test') },
      { account: 'globex', zones: names('globex.internal', 'acme.internal', 'corp.test') },
      { account: 'initech', zones: names('db.acme.internal', 'us.corp.test') },
    ],
    new Map(),
  );
  assert.deepEqual(acme, { kept: ['acme.internal', 'eu.corp.test'], refused: [] });
  assert.deepEqual(globex, {
    kept: ['globex.internal'],
    refused: [
      { zone: 'acme.internal', by: 'acme' },
      { zone: 'corp.test', by: 'acme' },
    ],
  });
  assert.deepEqual(initech, { kept: ['us.corp.test'], refused: [{ zone: 'db.acme.internal', by: 'acme' }] });
});

test('an account that held a zone keeps it from one before it that declares it later, and only while it declares it', () => {
  const held = new Map([['corp.test', 'globex']]);
  const later = { account: 'acme', zones: names('acme.internal', 'corp.test') };
  const holder = { account: 'globex', zones: names('corp.test') };
  const [acme, globex] = shareZones([later, holder], held);
  assert.deepEqual(acme?.refused, [{ zone: 'corp.test', by: 'globex' }]);
  assert.deepEqual(globex?.kept, ['corp.test']);
  const [now] = shareZones([later, { account: 'globex', zones: names('globex.internal') }], held);
  assert.deepEqual(now?.kept, ['acme.internal', 'corp.test']);
  // One organisation may nest zones of its own.
  const nested = shareZones([{ account: 'acme', zones: names('acme.internal', 'db.acme.internal') }], held);
  assert.deepEqual(nested[0]?.refused, []);
});

/** acme as the DNS tests know it, and another organisation with the zones and resources of the test. */
function beside(other: Partial<NamesPart['knowledge']>, refused: Name[] = []): SharedNames {
  const knowledge = { ...sample, zones: names('globex.internal'), exempt: new Set<string>(), ...other };
  const controllers = new Set(['access.acme.internal', 'access.globex.example']);
  return shareNames(
    [
      { knowledge: sample, refused: [] },
      { knowledge, refused },
    ],
    controllers,
    ['lan'],
  );
}

test('below a zone nobody but its holder answers: not with a resource, a public hostname or a relay of its own', () => {
  const web = { hostnames: ['wiki.acme.internal' as never], port: 443 };
  const shared = beside({
    resources: [resource(7, ['wiki.acme.internal', 'absent.acme.internal', 'app.globex.internal'], { web })],
    exempt: new Set(['secret.acme.internal']),
  });
  const is = (name: string) => shared.standing(name as Name).is;
  assert.equal(shared.ownerOf('wiki.acme.internal' as Name), 0);
  const wiki = shared.standing('wiki.acme.internal' as Name);
  assert.ok(wiki.is === 'granted' && wiki.resource.name === 'r1');
  assert.equal(is('absent.acme.internal'), 'hidden');
  // A "relay" of another organisation below this zone does not send its name to the public resolver.
  assert.equal(is('secret.acme.internal'), 'refused');
  assert.equal(shared.isExempt('secret.acme.internal'), false);
  assert.equal(is('app.globex.internal'), 'granted');
  assert.deepEqual(shared.webNames, []);
  // What a stub resolver makes of either zone's names is as protected as they are.
  assert.equal(is('wiki.acme.internal.lan'), 'hidden');
  assert.equal(is('app.globex.internal.lan'), 'hidden');
});

test('no zone covers the controller of another account, and a name outside all zones is the first’s that is granted it', () => {
  const shared = beside({
    zones: names('globex.internal', 'globex.example'),
    resources: [resource(7, ['wiki.acme.example', 'shop.globex.example', 'www.partner.example'])],
  });
  assert.equal(shared.standing('access.globex.example' as Name).is, 'foreign');
  assert.equal(shared.isExempt('access.globex.example'), true);
  assert.equal(shared.ownerOf('shop.globex.example' as Name), 1);
  assert.equal(shared.ownerOf('wiki.acme.example' as Name), 0);
  assert.equal(shared.ownerOf('www.partner.example' as Name), 1);
  assert.equal(shared.ownerOf('www.public.example' as Name), undefined);
});

test('below the wildcard hostname of one account, the exact hostname of another counts', () => {
  const door = (seed: number, host: string): NamesPart => {
    const resources = [resource(seed, [], { web: { hostnames: [host as Pattern], port: 443 } })];
    return { knowledge: { ...sample, zones: [], resources }, refused: [] };
  };
  const shared = shareNames([door(1, '*.apps.example.com'), door(2, 'wiki.apps.example.com')], new Set(), []);
  assert.equal(shared.ownerOf('wiki.apps.example.com' as Name), 1);
  assert.equal(shared.ownerOf('other.apps.example.com' as Name), 0);
  assert.deepEqual(shared.webNames, ['*.apps.example.com', 'wiki.apps.example.com']);
});

test('what lies below a zone that was refused is not answered, whoever is granted it', () => {
  const resources = [resource(7, ['app.corp.test', 'www.partner.example'])];
  const shared = beside({ zones: [], resources }, names('corp.test'));
  assert.equal(shared.standing('app.corp.test' as Name).is, 'foreign');
  assert.equal(shared.standing('www.partner.example' as Name).is, 'granted');
});

test('an account whose session is over stays closed beside one that works', () => {
  const shared = beside({ contact: 'ended' });
  assert.deepEqual(shared.standing('any.globex.internal' as Name), { is: 'unknown', why: 'session-ended' });
  assert.equal(shared.standing('wiki.acme.internal' as Name).is, 'granted');
  const unreachable = beside({ reachable: new Set(), resources: [resource(7, ['app.globex.internal'])] });
  assert.deepEqual(unreachable.standing('app.globex.internal' as Name), {
    is: 'unknown',
    why: 'no-connector',
  });
  assert.ok(sample.reachable.has(hq));
});

test('accounts are called after their organisations, and no later one takes the name of another', () => {
  const mark = (id: string, url: string, organisation?: string, email?: string): AccountMarks => ({
    id,
    url,
    organisation,
    email,
  });
  const accounts = [
    mark('first', 'https://access.acme.example', 'acme', 'alice@acme.example'),
    mark('0123456789ab', 'https://evil.example:8443', 'acme', 'alice@acme.example'),
    mark('ba9876543210', 'https://access.globex.example', undefined, 'alice@globex.example'),
  ];
  assert.deepEqual(nameAccounts(accounts), ['acme', 'evil.example:8443', 'access.globex.example']);
  assert.equal(chooseAccount(accounts, 'acme'), 0);
  assert.equal(chooseAccount(accounts, 'evil.example'), 1);
  assert.equal(chooseAccount(accounts, 'https://access.globex.example/'), 2);
  assert.equal(chooseAccount(accounts, 'alice@globex.example'), 2);
  for (const meant of ['alice@acme.example', 'initech', ''])
    assert.throws(() => chooseAccount(accounts, meant), /choose one of: acme, evil\.example:8443, access/);
});

function folder(t: TestContext): AccountFolders {
  const path = mkdtempSync(join(tmpdir(), 'postern-accounts-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return new AccountFolders(openStateDirectory(path));
}

test('a state directory of one account stays as it is, and each further account has keys of its own in a folder of its own', (t) => {
  const folders = folder(t);
  const join_ = (url: string): string => {
    const place = folders.at(url);
    openIdentity(place.state).enrol({
      schema: 'postern.enrolment/v1',
      url,
      root: encodeKey(newSigningKey().publicKey),
      node: `dev_${'0'.repeat(26)}`,
    });
    return place.id;
  };
  assert.deepEqual(folders.list(), []);
  const acme = join_('https://access.acme.example');
  const before = folders.first.state.read('node.key');
  const globex = join_('https://access.globex.example:8443');
  assert.equal(acme, 'first');
  assert.deepEqual(
    folders.list().map(({ id }) => id),
    [acme, globex],
  );
  const [one, other] = folders.list();
  assert.deepEqual(one?.state.read('node.key'), before);
  for (const key of ['node.key', 'machine.key']) {
    assert.notDeepEqual(one?.state.read(key), other?.state.read(key));
    assert.equal(statSync(join(other?.state.path ?? '', key)).mode & 0o777, 0o600);
  }
  assert.equal(statSync(other?.state.path ?? '').mode & 0o777, 0o700);
  // The same address is the same account.
  assert.equal(folders.at('https://access.globex.example:8443/').id, globex);

  assert.ok(folders.hold([acme, globex], new Map([['corp.test', acme]])));
  assert.deepEqual([...folders.holders], [['corp.test', acme]]);
  folders.prefer(globex);
  assert.deepEqual(
    folders.list().map(({ id }) => id),
    [globex, acme],
  );
  assert.equal(folders.holders.size, 0);
});
