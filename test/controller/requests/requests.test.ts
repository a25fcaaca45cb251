import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { createApiToken, deleteApiToken } from '../../../controller/api-tokens.ts';
import { sweepRequests } from '../../../controller/requests/end-requests.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import { newId, type Id } from '../../../protocol/ids.ts';
import { hiddenText } from '../../../protocol/reasons.ts';
import type { AccessRequest } from '../../../protocol/requests.ts';
import { eventually } from '../../support/eventually.ts';
import { requestBench, requestDocument } from './request-bench.ts';

const hourMs = 3_600_000;

test('a request that enough approve is an allow until its end, and waives what all of them waived', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const [lea, leo] = [await bench.person('lea', ['leads']), await bench.person('leo', ['leads'])];
  assert.equal((await alice.may('databases')).state, 'refused');
  const id = await alice.ask();
  const [shown] = (await lea.approvals()).waiting;
  assert.deepEqual(shown?.waivable, [{ policy: 'prod-needs', needs: ['mfa'] }]);
  assert.deepEqual(
    [shown.reason, shown.forMs, shown.person.email],
    ['Restore the backup', 4 * hourMs, 'alice@acme.example'],
  );
  const first = await lea.approve(id, { waives: ['prod-needs'], for: '2h' });
  assert.deepEqual(first.json(), { state: 'pending' });
  assert.equal((await alice.may('databases')).state, 'refused');
  assert.deepEqual((await lea.approvals()).waiting, []);
  assert.deepEqual((await leo.approve(id, { waives: ['prod-needs'] })).json(), { state: 'approved' });
  const right = await alice.may('databases');
  assert.equal(right.state, 'granted');
  assert.deepEqual(right.reasons, ['allow-matches', 'require-waived']);
  // The shorter of what the two were ready for.
  assert.equal(right.untilMs, bench.time.ms + 2 * hourMs);
  const bob = await bench.person('bob', ['staff']);
  assert.equal((await bob.may('databases')).state, 'refused', 'an approval is for one person');
});

test('what one approver did not waive is not waived', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const [lea, leo] = [await bench.person('lea', ['leads']), await bench.person('leo', ['leads'])];
  const id = await alice.ask();
  await lea.approve(id, { waives: ['prod-needs'] });
  bench.time.ms += 1;
  assert.deepEqual((await leo.approve(id)).json(), { state: 'approved' });
  const right = await alice.may('databases');
  assert.deepEqual([right.state, right.reasons], ['refused', ['allow-matches', 'mfa-missing']]);
  const [own] = (await alice.requests()).requests;
  assert.deepEqual([own?.waives, own?.waivable, own?.answers[0]?.waives], [undefined, undefined, undefined]);
});

test('an administrator sees all that waits or lasts at once, and what is over page by page, each once', async (t) => {
  const bench = await requestBench(t);
  const { store } = bench.context.organisation(bench.context.firstOrganisation);
  const alice = await bench.person('alice', ['staff']);
  const waiting = await alice.ask();
  const [row] = await store
    .select('access_requests')
    .selectAll()
    .where('id', '=', waiting as never)
    .execute();
  assert.ok(row !== undefined);
  // Much has come and gone since, some of it in the same millisecond.
  const over = Array.from({ length: 450 }, (_, index) => ({
    ...row,
    id: newId('req', systemRandom(16)),
    state: index % 2 === 0 ? ('denied' as const) : ('expired' as const),
    created_ms: row.created_ms + 1 + Math.floor(index / 150),
  }));
  for (const some of [over.slice(0, 225), over.slice(225)])
    await store.insert('access_requests', some).execute();
  const page = async (query: string): Promise<{ requests: AccessRequest[]; next?: string }> =>
    (await bench.call('GET', `/api/v1/requests${query}`)).json();
  const first = await page('');
  assert.equal(first.requests.length, 201);
  assert.equal(first.requests.at(-1)?.id, waiting, 'what waits is not hidden by what came since');
  const second = await page(`?before=${first.next}`);
  const third = await page(`?before=${second.next}`);
  assert.deepEqual([second.requests.length, third.requests.length, third.next], [200, 50, undefined]);
  const seen = [first, second, third].flatMap(({ requests }) => requests.map(({ id }) => id));
  assert.deepEqual(new Set(seen), new Set([waiting, ...over.map(({ id }) => id)]));
  assert.equal(seen.length, 451);
  const denied = await page('?state=denied');
  assert.deepEqual(
    [denied.requests.length, (await page(`?state=denied&before=${denied.next}`)).requests.length],
    [200, 25],
  );
  assert.deepEqual(
    (await page('?state=pending')).requests.map(({ id }) => id),
    [waiting],
  );
  assert.equal((await bench.call('GET', '/api/v1/requests?before=req_nothing')).statusCode, 404);
});

