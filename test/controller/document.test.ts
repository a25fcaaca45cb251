import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDocument, clientSecretOf } from '../../controller/organisation/apply-document.ts';
import { checkDocument } from '../../controller/organisation/document-issues.ts';
import { documentZones } from '../../controller/organisation/resource-hosts.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { acmeDocument } from './support/document.ts';
import { testController } from './support/controller.ts';

const context = { controllerHost: 'access.acme.example', organisationName: undefined };

/** `path: message` of everything wrong with the test document after `change`. */
function issuesAfter(change: (document: Record<string, never[]> & OrganisationDocument) => void): string[] {
  const document = acmeDocument();
  change(document as Record<string, never[]> & OrganisationDocument);
  const checked = checkDocument(document, context);
  return 'issues' in checked
    ? checked.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    : [];
}

/** The document with one more resource on network hq. */
function withResource(resource: object): string[] {
  return issuesAfter((document) => {
    document.resources?.push({
      name: 'extra',
      network: 'hq',
      address: 'extra.acme.internal',
      ports: ['tcp/1'],
      ...resource,
    });
  });
}

test('a sound document has no issues', () => {
  assert.deepEqual(
    issuesAfter(() => {}),
    [],
  );
});

test('everything wrong with a document is reported at once, each with its place', () => {
  const issues = issuesAfter((document) => {
    const broken = document as unknown as Record<string, unknown[]>;
    broken['zoness'] = [];
    broken['groups']?.push('staff');
    broken['resources']?.push({
      name: 'a',
      network: 'nowhere',
      address: 'a.acme.internal',
      ports: ['tcp/0', 'udp/53'],
    });
    broken['resources']?.push({ name: 'b', network: 'hq', adress: 'b.acme.internal', ports: [] });
    broken['policies']?.push({
      name: 'p',
      allow: { groups: ['nobody'] },
      to: { resources: ['none'], tags: ['no'] },
    });
    broken['policies']?.push({ name: 'q', allow: 'everyone', deny: 'everyone', to: 'everything' });
    broken['policies']?.push({
      name: 'r',
      allow: 'anyone',
      to: { tags: ['prod'] },
      when: { mfa: '1y', posture: ['ill'] },
    });
  });
  for (const expected of [
    'zoness: unknown key "zoness"; did you mean "zones"?',
    'groups.3: "staff" stands twice; names are used once',
    'resources.3.network: network "nowhere" is not declared; add it to networks',
    'resources.3.ports.0: "tcp/0" is no port; write tcp/443, tcp/8000-8099 or udp/53, within 1 to 65535',
    'resources.4.adress: unknown key "adress"; did you mean "address"?',
    'resources.4: address is missing',
    'resources.4.ports: must not be empty; leave the key out instead',
    'policies.3.allow.groups.0: group "nobody" is not declared; add it to groups',
    'policies.3.to.resources.0: resource "none" is not declared; add it to resources',
    'policies.3.to.tags.0: tag "no" is not declared; add it to the tags of a resource',
    'policies.4: a policy has exactly one of allow, deny and require',
    'policies.5.when.mfa: "1y" is no duration; write 90s, 15m, 12h or 7d',
    'policies.5.allow: "anyone" is not possible here; write everyone',
  ]) {
    assert.ok(issues.includes(expected), `${expected}\nis not among\n${issues.join('\n')}`);
  }
});

test('a value of the wrong kind is named by what it should be', () => {
  assert.deepEqual(
    issuesAfter((document) => Object.assign(document, { networks: 'hq', zones: [1] })).filter((issue) =>
      /^(networks|zones)/.test(issue),
    ),
    ['zones.0: must be a text', 'networks: must be a list'],
  );
  const checked = checkDocument('a text', context);
  assert.ok('issues' in checked && checked.issues[0]?.message === 'must be a mapping of keys');
  assert.ok('issues' in checkDocument(null, context));
  assert.ok('issues' in checkDocument([], context));
});

