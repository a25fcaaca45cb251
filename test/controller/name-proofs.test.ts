/** Names with several organisations: nobody's before DNS says whose, one organisation's at a time, lost when DNS forgets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { askName, systemTexts } from '../../controller/operator/asked-names.ts';
import { createOrganisation } from '../../controller/operator/create-organisation.ts';
import { NameProver } from '../../controller/operator/name-prover.ts';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { namesToProve, withOwnedNames } from '../../controller/organisation/owned-names.ts';
import { hostnameTexts } from '../../controller/organisation/resource-web.ts';
import { startTxtServer } from '../support/acme/txt-server.ts';
import { testController, type AfterTest, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

const dayMs = 24 * 3_600_000;

/** A name server over UDP whose records the test writes, and a prover that asks it. */
async function dns(t: AfterTest) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-txt-'));
  const file = join(folder, 'records');
  const server = await startTxtServer(file);
  t.after(async () => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  return {
    texts: systemTexts([server.address]),
    set: (records: Record<string, string>) =>
      writeFileSync(
        file,
        Object.entries(records)
          .map(([name, text]) => `_postern.${name} ${text}\n`)
          .join(''),
      ),
  };
}

function documentOf(organisation: string, hostname: string, zones: string[]): OrganisationDocument {
  const document = { ...acmeDocument(), organisation, zones: ['acme.internal', ...zones] };
  const [wiki] = document.resources ?? [];
  if (wiki !== undefined) wiki.web = { hostname, origin: 'http://wiki.acme.internal:80' };
  return document;
}