test('an approval waives only what the request shows', async (t) => {
  const document = requestDocument();
  const bench = await requestBench(t, document);
  const alice = await bench.person('alice', ['staff']);
  const lea = await bench.person('lea', ['leads']);
  const id = await alice.ask();
  for (const name of ['staff-wiki', 'session of databases', 'use of databases', 'nothing'])
    assert.equal((await lea.approve(id, { waives: [name] })).statusCode, 400, name);
  assert.equal((await lea.approve(id, { for: '5h' })).statusCode, 400, 'longer than it was asked');
  assert.deepEqual((await bench.all())[0]?.answers, []);
});

test('nobody approves their own request, nobody twice, and nobody whom the rule does not name', async (t) => {
  const bench = await requestBench(t);
  const lead = await bench.person('lea', ['staff', 'leads']);
  const id = await lead.ask();
  const own = await lead.approve(id);
  assert.equal(own.statusCode, 403);
  assert.match(own.body, /their own/);
  const bob = await bench.person('bob', ['staff']);
  assert.equal((await bob.approve(id)).statusCode, 404);
  assert.equal((await bob.approve('req_nothing')).statusCode, 404);
  const leo = await bench.person('leo', ['leads']);
  assert.equal((await leo.approve(id)).statusCode, 200);
  const again = await leo.approve(id);
  assert.deepEqual([again.statusCode, /answered it already/.test(again.body)], [409, true]);
  assert.equal((await bench.all())[0]?.state, 'pending');
  assert.deepEqual((await lead.approvals()).waiting, [], 'the own request is not among those that wait');
});

test('SEC-A11: fifty approvals of two leads at once count twice, and one that comes with the end of the wait counts not at all', async (t) => {
  const bench = await requestBench(t, {
    ...requestDocument(),
    requests: [{ ...requestDocument().requests?.[0], quorum: 3 } as never],
  });
  const alice = await bench.person('alice', ['staff']);
  const [lea, leo] = [await bench.person('lea', ['leads']), await bench.person('leo', ['leads'])];
  const id = await alice.ask();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? lea : leo).approve(id)),
  );
  assert.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 2);
  assert.equal((await bench.all())[0]?.state, 'pending', 'three are needed');
  // The end of the wait has come, and the sweep that says so has not run.
  bench.time.ms += 7 * 24 * hourMs;
  const mia = await bench.person('mia', ['leads']);
  const late = await mia.approve(id);
  assert.deepEqual([late.statusCode, /expired already/.test(late.body)], [409, true]);
  assert.equal((await alice.may('databases')).state, 'refused');
});