test('a network needs an alias, below which its hosts are named', () => {
  assert.deepEqual(withResource({ address: '10.20.0.0/24', alias: 'rack.acme.internal' }), []);
  assert.deepEqual(withResource({ address: 'fd00:20::/64', alias: 'rack.acme.internal' }), []);
  assert.match(withResource({ address: '10.20.0.0/24' }).join(), /^resources\.3\.alias: the network/);
  assert.match(withResource({ address: '10.20.0.0/24', alias: 'rack' }).join(), /alias: "rack" is too short/);
});

test('SEC-F1: an address that two programs could read differently is refused', () => {
  for (const address of [
    '127.1',
    '012.1.2.3',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '1.2.3',
    '10.0.0.1.',
    '1.2.3.256',
    '[::1]',
    'fe80::1%eth0',
    '10.0/16',
    '010.0.0.0/16',
    '10.0.0.0/016',
    'fe80::%eth0/64',
    '10.0.0.0/7',
    '*.com',
    '*',
    'a..b',
    'wiki_.acme.internal:80',
  ]) {
    const issues = withResource({ address, alias: 'extra.acme.internal' });
    assert.ok(
      issues.some((issue) => issue.startsWith('resources.3.address: ')),
      `${address}: ${issues.join()}`,
    );
  }
  for (const address of ['10.20.0.10', '2001:db8::1', '::ffff:10.0.0.1']) {
    assert.deepEqual(withResource({ address, alias: 'extra.acme.internal' }), [], address);
  }
});

test('an address literal needs an alias, and an alias is one exact name', () => {
  assert.match(withResource({ address: '10.20.0.10' }).join(), /resources\.3\.alias: .* needs an alias/);
  assert.match(withResource({ alias: '*.acme.internal' }).join(), /an alias is one exact name/);
  assert.match(withResource({ alias: '10.0.0.1' }).join(), /an alias is one exact name/);
  assert.match(
    withResource({ address: '*.x.acme.internal', alias: 'x.acme.internal' }).join(),
    /a wildcard has no alias/,
  );
});

test('a pattern belongs to one resource of the organisation, whatever its spelling', () => {
  assert.match(
    withResource({ address: 'WIKI.acme.internal' }).join(),
    /already belongs to the resource "wiki"/,
  );
  assert.match(
    withResource({ address: '*.DB.acme.internal' }).join(),
    /already belongs to the resource "databases"/,
  );
  assert.match(
    withResource({ alias: 'wiki.acme.internal' }).join(),
    /resources\.3\.alias: .*already belongs/,
  );
  assert.deepEqual(withResource({ address: 'db1.db.acme.internal' }), []);
});

test('networks that a wildcard may lead to are written as CIDR, outage is bounded', () => {
  for (const bad of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', '10.0.0/8', 'fc00::/129', '10.0.0.0/8/8']) {
    assert.match(withResource({ within: [bad] }).join(), /resources\.3\.within\.0: .* is no network/, bad);
  }
  assert.deepEqual(withResource({ within: ['10.0.0.0/8', 'fc00::/7'] }), []);
  assert.match(withResource({ outage: '9h' }).join(), /outage is at most 8h/);
  assert.deepEqual(withResource({ outage: '8h' }), []);
});

