/** Invitations to administer: by link and by mail, for one address, once, and worth what their maker may do by then. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openMailer } from '../../controller/notifications/mailer.ts';
import { bootstrap } from '../../controller/organisation/bootstrap.ts';
import { recordSignIn } from '../../controller/login/record-sign-in.ts';
import { roleIn } from '../../controller/administrators/administrators.ts';
import type { Invitations, Invited, OpenInvitation } from '../../protocol/invitations.ts';
import { eventually } from '../support/eventually.ts';
import { MailSink, textOf } from '../support/mail-sink.ts';
import { acmeDocument } from './support/document.ts';
import { testController, type TestController } from './support/controller.ts';
import { people, type Browser, type People } from './support/people.ts';

const path = '/api/v1/administrators/invitations';

async function world(t: TestContext): Promise<TestController & People> {
  const controller = await testController(t);
  return { ...controller, ...(await people(t, controller)) };
}

async function invited(by: Pick<Browser, 'call'>, email: string, role: string, more = {}): Promise<string> {
  const answer = await by.call('POST', path, { email, role, link: true, ...more });
  assert.equal(answer.statusCode, 201, answer.body);
  const { link } = answer.json<Invited>();
  const token = new URL(link ?? '').searchParams.get('link');
  assert.ok(token !== null && token.length === 43);
  return token;
}

const take = async (who: Browser, link: string): Promise<number> =>
  (await who.call('POST', '/api/v1/me/invitation/take', { link })).statusCode;

async function roleOf(who: Browser): Promise<string | null> {
  const answer = await who.call('GET', '/api/v1/me');
  return answer.json<{ administrator: { role: string | null } }>().administrator.role;
}

test('an invitation is taken once, by whom it is for; looking at it changes nothing', async (t) => {
  const { administrator, signIn, portal } = await world(t);
  const olga = await administrator('olga', 'owner');
  const link = await invited(olga, 'Alice@acme.example', 'network');
  const [alice, mallory] = [await signIn('alice'), await signIn('mallory')];
  const look = async (who: Browser) =>
    (await who.call('POST', '/api/v1/me/invitation', { link })).json<OpenInvitation>();
  assert.equal((await look(mallory)).yours, false);
  const { yours, role, email } = await look(alice);
  assert.deepEqual([yours, role, email], [true, 'network', 'alice@acme.example']);
  for (const method of ['GET', 'HEAD'] as const)
    await portal.inject({ method, url: `/invitation?link=${link}` });
  assert.equal(
    (await portal.inject({ method: 'POST', url: '/api/v1/me/invitation/take', payload: { link } }))
      .statusCode,
    401,
  );
  assert.equal(await roleOf(alice), null);
  assert.equal(await take(mallory, link), 404);
  assert.equal(await roleOf(mallory), null);
  assert.equal(await take(alice, link), 204);
  assert.equal(await take(alice, link), 404, 'once');
  assert.equal(await roleOf(await signIn('alice')), 'network');
  assert.equal((await olga.call('GET', path)).json<Invitations>().invitations.length, 0);
});

test('an invitation ends, is replaced by a newer one, and is taken back', async (t) => {
  const { administrator, signIn, time } = await world(t);
  const olga = await administrator('olga', 'owner');
  const first = await invited(olga, 'alice@acme.example', 'admin');
  const second = await invited(olga, 'alice@acme.example', 'auditor', { for: '1h' });
  assert.equal(await take(await signIn('alice'), first), 404);
  time.ms += 3_600_000;
  assert.equal(await take(await signIn('alice'), second), 404);
  const later = await administrator('olga', 'owner');
  const third = await invited(later, 'alice@acme.example', 'auditor');
  const [waiting] = (await later.call('GET', path)).json<Invitations>().invitations;
  assert.equal((await later.call('DELETE', `${path}/${waiting?.id ?? ''}`)).statusCode, 204);
  assert.equal(await take(await signIn('alice'), third), 404);
  for (const wrong of ['30m', '31d', 'x'])
    assert.equal(
      (await later.call('POST', path, { email: 'a@acme.example', role: 'admin', for: wrong })).statusCode,
      400,
    );
});

test('SEC-A11: an invitation is worth what whoever made it may do when it is taken', async (t) => {
  const it = await world(t);
  const { administrator, signIn, context, app } = it;
  const olga = await administrator('olga', 'owner');
  const anna = await administrator('anna', 'admin');
  assert.equal((await anna.call('POST', path, { email: 'x@acme.example', role: 'owner' })).statusCode, 403);
  assert.equal((await it.call('POST', path, { email: 'x@acme.example', role: 'owner' })).statusCode, 403);
  const byAnna = await invited(anna, 'alice@acme.example', 'admin');
  const byOlga = await invited(olga, 'bob@acme.example', 'owner');
  await administrator('otto', 'owner');
  const setRole = (who: Browser, role: string) =>
    olga.call('PUT', `/api/v1/administrators/${who.person}`, { role });
  assert.equal((await setRole(anna, 'auditor')).statusCode, 204);
  const otto = await signIn('otto');
  assert.equal(
    (await otto.call('PUT', `/api/v1/administrators/${olga.person}`, { role: 'admin' })).statusCode,
    204,
  );
  const [alice, bob] = [await signIn('alice'), await signIn('bob')];
  assert.equal(await take(alice, byAnna), 409);
  assert.equal(await take(bob, byOlga), 409, 'who is no owner any more makes none');
  assert.deepEqual([await roleOf(alice), await roleOf(bob)], [null, null]);
  // A token that is gone takes along what it promised.
  const { store } = context.organisation(context.firstOrganisation);
  const bearer = await it.token('admin');
  const byToken = await invited(
    {
      call: async (method, url, payload) =>
        app.inject({ method, url, headers: { authorization: `Bearer ${bearer}` }, payload: payload ?? {} }),
    },
    'carol@acme.example',
    'auditor',
  );
  await store.delete('api_tokens').execute();
  assert.equal(await take(await signIn('carol'), byToken), 409);
});

test('SEC-A11: fifty at once take an invitation once, and the last owner does not demote themself by one', async (t) => {
  const { administrator, signIn, context } = await world(t);
  const olga = await administrator('olga', 'owner');
  const link = await invited(olga, 'alice@acme.example', 'admin');
  const alice = await signIn('alice');
  const answers = await Promise.all(Array.from({ length: 50 }, () => take(alice, link)));
  assert.equal(answers.filter((status) => status === 204).length, 1);
  const given = await context
    .organisation(context.firstOrganisation)
    .store.select('audit')
    .select('detail')
    .where('what', '=', 'administrator.role')
    .execute();
  assert.equal(given.length, 1);
  const own = await invited(olga, 'olga@acme.example', 'auditor');
  assert.equal(await take(olga, own), 409);
  assert.equal(await roleOf(await signIn('olga')), 'owner');
});

test('an invitation goes by mail where there is a server, and its link is nowhere else', async (t) => {
  const sink = await MailSink.open();
  t.after(() => sink.close());
  const failed = (error: unknown): void => assert.ifError(error);
  const mailer = openMailer({ url: sink.url, from: 'access@acme.example', failed });
  const controller = await testController(t, { mailer });
  const { signIn } = await people(t, controller);
  const answer = await controller.call('POST', path, { email: 'alice@acme.example', role: 'admin' });
  assert.equal(answer.json<Invited>().link, undefined);
  const mail = await eventually('the mail', () => sink.mails[0]);
  const link = /[?&]link=([\w-]{43})\s/.exec(textOf(mail))?.[1] ?? '';
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const rows = JSON.stringify([
    await store.select('invitations').selectAll().execute(),
    await store.select('notifications').selectAll().execute(),
    await store.select('audit').selectAll().execute(),
  ]);
  assert.equal(rows.includes(link), false);
  assert.equal(await take(await signIn('alice'), link), 204);
});

test('SECURITY T9: the owner of a bootstrap file comes in by their provider alone, once, and the file counts once', async (t) => {
  const { context, time } = await testController(t);
  const organisation = context.organisation(context.firstOrganisation);
  const provider = (name: string) => ({
    name,
    issuer: `https://${name}.acme.example`,
    clientId: 'postern',
    clientSecret: 'a-secret-of-the-provider',
  });
  const document = { ...acmeDocument(), identityProviders: [provider('corp'), provider('evil')] };
  const wrong = async (owner: unknown) => {
    const done = await bootstrap(context, { ...document, owner });
    return done.state === 'wrong' ? done.issues.map(({ path: at }) => at[0]) : done.state;
  };
  assert.deepEqual(await wrong('olga@acme.example'), ['owner'], 'which provider?');
  assert.deepEqual(await wrong({ email: 'olga@acme.example', provider: 'none' }), ['owner']);
  assert.deepEqual(await wrong({ email: 'olga' }), ['owner']);
  assert.equal((await organisation.reader.current()).revision, 0);
  const done = await bootstrap(context, {
    ...document,
    owner: { email: 'olga@acme.example', provider: 'corp' },
  });
  assert.equal(done.state, 'applied');
  assert.equal((await bootstrap(context, { ...document, organisation: 'other' })).state, 'there-already');
  const signIn = async (name: string, email: string | undefined) => {
    const { person } = await recordSignIn(context, organisation, {
      issuer: `https://${name}.acme.example`,
      provider: name,
      identity: {
        subject: `${name} ${email ?? ''}`,
        name: 'Olga',
        email,
        groups: [],
        authMs: time.ms,
        amr: [],
      },
      address: '203.0.113.9',
    });
    return roleIn(organisation.store, { subject: person, started_ms: time.ms });
  };
  assert.equal(await signIn('evil', 'olga@acme.example'), undefined);
  assert.equal(await signIn('corp', undefined), undefined, 'an address that was not verified');
  assert.equal(await signIn('corp', 'mallory@acme.example'), undefined);
  assert.equal(await signIn('corp', 'olga@acme.example'), 'owner');
  assert.equal((await organisation.store.select('invitations').select('id').execute()).length, 0);
});