test('SEC-A11: of an approval and an expiry at the same moment one counts, and all agree on which', async (t) => {
  const bench = await requestBench(t);
  const { context, time } = bench;
  const alice = await bench.person('alice', ['staff']);
  const [lea, leo] = [await bench.person('lea', ['leads']), await bench.person('leo', ['leads'])];
  const outcomes = new Set<string>();
  for (const first of ['approval', 'expiry']) {
    const id = await alice.ask();
    await lea.approve(id, { waives: ['prod-needs'] });
    time.ms += 7 * 24 * hourMs - 1;
    const approve = () => leo.approve(id, { waives: ['prod-needs'] });
    const expire = (): Promise<void> => {
      time.ms += 1;
      return sweepRequests(context, context.firstOrganisation);
    };
    const [early, late] = first === 'approval' ? [approve(), expire()] : [expire(), approve()];
    const answers = (await Promise.all([early, late])).flatMap((each) => each ?? []);
    const request = (await bench.all()).find((each) => each.id === id);
    const counted = answers.some(({ statusCode }) => statusCode === 200);
    assert.equal(request?.state, counted ? 'approved' : 'expired');
    assert.equal((await alice.may('databases')).state, counted ? 'granted' : 'refused');
    const entries = (await bench.audit('request')).filter(
      ({ what, detail }) =>
        detail['request'] === id && (what === 'request.expire' || detail['state'] === 'approved'),
    );
    assert.equal(entries.length, 1, JSON.stringify(entries));
    outcomes.add(request.state);
    if (counted) await alice.call('POST', `requests/${id}/withdraw`);
  }
  assert.ok(outcomes.has('expired'));
});

test('what was approved ends by itself, and by withdrawal of whoever asked or may approve', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const [lea, leo] = [await bench.person('lea', ['leads']), await bench.person('leo', ['leads'])];
  const grant = async (): Promise<string> => {
    const id = await alice.ask({ for: '1h' });
    for (const lead of [lea, leo])
      assert.equal((await lead.approve(id, { waives: ['prod-needs'] })).statusCode, 200);
    assert.equal((await alice.may('databases')).state, 'granted');
    return id;
  };
  await grant();
  await bench.time.pass(hourMs);
  assert.equal((await alice.may('databases')).state, 'refused');
  await eventually('the end in the list', async () => {
    await bench.time.pass(1_000);
    return (await bench.all())[0]?.state === 'expired' ? true : undefined;
  });
  for (const who of [alice, lea]) {
    const id = await grant();
    const bob = await bench.person('bob', ['staff']);
    assert.equal((await bob.call('POST', `requests/${id}/withdraw`)).statusCode, 404);
    assert.equal((await who.call('POST', `requests/${id}/withdraw`)).statusCode, 204);
    assert.equal((await alice.may('databases')).state, 'refused');
    assert.equal((await who.call('POST', `requests/${id}/withdraw`)).statusCode, 409);
    await bench.time.pass(1_000);
  }
  const whats = (await bench.audit('request')).map(({ what }) => what.slice(8));
  const one = ['ask', 'approve', 'approve'];
  assert.deepEqual(whats, [...one, 'expire', ...one, 'withdraw', ...one, 'withdraw']);
});

test('a denial says why, ends the request, and the person may ask again', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const lea = await bench.person('lea', ['leads']);
  const id = await alice.ask();
  const twice = await alice.call('POST', 'requests', { resource: 'databases', for: '1h', reason: 'again' });
  assert.deepEqual([twice.statusCode, twice.body.includes(id)], [409, true]);
  assert.equal((await lea.deny(id, ' ')).statusCode, 400);
  assert.deepEqual((await lea.deny(id, 'Use the replica instead')).json(), { state: 'denied' });
  const [own] = (await alice.requests()).requests;
  assert.deepEqual(
    [own?.state, own?.answers.map(({ text, who }) => [who, text])],
    ['denied', [['lea', 'Use the replica instead']]],
  );
  assert.equal((await lea.approve(id)).statusCode, 409);
  await alice.ask();
});

