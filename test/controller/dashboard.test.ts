/** What the API tells dashboards: counts, who may use what, filters of the log, news; and secrets that are kept unseen. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { eventRoutes } from '../../controller/api/routes/events.ts';
import { storeReceipts } from '../../controller/control/receipts.ts';
import { Cookies } from '../../controller/login/cookies.ts';
import { createApiToken } from '../../controller/api-tokens.ts';
import { clientSecretOf } from '../../controller/organisation/apply-document.ts';
import { withKeptSecrets } from '../../controller/organisation/kept-secrets.ts';
import { webhookSecret } from '../../controller/notifications/webhook-secrets.ts';
import { sourceToken } from '../../controller/posture/source-secrets.ts';
import { ChangeWatch } from '../../controller/live/change-watch.ts';
import { appendAudit } from '../../controller/audit/append-audit.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import type { EffectiveAccessList } from '../../protocol/effective-access.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId, type ConnectorId } from '../../protocol/ids.ts';
import { liveKinds } from '../../protocol/live-events.ts';
import type { Overview } from '../../protocol/overview.ts';
import { peerBounds } from '../../protocol/slow-peers.ts';
import type { PolicyHits } from '../../protocol/policy-hits.ts';
import { kindGroups } from '../../web/src/admin/log/kinds.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { testPortal } from '../login/support/portal.ts';
import { busyDocument, makeBusy } from '../web/support/busy-organisation.ts';
import { makeTrouble } from '../web/support/trouble.ts';

async function opened(t: Parameters<typeof testPortal>[0]) {
  const portal = await testPortal(t, []);
  const busy = await makeBusy(portal);
  const organisation = portal.context.organisation(portal.context.firstOrganisation);
  const ask = async <T>(url: string): Promise<T> => {
    const answer = await portal.admin('GET', `/api/v1/${url}`);
    assert.equal(answer.statusCode, 200, answer.body);
    return JSON.parse(answer.body) as T;
  };
  return { portal, busy, organisation, ask };
}

test('the overview counts what is there, what waits and what was refused', async (t) => {
  const { ask, portal, busy, organisation } = await opened(t);
  const { counts, denied, networksSingle } = await ask<Overview>('overview');
  assert.deepEqual(
    [counts.people, counts.devices, counts.connectorsOnline, counts.devicesHeld, counts.resources],
    [11, 11, 2, 1, 6],
  );
  assert.equal(networksSingle.length, 2);
  assert.equal(denied.count, 30);
  assert.ok(denied.reasons.some(({ name, text }) => name === 'no-allow' && text !== undefined));
  const reasons = ['allow-matches', 'mfa-missing', 'posture-met', 'target-code'];
  await appendAudit(organisation.store, [
    {
      atMs: portal.context.now(),
      who: busy.owner,
      what: 'access.refuse',
      result: 'refused',
      reasons,
      detail: {},
    },
  ]);
  const why = (await ask<Overview>('overview')).denied.reasons.map(({ name }) => name);
  assert.deepEqual(
    reasons.filter((name) => why.includes(name)),
    ['mfa-missing', 'target-code'],
    'nothing is refused for what is met',
  );
  await portal.admin('POST', `/api/v1/devices/${busy.held}/approve`);
  assert.equal((await ask<Overview>('overview')).counts.devicesHeld, 0);
});

test('the overview names what waits and what fails, and API tokens that end only to those who may list them', async (t) => {
  const { ask, portal, organisation } = await opened(t);
  const { store } = organisation;
  const nowMs = portal.context.now();
  const before = await ask<Overview>('overview');
  assert.deepEqual(before.networksEmpty, ['prod-vpc']);
  assert.deepEqual([before.failing, before.expiring], [[], []]);
  assert.deepEqual([before.counts.requestsPending, before.counts.proposalsWaiting], [0, 0]);

  await makeTrouble(portal);
  const { counts, failing, expiring, networksEmpty } = await ask<Overview>('overview');
  assert.deepEqual([counts.requestsPending, counts.proposalsWaiting], [1, 1]);
  assert.deepEqual(networksEmpty, ['prod-vpc']);
  assert.deepEqual(
    failing.map(({ kind, name }) => `${kind} ${name}`),
    ['directory corp', 'certificate wiki.acme.example', 'webhook chat', 'posture source mdm', 'mail mail'],
  );
  const ending = ['API token reports', 'directory token corp'];
  assert.deepEqual(expiring.map(({ kind, name }) => `${kind} ${name}`).toSorted(), ending);
  const auditor = await createApiToken(store, 'auditor', { nowMs, random: systemRandom, who: 'test' });
  const asAuditor = await portal.app.inject({
    url: '/api/v1/overview',
    headers: { authorization: `Bearer ${auditor.text}` },
  });
  assert.deepEqual(
    asAuditor.json<Overview>().expiring.map(({ kind }) => kind),
    ['directory token'],
  );
  // What the document does not name any more has nothing to mend.
  await store.update('directories').set({ name: 'gone' }).execute();
  await store.update('access_requests').set({ answer_by_ms: nowMs }).execute();
  const after = await ask<Overview>('overview');
  assert.ok(after.failing.every(({ kind }) => kind !== 'directory'));
  assert.equal(after.counts.requestsPending, 0);
});

test('access says who may use a resource now, who could, and what stands in the way of the rest', async (t) => {
  const { ask, portal, busy } = await opened(t);
  const { list } = await ask<EffectiveAccessList>('access?resource=databases');
  const alice = list.find(({ subject }) => subject.id === busy.owner);
  assert.deepEqual(alice?.policies, ['sre-prod']);
  assert.equal(alice?.state, 'refused');
  assert.ok(alice?.reasons.some(({ name }) => name === 'mfa-missing'));
  // A group that no allow names is not there at all.
  assert.ok(list.every(({ subject }) => subject.name !== 'person2@acme.example'));
  const own = await ask<EffectiveAccessList>(`access?subject=${busy.owner}`);
  assert.equal(own.list.find(({ resource }) => resource === 'wiki')?.state, 'now');
  const wiki = await ask<EffectiveAccessList>('access?resource=wiki');
  assert.equal(wiki.list.find(({ subject }) => subject.name === 'ci')?.state, 'idle');
  // On a device only what is open there counts: the browser, where the same person may use it, does not.
  const onDevice = await ask<EffectiveAccessList>(`access?device=${busy.held}`);
  const held = onDevice.list.find(({ resource }) => resource === 'wiki');
  assert.deepEqual([held?.subject.name, held?.state, held?.doors], ['person1@acme.example', 'refused', []]);
  const person1 = await ask<EffectiveAccessList>(`access?subject=${held?.subject.id ?? ''}`);
  assert.equal(person1.list.find(({ resource }) => resource === 'wiki')?.state, 'now');
  for (const url of ['access?resource=nothing', 'access?subject=usr_nobody', 'access?device=dev_nothing'])
    assert.equal((await portal.admin('GET', `/api/v1/${url}`)).statusCode, 404);
  assert.equal((await portal.admin('GET', '/api/v1/access')).statusCode, 400);
});

test('the audit log is found by who, resource, outcome, time and text, and read backwards page by page', async (t) => {
  const { ask, busy } = await opened(t);
  type Page = {
    entries: { seq: number; who: string; resource?: string; result: string; reasons: string[] }[];
  };
  const { entries: own } = await ask<Page>(`audit?who=${busy.owner}&resource=wiki&limit=1000`);
  assert.ok(own.length > 0 && own.every(({ who, resource }) => who === busy.owner && resource === 'wiki'));
  const { entries: refused } = await ask<Page>('audit?result=refused&q=POSTURE-disk&limit=1000');
  assert.equal(refused.length, 15);
  assert.equal((await ask<Page>('audit?q=100%25&limit=1000')).entries.length, 0);
  const soon = new Date(Date.now() + 60_000).toISOString();
  assert.equal((await ask<Page>(`audit?since=${soon}`)).entries.length, 0);
  const { entries: newest } = await ask<Page>('audit?last=10');
  const { entries: before } = await ask<Page>(`audit?last=10&before=${newest[0]?.seq ?? 0}`);
  assert.equal(before.at(-1)?.seq, (newest[0]?.seq ?? 0) - 1);
});

test('a secret that is left out is kept for the same place only', async (t) => {
  const { portal, organisation } = await opened(t);
  const { store, reader } = organisation;
  const { secretKey } = portal.context;
  const document = busyDocument();
  await portal.apply({
    ...document,
    postureSources: [
      { name: 'mdm', webhook: { secret: 'a-secret-of-the-webhook' } },
      { name: 'edr', poll: { url: 'https://edr.acme.example/v1', token: 'a-token-of-the-poll' } },
    ],
    webhooks: [
      { name: 'chat', url: 'https://chat.acme.example/hook', secret: 'a-secret-of-the-chat', decides: true },
    ],
  });
  const shown = (await reader.current()).document;
  const keep = async (
    change: object,
  ): Promise<{ identityProviders: object[]; postureSources: object[]; webhooks: object[] }> =>
    (await withKeptSecrets(store, secretKey, shown, { ...shown, ...change })) as never;
  const kept = await keep({});
  assert.deepEqual(kept.identityProviders, document.identityProviders);
  assert.deepEqual(kept.postureSources, [
    { name: 'mdm', webhook: { secret: 'a-secret-of-the-webhook' } },
    { name: 'edr', poll: { url: 'https://edr.acme.example/v1', token: 'a-token-of-the-poll' } },
  ]);
  const [provider] = shown.identityProviders ?? [];
  for (const moved of [{ issuer: 'https://evil.acme.example' }, { clientId: 'other' }, { name: 'other' }]) {
    const { identityProviders } = await keep({ identityProviders: [{ ...provider, ...moved }] });
    assert.ok(
      identityProviders[0] !== undefined && !('clientSecret' in identityProviders[0]),
      JSON.stringify(moved),
    );
  }
  const elsewhere = { name: 'edr', poll: { url: 'https://evil.acme.example', token: '' } };
  assert.deepEqual((await keep({ postureSources: [elsewhere] })).postureSources, [elsewhere]);

  const [chat] = shown.webhooks ?? [];
  assert.deepEqual(kept.webhooks, [{ ...chat, secret: 'a-secret-of-the-chat' }]);
  for (const moved of [{ url: 'https://evil.acme.example' }, { ca: 'another authority' }, { name: 'other' }])
    assert.deepEqual((await keep({ webhooks: [{ ...chat, ...moved }] })).webhooks, [{ ...chat, ...moved }]);

  const saved = await portal.admin('PUT', '/api/v1/document?secrets=keep', {
    ...shown,
    groups: [...(shown.groups ?? []), 'more'],
  });
  assert.equal(saved.statusCode, 200, saved.body);
  assert.equal(await clientSecretOf(store, secretKey, 'corp'), 'a secret of the provider');
  assert.equal(await sourceToken(store, secretKey, 'edr'), 'a-token-of-the-poll');
  assert.equal(await webhookSecret(store, secretKey, 'chat'), 'a-secret-of-the-chat');
  const without = await portal.admin('PUT', '/api/v1/document', shown);
  assert.equal(without.statusCode, 422);
});

test('whoever comes while nobody listens any more, during a look, is looked for once and not twice', async (t) => {
  const { organisation, portal } = await opened(t);
  const clock = new VirtualClock();
  const watch = new ChangeWatch(organisation.store, portal.context.presence, clock, assert.ifError);
  const leave = watch.listen(() => undefined);
  clock.advance(1_000);
  leave();
  const told = Promise.withResolvers<void>();
  t.after(watch.listen(() => told.resolve()));
  clock.advance(1_000);
  await told.promise;
  await new Promise((done) => setImmediate(done));
  assert.equal(clock.pending, 1);
});

test('a dashboard that listens hears of what kind something new is, and nothing is looked at without listeners', async (t) => {
  const { organisation, portal } = await opened(t);
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  const { presence } = portal.context;
  const watch = new ChangeWatch(organisation.store, presence, clock, (fault) => faults.push(fault));
  const heard: string[][] = [];
  let place = 0;
  let next = Promise.withResolvers<void>();
  const listener = (kinds: readonly string[], seq: number): void => {
    heard.push(kinds.toSorted());
    place = seq;
    next.resolve();
    next = Promise.withResolvers<void>();
  };
  let stop = watch.listen(listener);
  const look = async (): Promise<void> => {
    const told = next.promise;
    clock.advance(1_000);
    await told;
    // The next look is ordered after this one has told.
    await new Promise((done) => setImmediate(done));
  };
  const write = (...kinds: string[]) =>
    appendAudit(
      organisation.store,
      kinds.map((what) => ({ atMs: portal.context.now(), who: 'test', what, result: 'done' as const })),
    );
  await look();
  assert.deepEqual(heard.at(-1), liveKinds.toSorted());
  await write('device.approve');
  await look();
  assert.deepEqual(heard.at(-1), ['devices', 'log', 'sessions']);

  // Nodes that come and go are in no log.
  const [connector, laptop] = await Promise.all(
    (['connector', 'device'] as const).map((kind) =>
      organisation.store.select('nodes').select('id').where('kind', '=', kind).executeTakeFirstOrThrow(),
    ),
  );
  assert.ok(connector !== undefined && laptop !== undefined);
  const leave = presence.enter(laptop.id);
  await look();
  assert.deepEqual(heard.at(-1), ['devices']);
  leave();
  presence.hear('another-controller', [connector.id], true);
  await look();
  assert.deepEqual(heard.at(-1), ['devices', 'servers']);
  presence.forget('another-controller');
  await look();
  assert.deepEqual(heard.at(-1), ['servers']);
  // Another organisation's, of which the next look tells nothing.
  presence.enter(newId('dev', systemRandom(16)));
  await write('session.end');
  await look();
  assert.deepEqual(heard.at(-1), ['log', 'people', 'sessions']);

  // Between two streams of a browser nothing is lost, and only what it lacks is told.
  stop();
  await write('request.approve', 'exposure.begin');
  const other: string[][] = [];
  const stopOther = watch.listen((kinds) => other.push(kinds.toSorted()));
  stop = watch.listen(listener, place);
  await look();
  assert.deepEqual(heard.at(-1), ['devices', 'exposures', 'log', 'requests', 'servers']);
  assert.deepEqual(other, [liveKinds.toSorted()]);
  stopOther();
  stop();
  await write(...Array.from({ length: 600 }, () => 'flow.open'));
  stop = watch.listen(listener, place);
  await look();
  assert.deepEqual(heard.at(-1), liveKinds.toSorted());
  stop();
  assert.equal(clock.pending, 0);
  const looks = heard.length;
  await appendAudit(organisation.store, [
    { atMs: portal.context.now(), who: 'test', what: 'device.block', result: 'done' },
  ]);
  clock.advance(10_000);
  assert.equal(heard.length, looks);
  assert.deepEqual(faults, []);
});

test('news is a stream for those who ask for one, by the role that reads the document', async (t) => {
  const { portal } = await opened(t);
  assert.equal((await portal.admin('GET', '/api/v1/events')).statusCode, 400);
  const answer = await portal.app.inject({ url: '/api/v1/events', headers: { accept: 'text/event-stream' } });
  assert.equal(answer.statusCode, 401);
});

test('a stream of news moves often enough, and ends by itself soon enough, for the listener never to cut it', async (t) => {
  const { portal, organisation } = await opened(t);
  const { context } = portal;
  const clock = new VirtualClock();
  const app = fastify();
  // Who asks is another test's: here it is only how long they are told.
  app.addHook('onRequest', (request, _reply, done) => {
    request.caller = { organisation: organisation.id } as typeof request.caller;
    done();
  });
  eventRoutes(app, Object.create(context, { clock: { value: clock } }) as typeof context);
  t.after(() => app.close());
  const url = new URL('/api/v1/events', await app.listen({ host: '127.0.0.1', port: 0 }));
  const headers = { accept: 'text/event-stream' };
  const [stream] = (await once(get(url, { headers, agent: false }), 'response')) as [IncomingMessage];
  const next = (): Promise<unknown> => Promise.race([once(stream, 'data'), once(stream, 'end')]);
  await next();
  while (!stream.complete) {
    const moved = next();
    clock.advance(peerBounds.silenceMs - 1);
    await moved;
    assert.ok(clock.nowMs() < peerBounds.answerMs, 'it is told its end before it would be cut');
  }
});

test('policies tell how often they decided: by connections that connectors opened, and by refusals that people were shown', async (t) => {
  const { organisation, portal, busy, ask } = await opened(t);
  const { context, time, app } = portal;
  const { store, reader } = organisation;
  const nodes = await store.select('nodes').select('id').where('kind', '=', 'connector').execute();
  const connector = nodes[0]?.id as ConnectorId;
  const { resources } = await reader.current();
  const idOf = (name: string): string =>
    resources.find(({ definition }) => definition.name === name)?.id ?? '';
  let seq = 0;
  const record = (event: 'open' | 'close', resource: string, subject: string = busy.owner) => {
    seq += 1;
    return { seq, at: context.now(), event, flow: `f${seq}`, subject, resource: idOf(resource) };
  };
  const hits = async (days?: number): Promise<Record<string, string>> => {
    const query = days === undefined ? '' : `?days=${days}`;
    const { policies } = await ask<PolicyHits>(`policies/hits${query}`);
    return Object.fromEntries(
      policies
        .filter(({ opened: count, refused, last }) => count + refused > 0 && last !== undefined)
        .map(({ name, opened: count, refused }) => [name, `${count} opened, ${refused} refused`]),
    );
  };
  assert.deepEqual(await hits(), {});
  const keep = (list: FlowRecord[]) => storeReceipts(context, organisation.id, connector, list);
  const first = [record('open', 'wiki'), record('close', 'wiki'), record('open', 'databases')];
  await keep([...first, record('open', 'wiki', 'usr_nobody')]);
  await keep(first);
  // A refusal is of the policy whose condition is not met, and of no other.
  const cookie = `${new Cookies(context.publicUrl).nameOf('session')}=${busy.cookie}`;
  const refused = await app.inject({ url: '/api/v1/me/resources/databases', headers: { cookie } });
  assert.equal(refused.json<{ state: string }>().state, 'refused');
  assert.deepEqual(await hits(), {
    'staff-wiki': '1 opened, 0 refused',
    'sre-prod': '1 opened, 0 refused',
    'prod-needs': '1 opened, 1 refused',
  });
  time.ahead += 40 * 86_400_000;
  assert.deepEqual(await hits(), {});
  await keep([record('open', 'wiki')]);
  assert.deepEqual(await hits(1), { 'staff-wiki': '1 opened, 0 refused' });
  assert.deepEqual((await hits(90))['staff-wiki'], '2 opened, 0 refused');
  time.ahead += 80 * 86_400_000;
  await keep([record('open', 'wiki')]);
  assert.deepEqual(await hits(1), { 'staff-wiki': '1 opened, 0 refused' });
  assert.equal((await store.select('policy_hits').selectAll().execute()).length, 2, 'what is old is gone');
});

test('every kind of entry that the controller writes has its words in the log', async () => {
  const known = new Set(kindGroups.flatMap(({ kinds }) => Object.keys(kinds)));
  const root = new URL('../../controller/', import.meta.url);
  const written = new Set<string>();
  for (const file of await readdir(root, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const text = await readFile(new URL(file, root), 'utf8');
    for (const [, list = ''] of text.matchAll(/\bwhat(?::| =)\s([^;}]{0,120}?)[,;\n]/g))
      for (const [, kind = ''] of list.matchAll(/'([a-z-]+\.[a-z-]+)'/g)) written.add(kind);
  }
  assert.ok(written.size > 40, `${written.size} kinds found`);
  assert.deepEqual(
    [...written].filter((kind) => !known.has(kind)),
    [],
  );
});
