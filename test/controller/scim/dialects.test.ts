/**
 * The requests that directories really send, in their order. Made after what their makers publish: for Entra ID "Tutorial:
 * Develop and plan provisioning for a SCIM endpoint" (learn.microsoft.com), for Okta "SCIM 2.0 Protocol Reference" and
 * "Build your SCIM API service" (developer.okta.com). Every one must succeed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directoryBench } from './directory-bench.ts';

const user = 'urn:ietf:params:scim:schemas:core:2.0:User';
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const group = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const patch = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

interface List {
  readonly totalResults: number;
  readonly Resources: Record<string, unknown>[];
}

test('Entra ID: the test of the connection, users made, changed, moved, deactivated as text, restored and deleted', async (t) => {
  const { directory } = await directoryBench(t);
  const nobody = 'Users?filter=userName eq "9e8f4d6a-2c0b-4f3e-8a55-000000000000"';
  const none = (await directory.expect(200, 'GET', encodeURI(nobody))) as unknown as List;
  assert.deepEqual([none.totalResults, none.Resources], [0, []]);
  const made = await directory.expect(201, 'POST', 'Users', {
    schemas: [user, enterprise],
    externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
    userName: 'alice@acme.example',
    active: true,
    emails: [{ primary: true, type: 'work', value: 'alice@acme.example' }],
    meta: { resourceType: 'User' },
    name: { formatted: 'Alice Ash', familyName: 'Ash', givenName: 'Alice' },
    roles: [],
    [enterprise]: { department: 'Research' },
  });
  const id = String(made['id']);
  assert.match(id, /^[0-9a-f]{32}$/);
  const { location } = made['meta'] as { location: string };
  assert.equal(location, `https://access.acme.example:8443/scim/v2/Users/${id}`);
  assert.equal(made['externalId'], '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef');
  const found = (await directory.expect(
    200,
    'GET',
    encodeURI('Users?filter=externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"'),
  )) as unknown as List;
  assert.deepEqual([found.totalResults, found.Resources[0]?.['id']], [1, id]);
  const changed = await directory.expect(200, 'PATCH', `Users/${id}`, {
    schemas: [patch],
    Operations: [
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'ash@acme.example' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+49 30 901820' },
      { op: 'Replace', path: 'name.familyName', value: 'Oak' },
      { op: 'Add', path: `${enterprise}:department`, value: 'Sales' },
    ],
  });
  assert.deepEqual(
    [changed['emails'], changed['phoneNumbers'], changed['name'], changed[enterprise]],
    [
      [{ primary: true, type: 'work', value: 'ash@acme.example' }],
      [{ type: 'mobile', value: '+49 30 901820' }],
      { formatted: 'Alice Ash', familyName: 'Oak', givenName: 'Alice' },
      { department: 'Sales' },
    ],
  );
  await directory.expect(200, 'PATCH', `Users/${id}`, {
    schemas: [patch],
    Operations: [{ op: 'Replace', path: 'userName', value: 'oak@acme.example' }],
  });
  const off = await directory.expect(200, 'PATCH', `Users/${id}`, {
    schemas: [patch],
    Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
  });
  assert.equal(off['active'], false);
  const on = await directory.expect(200, 'PATCH', `Users/${id}`, {
    schemas: [patch],
    Operations: [
      { op: 'replace', value: { active: 'True', displayName: 'Alice Oak', 'name.givenName': 'Al' } },
    ],
  });
  assert.deepEqual(
    [on['active'], on['displayName'], (on['name'] as { givenName: string }).givenName],
    [true, 'Alice Oak', 'Al'],
  );
  await directory.expect(204, 'DELETE', `Users/${id}`);
  assert.equal((await directory.call('GET', `Users/${id}`)).statusCode, 404);
});

test('Entra ID: groups made without members, filled and emptied in pieces, renamed, looked up without members', async (t) => {
  const { directory } = await directoryBench(t);
  const ids = [];
  for (let index = 0; index < 30; index += 1) ids.push(await directory.user(`person-${index}`));
  const made = await directory.expect(201, 'POST', 'Groups', {
    schemas: [group, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
    externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
    displayName: 'All of Acme',
    meta: { resourceType: 'Group' },
  });
  const id = String(made['id']);
  for (const piece of [ids.slice(0, 20), ids.slice(20)]) {
    await directory.expect(200, 'PATCH', `Groups/${id}`, {
      schemas: [patch],
      Operations: [{ op: 'Add', path: 'members', value: piece.map((value) => ({ $ref: null, value })) }],
    });
  }
  const read = await directory.expect(200, 'GET', `Groups/${id}`);
  assert.equal((read['members'] as object[]).length, 30);
  const slim = await directory.expect(200, 'GET', `Groups/${id}?excludedAttributes=members`);
  assert.equal(slim['members'], undefined);
  const listed = (await directory.expect(
    200,
    'GET',
    encodeURI('Groups?excludedAttributes=members&filter=displayName eq "All of Acme"'),
  )) as unknown as List;
  assert.deepEqual([listed.totalResults, listed.Resources[0]?.['members']], [1, undefined]);
  await directory.expect(200, 'PATCH', `Groups/${id}`, {
    schemas: [patch],
    Operations: [{ op: 'Remove', path: 'members', value: [{ $ref: null, value: ids[0] }] }],
  });
  await directory.expect(200, 'PATCH', `Groups/${id}`, {
    schemas: [patch],
    Operations: [{ op: 'Replace', path: 'displayName', value: 'everyone' }],
  });
  const after = await directory.expect(200, 'GET', `Groups/${id}`);
  assert.deepEqual([after['displayName'], (after['members'] as object[]).length], ['everyone', 29]);
  await directory.expect(204, 'DELETE', `Groups/${id}`);
});

test('Okta: the test of the connection, a user imported, made, pushed by PUT, deactivated by PATCH and by PUT', async (t) => {
  const { directory } = await directoryBench(t);
  for (const path of ['ServiceProviderConfig', 'ResourceTypes', 'Schemas'])
    await directory.expect(200, 'GET', path);
  assert.equal(
    ((await directory.expect(200, 'GET', 'Users?startIndex=1&count=2')) as unknown as List).totalResults,
    0,
  );
  await directory.expect(
    200,
    'GET',
    encodeURI('Users?filter=userName eq "alice@acme.example"&startIndex=1&count=100'),
  );
  const body = {
    schemas: [user],
    userName: 'alice@acme.example',
    name: { givenName: 'Alice', familyName: 'Ash' },
    emails: [{ primary: true, value: 'alice@acme.example', type: 'work' }],
    displayName: 'Alice Ash',
    locale: 'en-US',
    externalId: '00ujl29u0le5T6Aj10h7',
    groups: [],
    password: '1mz050nq',
    active: true,
  };
  const made = await directory.expect(201, 'POST', 'Users', body);
  const id = String(made['id']);
  assert.equal(JSON.stringify(made).includes('1mz050nq'), false, 'a password is not kept');
  const twice = await directory.call('POST', 'Users', body);
  assert.deepEqual([twice.statusCode, twice.json<{ scimType: string }>().scimType], [409, 'uniqueness']);
  const read = await directory.expect(200, 'GET', `Users/${id}`);
  const put = await directory.expect(200, 'PUT', `Users/${id}`, {
    ...read,
    name: { givenName: 'Another', familyName: 'Ash' },
  });
  assert.deepEqual(put['name'], { givenName: 'Another', familyName: 'Ash' });
  const off = await directory.expect(200, 'PATCH', `Users/${id}`, {
    schemas: [patch],
    Operations: [{ op: 'replace', value: { active: false } }],
  });
  assert.equal(off['active'], false);
  const again = await directory.expect(200, 'PUT', `Users/${id}`, { ...put, active: true });
  assert.equal(again['active'], true);
});

test('Okta: groups pushed with members, renamed by an object, members added and removed by path', async (t) => {
  const { directory } = await directoryBench(t);
  const [alice, bob] = [await directory.user('alice'), await directory.user('bob')];
  assert.equal(
    ((await directory.expect(200, 'GET', 'Groups?startIndex=1&count=100')) as unknown as List).totalResults,
    0,
  );
  const made = await directory.expect(201, 'POST', 'Groups', {
    schemas: [group],
    displayName: 'staff',
    members: [{ value: alice, display: 'alice@acme.example' }],
  });
  const id = String(made['id']);
  await directory.expect(200, 'PATCH', `Groups/${id}`, {
    schemas: [patch],
    Operations: [{ op: 'replace', value: { id, displayName: 'sre' } }],
  });
  await directory.expect(200, 'PATCH', `Groups/${id}`, {
    schemas: [patch],
    Operations: [
      { op: 'remove', path: `members[value eq "${alice}"]` },
      { op: 'add', path: 'members', value: [{ value: bob, display: 'bob@acme.example' }] },
    ],
  });
  const read = await directory.expect(200, 'GET', `Groups/${id}`);
  assert.deepEqual(
    [read['displayName'], (read['members'] as { value: string }[]).map(({ value }) => value)],
    ['sre', [bob]],
  );
  await directory.expect(204, 'PATCH', `Groups/${id}`, {
    schemas: [patch],
    Operations: [{ op: 'replace', path: 'members', value: [{ value: bob }] }],
  });
  await directory.expect(204, 'DELETE', `Groups/${id}`);
});

test('users are read a page at a time, by filter and sorted', async (t) => {
  const { directory, time } = await directoryBench(t);
  for (let index = 0; index < 12; index += 1) {
    await directory.user(`person-${String(index).padStart(2, '0')}`);
    time.ms += 1;
  }
  const page = (await directory.expect(200, 'GET', 'Users?startIndex=5&count=4')) as unknown as List & {
    itemsPerPage: number;
    startIndex: number;
  };
  assert.deepEqual(
    [page.totalResults, page.startIndex, page.itemsPerPage, page.Resources.map((each) => each['userName'])],
    [12, 5, 4, ['person-04', 'person-05', 'person-06', 'person-07'].map((name) => `${name}@acme.example`)],
  );
  const some = (await directory.expect(
    200,
    'GET',
    encodeURI('Users?filter=userName sw "person-1" and active eq true&sortBy=userName&sortOrder=descending'),
  )) as unknown as List;
  assert.deepEqual(
    some.Resources.map((each) => each['userName']),
    ['person-11@acme.example', 'person-10@acme.example'],
  );
  for (const filter of ['userName', 'userName xx "a"', '(('])
    assert.equal(
      (await directory.call('GET', `Users?filter=${encodeURIComponent(filter)}`)).statusCode,
      400,
      filter,
    );
  for (const body of [{}, { userName: '' }, { userName: 7 }, { userName: 'x', active: 'perhaps' }])
    assert.equal((await directory.call('POST', 'Users', body)).statusCode, 400, JSON.stringify(body));
});

test('Entra ID: managers, roles and addresses by their kind, photos as a text, full names of attributes, extensions of the company', async (t) => {
  const { directory } = await directoryBench(t);
  const own = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';
  const boss = await directory.expect(201, 'POST', 'Users', {
    schemas: [user],
    userName: 'boss@acme.example',
  });
  const made = await directory.expect(201, 'POST', 'Users', {
    schemas: [user, enterprise, own],
    userName: 'alice@acme.example',
    photos: 'https://acme.example/alice.png',
    [enterprise]: { manager: String(boss['id']), department: 'Research' },
    [own]: { badge: '0815' },
  });
  assert.deepEqual(made[enterprise], { manager: { value: boss['id'] }, department: 'Research' });
  assert.deepEqual([made['photos'], own in made], [[{ value: 'https://acme.example/alice.png' }], false]);
  const at = `Users/${String(made['id'])}`;
  const change = (...Operations: object[]): Promise<Record<string, unknown>> =>
    directory.expect(200, 'PATCH', at, { schemas: [patch], Operations });
  for (const value of ['m-2', [{ $ref: 'x', value: 'm-2' }], { value: 'm-2', displayName: null }]) {
    const { [enterprise]: changed } = await change({ op: 'Add', path: `${enterprise}:manager`, value });
    assert.equal((changed as { manager: { value: string } }).manager.value, 'm-2');
    await change({ op: 'Replace', path: `${enterprise}:manager`, value: 'm-1' });
  }
  const gone = await change({ op: 'Remove', path: `${enterprise}:manager` });
  assert.deepEqual(gone[enterprise], { department: 'Research' });

  const several = await change(
    { op: 'Add', path: 'roles[primary eq "True"].value', value: 'Reader' },
    { op: 'Add', path: 'addresses[type eq "work"].formatted', value: 'Main Street 1' },
    { op: 'Add', path: 'addresses[type eq "work"].country', value: 'DE' },
    { op: 'Add', path: 'emails[type eq "work"].value', value: 'alice@acme.example' },
    { op: 'Add', path: 'emails[type eq "work"].primary', value: 'True' },
    { op: 'Replace', path: `${user}:title`, value: 'Engineer' },
    { op: 'Replace', path: 'photos', value: 'https://acme.example/ash.png' },
    { op: 'Add', path: `${own}:badge`, value: '0816' },
  );
  assert.deepEqual(
    [several['addresses'], several['emails'], several['title'], several['photos']],
    [
      [{ type: 'work', formatted: 'Main Street 1', country: 'DE' }],
      [{ type: 'work', value: 'alice@acme.example', primary: true }],
      'Engineer',
      [{ value: 'https://acme.example/ash.png' }],
    ],
  );
  const again = await change({
    op: 'Replace',
    path: 'emails[primary eq "True"].value',
    value: 'ash@acme.example',
  });
  assert.deepEqual(again['emails'], [{ type: 'work', value: 'ash@acme.example', primary: true }]);
  const whole = await change({ op: 'Replace', value: { [`${user}:title`]: 'Lead', [own]: { badge: '1' } } });
  assert.equal(whole['title'], 'Lead');
  // Nothing but what is not kept: nothing to do, and no error.
  await directory.expect(204, 'PATCH', at, {
    schemas: [patch],
    Operations: [{ op: 'Replace', path: `${own}:badge`, value: '2' }],
  });
});

test('a group is found by its name without its members, and a user by the id that the directory has for them', async (t) => {
  const { directory } = await directoryBench(t);
  const made = await directory.expect(201, 'POST', 'Users', {
    schemas: [user],
    userName: 'alice@acme.example',
    externalId: 'Ext-1',
  });
  const members = [{ value: String(made['id']) }];
  await directory.expect(201, 'POST', 'Groups', { schemas: [group], displayName: 'staff', members });
  const find = async (path: string): Promise<List> =>
    (await directory.expect(200, 'GET', encodeURI(path))) as unknown as List;
  const without = await find('Groups?excludedAttributes=members&filter=displayName eq "staff"');
  assert.deepEqual([without.totalResults, without.Resources[0]?.['members']], [1, undefined]);
  const byMember = await find(
    `Groups?excludedAttributes=members&filter=members.value eq "${members[0]?.value}"`,
  );
  assert.deepEqual([byMember.totalResults, byMember.Resources[0]?.['members']], [1, undefined]);
  const whole = await find('Groups?filter=displayName eq "staff"');
  assert.deepEqual(whole.Resources[0]?.['members'], [{ ...members[0], type: 'User' }]);
  assert.equal((await find('Users?filter=externalId eq "Ext-1"')).totalResults, 1);
  assert.equal((await find('Users?filter=externalId eq "ext-1"')).totalResults, 0);
});