test('what may not be asked for and what does not exist are one answer, and too much guessing is held off', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const wanted = { for: '1h', reason: 'why not' };
  const [hidden, missing] = [
    await alice.call('POST', 'requests', { resource: 'printer', ...wanted }),
    await alice.call('POST', 'requests', { resource: 'no-such-thing', ...wanted }),
  ];
  assert.deepEqual([hidden.statusCode, hidden.body], [404, missing.body]);
  assert.equal(hidden.json<{ detail: string }>().detail, hiddenText);
  const guest = await bench.person('gus', []);
  const answer = await guest.call('POST', 'requests', { resource: 'databases', ...wanted });
  assert.deepEqual([answer.statusCode, answer.body], [404, missing.body]);
  assert.deepEqual((await guest.requests()).requestable, []);
  for (let tries = 0; tries < 48; tries += 1)
    await alice.call('POST', 'requests', { resource: `guess-${tries}`, ...wanted });
  const held = await alice.call('POST', 'requests', { resource: 'databases', ...wanted });
  assert.equal(held.statusCode, 429);
});

test('a request is bounded: its length by the rule, its reason by being there', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const say = (more: object) =>
    alice.call('POST', 'requests', { resource: 'databases', for: '1h', reason: 'x', ...more });
  for (const wrong of [{ for: '9h' }, { for: '30s' }, { reason: ' \u0007 ' }, { for: 'long' }, { extra: 1 }])
    assert.equal((await say(wrong)).statusCode, 400, JSON.stringify(wrong));
  assert.equal((await say({ resource: 'db1.db.acme.internal' })).statusCode, 201, 'a host that leads there');
});

test('breaking the glass lets in at once, for a reason, as long as the rule says, and says so loudly', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const id = await alice.ask({ breakGlass: true, for: '1h', reason: 'Outage 4711' });
  assert.equal((await alice.may('databases')).state, 'granted');
  const [entry] = await bench.audit('request.break-glass');
  assert.deepEqual(
    [entry?.who, entry?.detail['request'], entry?.detail['reason'], entry?.detail['waives']],
    [alice.id, id, 'Outage 4711', ['prod-needs']],
  );
  const bob = await bench.person('bob', []);
  const none = await bob.call('POST', 'requests', {
    resource: 'databases',
    for: '1h',
    reason: 'me too',
    breakGlass: true,
  });
  assert.equal(none.statusCode, 404);
  await bench.time.pass(hourMs);
  assert.equal((await alice.may('databases')).state, 'refused');
});

test('who loses the right to ask, and a rule that is gone or narrower, take along what was approved', async (t) => {
  const document = requestDocument();
  const bench = await requestBench(t, document);
  const alice = await bench.person('alice', ['staff']);
  await alice.ask({ breakGlass: true, for: '1h', reason: 'Outage' });
  assert.equal((await alice.may('databases')).state, 'granted');
  await bench.person('alice', []);
  assert.equal((await alice.may('databases')).state, 'refused', 'no longer of the group');
  await bench.person('alice', ['staff']);
  assert.equal((await alice.may('databases')).state, 'granted');
  const [prod, emergency] = document.requests ?? [];
  if (prod === undefined || emergency === undefined) throw new Error('the rules are missing');
  const { waives: _waives, ...unwaiving } = emergency;
  await bench.apply({ ...document, requests: [prod, unwaiving] });
  assert.deepEqual((await alice.may('databases')).reasons, ['allow-matches', 'mfa-missing']);
  await bench.apply({ ...document, requests: [prod] });
  assert.deepEqual((await alice.may('databases')).reasons, ['no-allow']);
});

