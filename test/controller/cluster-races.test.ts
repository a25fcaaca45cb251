/**
 * SEC-A11 through several controllers of one PostgreSQL: of what counts once, one counts, whichever controller it comes to.
 * Every try is a request of its own at one of three controllers, all at the same moment.
 */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { sweepRequests } from '../../controller/requests/end-requests.ts';
import type { ScopedStore } from '../../controller/store/scoped-store.ts';
import type { Id } from '../../protocol/ids.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { Role } from '../../protocol/roles.ts';
import { corpSignIn } from './support/corp-sign-in.ts';
import { requestDocument } from './requests/request-bench.ts';
import { cluster, startServers, type Member } from './support/cluster.ts';
import { acmeDocument } from './support/document.ts';

let servers: Awaited<ReturnType<typeof startServers>>;
before(async () => {
  servers = await startServers();
});
after(() => servers.stop());

/** A browser that reaches one controller or another, as the entrance has it. */
interface Visitor {
  readonly id: Id<'usr'>;
  readonly at: (
    member: number,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    payload?: object,
  ) => Promise<LightMyRequestResponse>;
}

interface World {
  readonly store: ScopedStore;
  readonly members: readonly Member[];
  /** A request as an administrator, by token. */
  readonly admin: Visitor['at'];
  readonly person: (name: string, given?: { role?: Role; groups?: readonly string[] }) => Promise<Visitor>;
  /** Details of the audit entries of this kind, oldest first. */
  readonly audit: (what: string) => Promise<Record<string, unknown>[]>;
}

async function world(t: TestContext, document: OrganisationDocument = acmeDocument()): Promise<World> {
  const { members } = await cluster(t, servers, 3);
  const memberAt = (index: number): Member => members[index % members.length] as Member;
  const { context } = memberAt(0);
  const organisation = context.organisation(context.firstOrganisation);
  const { store } = organisation;
  const applied = await memberAt(0).call('PUT', '/api/v1/document', document);
  assert.equal(applied.statusCode, 200, applied.body);
  const signIn = async (subject: string, groups: readonly string[]) =>
    corpSignIn(context, subject, { groups: [...groups] });
  return {
    store,
    members,
    admin: (member, method, path, payload) => memberAt(member).call(method, `/api/v1/${path}`, payload),
    async person(name, { role, groups = ['staff'] } = {}) {
      let signedIn = await signIn(name, groups);
      if (role !== undefined) {
        await store
          .update('people')
          .set({ role, role_ms: context.now(), role_by: 'test' })
          .where('id', '=', signedIn.person)
          .execute();
        signedIn = await signIn(name, groups);
      }
      const headers = {
        cookie: `__Host-postern-session=${signedIn.cookie}`,
        origin: context.publicUrl.origin,
        'sec-fetch-site': 'same-origin',
      };
      return {
        id: signedIn.person,
        at: (member, method, path, payload) =>
          memberAt(member).app.inject({
            method,
            url: `/api/v1/${path}`,
            headers,
            ...(payload === undefined ? {} : { payload }),
          }),
      };
    },
    async audit(what) {
      const rows = await store
        .select('audit')
        .select('detail')
        .where('what', '=', what)
        .orderBy('seq')
        .execute();
      return rows.map(({ detail }) => JSON.parse(detail) as Record<string, unknown>);
    },
  };
}

function counted(answers: readonly LightMyRequestResponse[], status: number): number {
  return answers.filter(({ statusCode }) => statusCode === status).length;
}

test('SEC-A11: of thirty who are named first owner through three controllers, one becomes it', async (t) => {
  const { admin, person, store } = await world(t);
  const everyone: Visitor[] = [];
  for (let index = 0; index < 30; index += 1) everyone.push(await person(`p${index}`));
  const answers = await Promise.all(
    everyone.map(({ id }, index) => admin(index, 'PUT', `administrators/${id}`, { role: 'owner' })),
  );
  assert.deepEqual([counted(answers, 204), counted(answers, 403)], [1, 29]);
  const owners = await store.select('people').select('id').where('role', '=', 'owner').execute();
  assert.equal(owners.length, 1);
});

test('SEC-A11: two owners who unmake each other through different controllers leave one', async (t) => {
  const { person, store, audit } = await world(t);
  for (let round = 0; round < 8; round += 1) {
    const [one, two] = [await person('one', { role: 'owner' }), await person('two', { role: 'owner' })];
    await Promise.all([
      one.at(round, 'DELETE', `administrators/${two.id}`),
      two.at(round + 1, 'DELETE', `administrators/${one.id}`),
      one.at(round + 2, 'DELETE', `administrators/${one.id}`),
      two.at(round, 'PUT', `administrators/${two.id}`, { role: 'admin' }),
    ]);
    const owners = await store.select('people').select('id').where('role', '=', 'owner').execute();
    assert.equal(owners.length, 1, `round ${round}`);
    const unmade = (await audit('administrator.role')).filter(({ before: was }) => was === 'owner');
    assert.equal(unmade.length, round + 1);
  }
});

