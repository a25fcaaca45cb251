/** What an approved request and a lock on unused access mean to a device: its grants, their end, and their revocation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeReceipts } from '../../../controller/control/receipts.ts';
import { deviceView } from '../../../controller/decisions/device-view.ts';
import { joinDevice } from '../../../controller/enrolment/join-device.ts';
import type { FlowRecord } from '../../../protocol/flow-record.ts';
import type { ConnectorId, DeviceId, Id } from '../../../protocol/ids.ts';
import type { PlanResult } from '../../../protocol/plan.ts';
import type { Revocation } from '../../../protocol/lease.ts';
import { encodeKey, newAgreementKey, newSigningKey } from '../../../protocol/keys.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { Simulation } from '../../../protocol/simulation.ts';
import { deviceClaim } from '../../login/support/portal.ts';
import { TestNode } from '../support/node.ts';
import { requestBench, requestDocument, type RequestBench } from './request-bench.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A signed-in device of this person, for thirty days. */
async function device({ context, time }: RequestBench, owner: Id<'usr'>): Promise<DeviceId> {
  const { store } = context.organisation(context.firstOrganisation);
  const claim = deviceClaim({
    mk: encodeKey(newSigningKey().publicKey),
    nk: encodeKey(newAgreementKey().publicKey),
  });
  const joined = await store.transaction((tx) =>
    joinDevice(
      tx,
      { claim, owner, approval: 'approved', untilMs: time.ms + 30 * dayMs, authMs: time.ms, amr: ['pwd'] },
      { nowMs: time.ms, random: systemRandom },
    ),
  );
  if (joined.state !== 'joined') throw new Error('the device was not let in');
  return joined.device;
}

/** What the device is told of the resource: its state, and until when in epoch seconds. */
async function told(
  { context }: RequestBench,
  id: DeviceId,
  resource: string,
): Promise<{ state: string; until?: number } | undefined> {
  const view = await deviceView(context, context.firstOrganisation, id);
  return Object.values(view?.snapshot.resources ?? {}).find(({ name }) => name === resource);
}

function revocations({ context }: RequestBench): Revocation[] {
  const heard: Revocation[] = [];
  context.bus.subscribe((_organisation, news) => {
    if (news.kind === 'revoked') heard.push(news.revocation);
  });
  return heard;
}

test('an approval gives a device a grant that ends when it does, and a withdrawal revokes it at once', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const laptop = await device(bench, alice.id);
  assert.equal(await told(bench, laptop, 'databases'), undefined, 'it is hidden before');
  const id = await alice.ask({ breakGlass: true, for: '1h' });
  const right = await told(bench, laptop, 'databases');
  assert.deepEqual([right?.state, right?.until], ['granted', (bench.time.ms + hourMs) / 1_000]);
  const heard = revocations(bench);
  assert.equal((await alice.call('POST', `requests/${id}/withdraw`)).statusCode, 204);
  assert.equal(heard.length, 1);
  assert.equal(heard[0]?.reason, 'request-withdrawn');
  assert.equal(await told(bench, laptop, 'databases'), undefined);
});

test('the simulator says of an approved request what is decided, and names it', async (t) => {
  const bench = await requestBench(t);
  const alice = await bench.person('alice', ['staff']);
  const id = await alice.ask({ breakGlass: true, for: '1h' });
  const ask = async (at?: string): Promise<Simulation> =>
    (
      await bench.call('POST', '/api/v1/simulate', {
        resource: 'databases',
        user: alice.id,
        ...(at === undefined ? {} : { at }),
      })
    ).json<Simulation>();
  const now = await ask();
  assert.equal(now.decision, 'allow');
  assert.ok(now.reasons.some(({ name, policy }) => name === 'allow-matches' && policy === `request ${id}`));
  assert.equal(now.until, new Date(bench.time.ms + hourMs).toISOString());
  const later = await ask(new Date(bench.time.ms + hourMs).toISOString());
  assert.deepEqual([later.decision, later.reasons.map(({ name }) => name)], ['deny', ['no-allow']]);
});

test('a plan that takes a rule away says who loses what was approved', async (t) => {
  const document = requestDocument();
  const bench = await requestBench(t, document);
  const alice = await bench.person('alice', ['staff']);
  await device(bench, alice.id);
  await alice.ask({ breakGlass: true, for: '1h' });
  const { requests: _rules, ...without } = document;
  const plan = (await bench.call('POST', '/api/v1/document/plan', without)).json<{
    access: { change: string; who: { names: string[] }; resources: string[] }[];
  }>();
  const [row] = plan.access.filter(({ change }) => change === 'loses');
  assert.deepEqual([row?.who.names, row?.resources], [['alice@acme.example'], ['databases']]);
});