test('what waits and what lasts is shown, however many came and went since', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const bob = await bench.person('bob', ['staff']);
  const lea = await bench.person('lea', ['leads']);
  const lou = await bench.person('lou', ['leads']);
  const waits = await alice.ask();
  const lasts = await bob.ask();
  for (const each of [lea, lou]) assert.equal((await each.approve(lasts)).statusCode, 200);
  const { store } = bench.context.organisation(bench.context.firstOrganisation);
  const row = await store
    .select('access_requests')
    .selectAll()
    .where('id', '=', lasts as never)
    .executeTakeFirst();
  assert.ok(row !== undefined);
  const { organisation: _own, ...columns } = row;
  for (let index = 0; index < 250; index += 1)
    await store
      .insert('access_requests', {
        ...columns,
        id: newId('req', bench.context.random(16)),
        state: 'withdrawn',
        created_ms: columns.created_ms + 1 + index,
        until_ms: null,
        ended_ms: columns.created_ms + 1 + index,
        ended_by: bob.id,
      })
      .execute();
  const { waiting, answered } = await lou.approvals();
  assert.deepEqual(
    waiting.map(({ id }) => id),
    [waits],
  );
  assert.equal(answered.length, 50);
  const { requests } = await bob.requests();
  assert.equal(requests.length, 51);
  assert.deepEqual([requests.at(-1)?.id, requests.at(-1)?.state], [lasts, 'approved']);
});

test('administrators see every request, answer as one of those who must agree, and withdraw', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const lea = await bench.person('lea', ['leads']);
  const id = await alice.ask();
  const first = await bench.call('POST', `/api/v1/requests/${id}/approve`, {});
  assert.deepEqual(first.json(), { state: 'pending' });
  assert.equal((await bench.call('POST', `/api/v1/requests/${id}/approve`, {})).statusCode, 409);
  assert.deepEqual((await lea.approve(id)).json(), { state: 'approved' });
  assert.equal((await bench.call('POST', `/api/v1/requests/${id}/withdraw`)).statusCode, 204);
  assert.equal(
    (await bench.call('GET', '/api/v1/requests?state=withdrawn')).json<{ requests: [] }>().requests.length,
    1,
  );
  assert.equal(
    (await bench.call('GET', '/api/v1/requests?state=pending')).json<{ requests: [] }>().requests.length,
    0,
  );
});

test('SEC-A11: who asks approves nothing by a token of their own, and one person with tokens is one approver', async (t) => {
  const bench = await requestBench(t);
  const { context, app, time } = bench;
  const { store } = context.organisation(context.firstOrganisation);
  const alice = await bench.person('alice', ['staff']);
  const lea = await bench.person('lea', ['leads']);
  const token = async (who: string): Promise<{ id: Id<'tok'>; text: string }> =>
    createApiToken(store, 'admin', { nowMs: time.ms, random: context.random, who });
  const approve = (request: string, text: string): Promise<LightMyRequestResponse> =>
    app.inject({
      method: 'POST',
      url: `/api/v1/requests/${request}/approve`,
      headers: { authorization: `Bearer ${text}` },
      payload: {},
    });

  const id = await alice.ask();
  const [alices, leas] = [await token(alice.id), await token(lea.id)];
  const throughOne = await token(`token ${alices.id}`);
  for (const { text } of [alices, throughOne]) {
    const refused = await approve(id, text);
    assert.equal(refused.statusCode, 403, refused.body);
    assert.match(refused.body, /Nobody answers their own request/);
  }
  assert.deepEqual((await lea.approve(id)).json(), { state: 'pending' });
  assert.deepEqual((await approve(id, leas.text)).json(), { state: 'pending' }, 'one person is two');
  const throughLeas = await token(`token ${leas.id}`);
  assert.deepEqual((await approve(id, throughLeas.text)).json(), { state: 'pending' }, 'one person is three');

  // A token that is deleted, or may not approve any more, has no say: whoever made it may be unknown by then.
  const other = await token('token tok_00000000000000000000000000');
  assert.deepEqual((await approve(id, other.text)).json(), { state: 'approved' });
  const second = await bench.person('bob', ['staff']);
  const again = await second.ask();
  assert.deepEqual((await approve(again, other.text)).json(), { state: 'pending' });
  await deleteApiToken(store, other.id, { nowMs: time.ms, who: 'test', force: true });
  assert.deepEqual((await lea.approve(again)).json(), { state: 'pending' });
});