test('nobody claims a top-level domain, a registry, this machine or the controller', () => {
  const zone = (text: string): string =>
    issuesAfter((document) => Object.assign(document, { zones: ['acme.internal', text] })).join();
  for (const bad of [
    'com',
    'internal',
    'localhost',
    'x.localhost',
    'arpa',
    '10.in-addr.arpa',
    'co.uk',
    'com.br',
    '*.acme.test',
    '10.0.0.0',
    'access.acme.example',
    'acme.example',
  ]) {
    assert.match(zone(bad), /zones\.1: /, bad);
  }
  for (const fine of ['home.arpa', 'corp.acme.test', 'acme.co.uk', 'ACME.Test.'])
    assert.equal(zone(fine), '', fine);
  assert.match(withResource({ address: 'access.acme.example' }).join(), /the controller's own name/);
  assert.match(withResource({ address: 'wiki.elsewhere.internal' }).join(), /lies in none of the zones/);
});

test('without declared zones they follow from the resources', () => {
  const zones = (addresses: string[]): string[] =>
    documentZones({
      organisation: 'acme',
      resources: addresses.map((address, index) => ({
        name: `r${index}`,
        network: 'hq',
        address,
        ports: ['tcp/1'],
      })),
    });
  assert.deepEqual(zones(['wiki.acme.internal', '*.db.acme.internal']), [
    'acme.internal',
    'db.acme.internal',
  ]);
  assert.deepEqual(zones(['wiki.acme.com', 'nas.home.arpa', 'box.internal']), [
    'box.internal',
    'home.arpa',
    'wiki.acme.com',
  ]);
});

test('applying is idempotent, keeps ids, says what changed, and keeps no secret in the clear', async (t) => {
  const { context: controller, time } = await testController(t);
  const { store, reader } = controller.organisation(controller.firstOrganisation);
  const options = { secretKey: controller.secretKey, random: systemRandom, nowMs: time.ms, who: 'test' };
  const first = await applyDocument(store, acmeDocument(), options);
  assert.equal(first.changes.length, 15);
  assert.ok(first.changes.every(({ action }) => action === 'created'));
  const before = await reader.current();
  assert.deepEqual((await applyDocument(store, acmeDocument(), options)).changes, []);
  assert.equal((await reader.current()).revision, 1);

  const changed = acmeDocument();
  changed.resources = (changed.resources ?? []).filter(({ name }) => name !== 'databases');
  changed.policies = (changed.policies ?? []).filter(({ name }) => name !== 'sre-db');
  changed.resources.forEach((resource) => {
    if (resource.name === 'wiki') resource.ports = ['tcp/443'];
  });
  const provider = changed.identityProviders?.[0];
  if (provider !== undefined) provider.clientSecret = 'another secret';
  const second = await applyDocument(store, changed, options);
  assert.deepEqual(
    second.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
    [
      'changed identity provider corp',
      'changed resource wiki',
      'removed resource databases',
      'removed policy sre-db',
    ],
  );
  const idOf = (name: string): string | undefined =>
    before.resources.find(({ definition }) => definition.name === name)?.id;
  assert.deepEqual(second.removed, [idOf('databases')]);
  assert.deepEqual(second.redirected, [idOf('wiki')]);
  const after = await reader.current();
  assert.equal(after.resources.find(({ definition }) => definition.name === 'wiki')?.id, idOf('wiki'));
  assert.equal(await clientSecretOf(store, controller.secretKey, 'corp'), 'another secret');
  for (const table of ['documents', 'audit', 'identity_providers'] as const) {
    const text = JSON.stringify(await store.select(table).selectAll().execute());
    assert.doesNotMatch(text, /another secret|a secret of the provider/, table);
  }
});

test('an invalid document changes nothing, and another organisation name is refused', async (t) => {
  const controller = await testController(t);
  const headers = { authorization: `Bearer ${await controller.token('admin')}` };
  const put = (payload: object) =>
    controller.app.inject({ method: 'PUT', url: '/api/v1/document', headers, payload });
  assert.equal((await put(acmeDocument())).statusCode, 200);
  const renamed = await put({ ...acmeDocument(), organisation: 'other' });
  assert.equal(renamed.statusCode, 422);
  assert.match(renamed.body, /serves the organisation \\"acme\\"/);
  assert.equal((await put({ ...acmeDocument(), networks: [] })).statusCode, 422);
  const kept = (await controller.app.inject({ url: '/api/v1/document', headers })).json<{
    revision: number;
  }>();
  assert.equal(kept.revision, 1);
});