test('SEC-A11: an invitation that is shown to three controllers thirty times makes one administrator, once', async (t) => {
  const { person, audit } = await world(t);
  const olga = await person('olga', { role: 'owner' });
  const alice = await person('alice');
  const made = await olga.at(0, 'POST', 'administrators/invitations', {
    email: 'alice@acme.example',
    role: 'admin',
    link: true,
  });
  assert.equal(made.statusCode, 201, made.body);
  const link = new URL(made.json<{ link: string }>().link).searchParams.get('link');
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => alice.at(index, 'POST', 'me/invitation/take', { link })),
  );
  assert.equal(counted(answers, 204), 1);
  assert.equal((await audit('administrator.role')).length, 1);
});

test('SEC-A11: of approvals and refusals of one proposal at three controllers one counts', async (t) => {
  const asked = { ...acmeDocument(), changes: { approval: 'required' as const } };
  const { person, admin } = await world(t, asked);
  const alice = await person('alice', { role: 'admin' });
  const [bob, carol] = [await person('bob', { role: 'admin' }), await person('carol', { role: 'admin' })];
  const revision = async (): Promise<number> =>
    (await admin(0, 'GET', 'document')).json<{ revision: number }>().revision;
  for (let round = 0; round < 6; round += 1) {
    const was = await revision();
    const changed = { ...asked, groups: [...(asked.groups ?? []), `more-${round}`] };
    const waiting = await alice.at(round, 'PUT', 'document', changed);
    assert.equal(waiting.statusCode, 202, waiting.body);
    const path = `document/proposals/${waiting.json<{ proposal: string }>().proposal}`;
    const answers = await Promise.all([
      bob.at(0, 'POST', `${path}/approve`),
      carol.at(1, 'POST', `${path}/approve`),
      bob.at(2, 'POST', `${path}/refuse`),
      carol.at(0, 'POST', `${path}/refuse`),
      bob.at(1, 'POST', `${path}/approve`),
    ]);
    const done = answers.filter(({ statusCode }) => statusCode < 300);
    assert.equal(done.length, 1, answers.map(({ body }) => body).join('\n'));
    assert.equal(await revision(), done[0]?.statusCode === 200 ? was + 1 : was);
  }
});

test('SEC-A11: approvals of two leads at three controllers count twice', async (t) => {
  const document = requestDocument();
  const rules = [{ ...document.requests?.[0], quorum: 3 } as never];
  const { person, store } = await world(t, { ...document, requests: rules });
  const alice = await person('alice');
  const [lea, leo] = [await person('lea', { groups: ['leads'] }), await person('leo', { groups: ['leads'] })];
  const id = await ask(alice);
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      (index % 2 === 0 ? lea : leo).at(index, 'POST', `me/approvals/${id}/approve`, {}),
    ),
  );
  assert.equal(counted(answers, 200), 2);
  const [row] = await store.select('access_requests').select('state').execute();
  assert.equal(row?.state, 'pending', 'three are needed');
});

test('SEC-A11: of an approval at one controller and the expiry at two others one counts, and all agree on which', async (t) => {
  const { person, store, members, audit } = await world(t);
  const applied = await members[0]?.call('PUT', '/api/v1/document', {
    ...requestDocument(),
    requests: [{ ...requestDocument().requests?.[0], quorum: 1 }],
  });
  assert.equal(applied?.statusCode, 200, applied?.body);
  const alice = await person('alice');
  const lea = await person('lea', { groups: ['leads'] });
  for (let round = 0; round < 8; round += 1) {
    const id = await ask(alice);
    // The end of the wait comes while the requests are under way, earlier in one round and later in the next.
    const answerBy = Date.now() + round * 4;
    await store
      .update('access_requests')
      .set({ answer_by_ms: answerBy })
      .where('id', '=', id as Id<'req'>)
      .execute();
    const sweep = async ({ context }: Member): Promise<void> => {
      while (Date.now() <= answerBy) await sweepRequests(context, context.firstOrganisation);
      // The last one began before the end of the wait, maybe.
      await sweepRequests(context, context.firstOrganisation);
    };
    const [answer] = await Promise.all([
      lea.at(round, 'POST', `me/approvals/${id}/approve`, {}),
      ...members.map(sweep),
    ]);
    const row = await store
      .select('access_requests')
      .select('state')
      .where('id', '=', id as Id<'req'>)
      .executeTakeFirstOrThrow();
    assert.equal(row.state, answer.statusCode === 200 ? 'approved' : 'expired', answer.body);
    const ends = (await audit('request.expire')).filter(({ request }) => request === id);
    assert.equal(ends.length, row.state === 'expired' ? 1 : 0);
    if (row.state === 'approved')
      assert.equal((await alice.at(round, 'POST', `me/requests/${id}/withdraw`)).statusCode, 204);
  }
});

async function ask(who: Visitor): Promise<string> {
  const answer = await who.at(0, 'POST', 'me/requests', {
    resource: 'databases',
    for: '4h',
    reason: 'Restore the backup',
  });
  assert.equal(answer.statusCode, 201, answer.body);
  return answer.json<{ id: string }>().id;
}