async function member(controller: TestController, id: OrganisationId) {
  const token = await controller.token('admin', id);
  const call = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await controller.app.inject({
      method,
      url,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    assert.ok(answer.statusCode < 300, answer.body);
    return answer.json<Record<string, unknown>>();
  };
  const join = async (kind: 'connector' | 'device') => {
    const node = new TestNode(controller, kind);
    const [purpose, name] = kind === 'connector' ? ['connector', 'hq'] : ['service', 'ci'];
    const { key } = await call('POST', '/api/v1/enrolment-keys', { purpose, name });
    await node.enrol({ secret: String(key) });
    return node;
  };
  return { id, call, join };
}

const hostnames = ({ resources }: ConnectorSnapshot): string[] =>
  Object.values(resources).flatMap(({ web }) => [...(web?.hostnames ?? [])]);

test('SEC-A10: a public hostname and a public zone work once DNS says whose they are, and at one organisation', async (t) => {
  const controller = await testController(t);
  const { context, time } = controller;
  const { texts, set } = await dns(t);
  const prover = new NameProver(context, texts);
  t.after(async () => prover.stop());
  const first = await member(controller, context.firstOrganisation);
  await first.call('PUT', '/api/v1/document', documentOf('acme', 'wiki.example.com', ['corp.example.com']));
  const ours = await first.join('connector');
  // Alone on its controller an organisation proves nothing.
  assert.deepEqual(hostnames(ours.snapshot as ConnectorSnapshot), ['wiki.example.com']);

  const made = await createOrganisation(context.store, {
    name: 'globex',
    address: undefined,
    publicUrl: context.publicUrl,
    nowMs: time.ms,
  });
  assert.deepEqual(
    made.toProve.map(({ name, value }) => `${name} ${value}`),
    [`_postern.corp.example.com org=${first.id}`, `_postern.wiki.example.com org=${first.id}`],
  );
  await context.organisations.refresh();
  const other = await member(controller, made.id);
  await other.call('PUT', '/api/v1/document', documentOf('globex', 'wiki.example.com', ['corp.example.org']));
  const [theirs, device] = [await other.join('connector'), await other.join('device')];
  assert.deepEqual(hostnames(theirs.snapshot as ConnectorSnapshot), []);
  assert.deepEqual((device.snapshot as DeviceSnapshot).zones, ['acme.internal']);
  const ticket = theirs.last('tickets')?.list[0] ?? '';
  assert.equal(Buffer.from(ticket.split('.')[1] ?? '', 'base64url').includes('wiki.example.com'), false);

  // Their zone is proven; the hostname is the first organisation's, whatever DNS says.
  set({ 'corp.example.org': `org=${other.id}`, 'example.com': `org=${other.id}` });
  await prover.look(other.id, 'waiting');
  await device.untilSnapshot<DeviceSnapshot>(({ zones }) => zones.includes('corp.example.org'));
  assert.deepEqual(hostnames(theirs.snapshot as ConnectorSnapshot), []);
  assert.deepEqual(hostnames(ours.snapshot as ConnectorSnapshot), ['wiki.example.com']);
  const check = await other.call('GET', '/api/v1/names');
  assert.deepEqual(
    (check as unknown as { name: string; state: string }[]).map(({ name, state }) => [name, state]),
    [
      ['corp.example.org', 'owned'],
      ['wiki.example.com', 'waiting'],
    ],
  );

  // The first has two days, since its names were there before; then what DNS says counts.
  time.ms += dayMs;
  await prover.look(first.id);
  assert.deepEqual(hostnames(ours.snapshot as ConnectorSnapshot), ['wiki.example.com']);
  time.ms += dayMs;
  await prover.look(first.id);
  await ours.untilSnapshot<ConnectorSnapshot>((snapshot) => hostnames(snapshot).length === 0);
  await prover.look(other.id);
  await theirs.untilSnapshot<ConnectorSnapshot>((snapshot) => hostnames(snapshot).length === 1);
});

test('one look without a record loses nothing, two within three days do, and DNS that does not answer counts for nothing', async (t) => {
  const controller = await testController(t);
  const { context, time } = controller;
  const { texts, set } = await dns(t);
  let answers = true;
  const prover = new NameProver(context, async (name) => {
    if (!answers) throw new Error('no answer');
    return texts(name);
  });
  t.after(async () => prover.stop());
  const id = await context.store.createOrganisation({ name: 'globex' });
  const globex = await member(controller, id);
  await globex.call('PUT', '/api/v1/document', documentOf('globex', '*.apps.example.org', []));
  const connector = await globex.join('connector');
  set({ 'apps.example.org': `org=${id}` });
  await prover.look(id, 'waiting');
  await connector.untilSnapshot<ConnectorSnapshot>((snapshot) => hostnames(snapshot).length === 1);
  const state = async () => {
    const row = await context
      .organisation(id)
      .store.select('name_proofs')
      .selectAll()
      .executeTakeFirstOrThrow();
    return row.state;
  };
  const nextDay = async (): Promise<string> => {
    time.ms += dayMs;
    await prover.look(id);
    return state();
  };
  set({});
  assert.equal(await nextDay(), 'owned');
  set({ 'apps.example.org': `org=${id}` });
  assert.equal(await nextDay(), 'owned');
  set({});
  assert.equal(await nextDay(), 'owned');
  answers = false;
  for (let day = 0; day < 4; day += 1) assert.equal(await nextDay(), 'owned');
  answers = true;
  assert.equal(await nextDay(), 'owned');
  assert.equal(await nextDay(), 'waiting');
  await connector.untilSnapshot<ConnectorSnapshot>((snapshot) => hostnames(snapshot).length === 0);
});

test('what people expose is proven by the suffix, once for all', async (t) => {
  const controller = await testController(t);
  const { context } = controller;
  const id = await context.store.createOrganisation({ name: 'globex' });
  const globex = await member(controller, id);
  const document = documentOf('globex', 'wiki.globex.test', []);
  await globex.call('PUT', '/api/v1/document', { ...document, expose: { suffix: 'try.example.org' } });
  const names = [...namesToProve((await context.organisation(id).reader.current()).document)];
  assert.deepEqual(names, [
    ['try.example.org', 'dns'],
    ['wiki.globex.test', 'first'],
  ]);
  const state = await context.organisation(id).reader.current();
  const [first] = state.resources;
  assert.ok(first !== undefined);
  const web = { hostname: 'alice-3000.try.example.org', origin: 'http://127.0.0.1:3000' };
  const exposed = { ...state, resources: [{ ...first, definition: { ...first.definition, web } }] };
  const kept = (owned: string[]) =>
    withOwnedNames(exposed, new Set(owned as Name[])).resources.flatMap(({ definition }) =>
      hostnameTexts(definition.web),
    );
  assert.deepEqual(kept([]), []);
  assert.deepEqual(kept(['example.org']), []);
  assert.deepEqual(kept(['try.example.org']), [web.hostname]);
});

test('the closest record decides; above it only names that are no public suffix are asked', async () => {
  const asked: string[] = [];
  const records: Record<string, string[]> = {
    '_postern.acme.example': ['org=org_a'],
    '_postern.wiki.acme.example': ['v=1', 'org=org_b', 'org=org_c'],
    '_postern.co.uk': ['org=org_a'],
  };
  const texts = async (name: string): Promise<string[]> => {
    asked.push(name);
    return records[name] ?? [];
  };
  const ask = (organisation: string, name: string) =>
    askName(texts, organisation as OrganisationId, name as Name);
  assert.equal(await ask('org_a', 'acme.example'), 'found');
  assert.equal(await ask('org_a', 'x.acme.example'), 'found');
  assert.equal(await ask('org_a', 'wiki.acme.example'), 'missing');
  assert.equal(await ask('org_b', 'wiki.acme.example'), 'found');
  assert.equal(await ask('org_c', 'deep.wiki.acme.example'), 'found');
  asked.length = 0;
  assert.equal(await ask('org_a', 'globex.co.uk'), 'missing');
  assert.deepEqual(asked, ['_postern.globex.co.uk']);
});

test('a name that no record can prove stays with the first organisation that uses it, and with it what lies below', async (t) => {
  const controller = await testController(t);
  const { context } = controller;
  const prover = new NameProver(context, async () => []);
  t.after(async () => prover.stop());
  const first = await member(controller, context.firstOrganisation);
  await first.call('PUT', '/api/v1/document', documentOf('acme', '*.apps.test', []));
  const made = await createOrganisation(context.store, {
    name: 'globex',
    address: undefined,
    publicUrl: context.publicUrl,
    nowMs: context.now(),
  });
  assert.deepEqual(made.toProve, []);
  const other = await member(controller, made.id);
  const served = async (hostname: string): Promise<string[]> => {
    await other.call('PUT', '/api/v1/document', documentOf('globex', hostname, []));
    await prover.look(other.id);
    const { resources } = await context.organisation(made.id).reader.current();
    return resources.flatMap(({ definition }) => [
      ...(definition.web?.hostnames ?? []),
      ...((definition.web?.hostname ?? '') ? [definition.web?.hostname ?? ''] : []),
    ]);
  };
  assert.deepEqual(await served('wiki.apps.test'), []);
  assert.deepEqual(await served('*.apps.test'), []);
  assert.deepEqual(await served('wiki.globex.test'), ['wiki.globex.test']);
});

test("SEC-A10: one organisation's names that cannot be looked at hold up nobody else's proof", async (t) => {
  const controller = await testController(t);
  const { context, time } = controller;
  const id = await context.store.createOrganisation({ name: 'globex' });
  const globex = await member(controller, id);
  await globex.call('PUT', '/api/v1/document', documentOf('globex', '*.apps.example.org', []));
  const connector = await globex.join('connector');
  await context.organisations.refresh();
  const broken: typeof context = {
    ...context,
    organisation: (each) => {
      if (each === context.firstOrganisation) throw new Error('its records cannot be read');
      return context.organisation(each);
    },
  };
  const prover = new NameProver(broken, async () => [`org=${id}`]);
  t.after(() => prover.stop());
  prover.start();
  // Its names are looked at once a minute.
  await time.pass(121_000);
  const isTold = (): boolean => hostnames(connector.snapshot as ConnectorSnapshot).length === 1;
  // A database on a server answers in its own time, and nodes are told a little later by the clock.
  for (let further = 0; further < 60 && !isTold(); further++) await time.pass(1_000);
  assert.ok(isTold());
});