test('access that lies unused is locked for that person until they ask again, and use keeps it open', async (t) => {
  const document = requestDocument();
  const applied = {
    ...document,
    resources: (document.resources ?? []).map((resource) =>
      resource.name === 'wiki' ? { ...resource, lockUnused: '3d' } : resource,
    ),
    requests: [
      {
        name: 'wiki',
        who: { groups: ['staff'] },
        to: { resources: ['wiki'] },
        approvers: { groups: ['leads'] },
        longest: '1d',
      },
    ],
  };
  const bench = await requestBench(t, applied);
  const { context, time } = bench;
  const [alice, bob] = [await bench.person('alice', ['staff']), await bench.person('bob', ['staff'])];
  const [hers, his] = [await device(bench, alice.id), await device(bench, bob.id)];
  assert.equal((await told(bench, hers, 'wiki'))?.state, 'granted');
  assert.equal((await told(bench, his, 'wiki'))?.state, 'granted');
  const connector = await TestNode.enrolled(bench, 'connector');
  const state = await context.organisation(context.firstOrganisation).reader.current();
  const wiki = state.resources.find(({ definition }) => definition.name === 'wiki')?.id ?? '';
  let seq = 0;
  const use = async (subject: string, event: FlowRecord['event'] = 'open'): Promise<void> => {
    seq += 1;
    const record = { seq, at: time.ms, event, flow: `f${seq}`, subject, resource: wiki };
    await storeReceipts(context, context.firstOrganisation, connector.id as ConnectorId, [record]);
  };
  time.ms += 2 * dayMs;
  await use(alice.id);
  await use(bob.id, 'refused');
  // The right of whoever did not use it ends exactly then, by itself.
  assert.deepEqual(
    [(await told(bench, his, 'wiki'))?.until, (await alice.may('wiki')).state],
    [(time.ms + dayMs) / 1_000, 'granted'],
  );
  time.ms += dayMs;
  assert.deepEqual(await bob.may('wiki'), {
    state: 'refused',
    reasons: ['allow-matches', 'unused-too-long'],
  });
  assert.equal((await told(bench, his, 'wiki'))?.state, 'refused', 'he sees it and why');
  assert.equal((await alice.may('wiki')).state, 'granted');
  // A plan says whom another length locks or frees, and that a lock is one more thing to meet.
  const planned = async (lockUnused: string | undefined): Promise<string[]> => {
    const resources = applied.resources.map((resource) => {
      if (resource.name !== 'wiki') return resource;
      const { lockUnused: _was, ...wiki_ } = resource;
      return lockUnused === undefined ? wiki_ : { ...wiki_, lockUnused };
    });
    const answer = await bench.call('POST', '/api/v1/document/plan', { ...applied, resources });
    assert.equal(answer.statusCode, 200, answer.body);
    return answer
      .json<PlanResult>()
      .access.filter(({ who }) => who.kind === 'people')
      .map(
        ({ change, when, who, resources: names, needs, policies }) =>
          `${change} ${when} ${who.names.join('+')}: ${names.join('+')} by ${policies.join('+')} needs ${needs.join('+')}`,
      );
  };
  assert.deepEqual(await planned('3d'), []);
  assert.deepEqual(await planned('1d'), ['loses now alice@acme.example: wiki by use of wiki needs ']);
  assert.deepEqual(await planned('30d'), [
    'gains now bob@acme.example: wiki by use of wiki needs lockUnused',
    'needs-less once-met alice@acme.example: wiki by use of wiki needs lockUnused',
  ]);
  assert.deepEqual(await planned(undefined), [
    'gains now bob@acme.example: wiki by use of wiki needs ',
    'needs-less once-met alice@acme.example: wiki by use of wiki needs ',
  ]);
  const lea = await bench.person('lea', ['leads']);
  const id = await bob.ask({ resource: 'wiki', for: '1h' });
  assert.equal((await lea.approve(id)).statusCode, 200);
  assert.equal((await bob.may('wiki')).state, 'granted');
  await use(bob.id);
  time.ms += 2 * hourMs;
  assert.equal((await bob.may('wiki')).state, 'granted', 'it was used, so the policy counts again');
  const lost = await bob.call('POST', 'requests', { resource: 'wiki', for: '2d', reason: 'x' });
  assert.equal(lost.statusCode, 400);
});

test('a device asks over its control channel; a service account speaks for nobody', async (t) => {
  const bench = await requestBench(t);
  const node = await TestNode.enrolled(bench, 'device');
  node.send({ t: 'request', id: 7, call: { what: 'list' } });
  await node.until(({ t: kind }) => kind === 'requested');
  const [answer] = node.heard.filter((message) => message.t === 'requested');
  assert.deepEqual([answer?.re, answer?.status], [7, 403]);
  const connector = await TestNode.enrolled(bench, 'connector');
  connector.send({ t: 'request', id: 8, call: { what: 'list' } });
  await connector.until(({ t: kind }) => kind === 'fault');
});
