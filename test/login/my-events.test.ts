/** The portal is told of what is a person's own, and nobody of anything that is not theirs. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Readable } from 'node:stream';
import { appendAudit } from '../../controller/audit/append-audit.ts';
import { Cookies } from '../../controller/login/cookies.ts';
import type { recordSignIn } from '../../controller/login/record-sign-in.ts';
import { OwnWatch } from '../../controller/login/own-watch.ts';
import { ownView, viewAt, type OwnView } from '../../controller/login/own-view.ts';
import { portalCallerNow } from '../../controller/login/portal-caller.ts';
import { ask } from '../../controller/requests/ask.ts';
import { endSessions } from '../../controller/sessions/end-sessions.ts';
import { ownKinds } from '../../protocol/live-events.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { until } from '../support/until.ts';
import { busyDocument, issuer } from '../web/support/busy-organisation.ts';
import { testPortal, type TestPortal } from './support/portal.ts';
import { corpSignIn } from '../controller/support/corp-sign-in.ts';

const address = '203.0.113.9';

async function opened(t: TestContext) {
  const portal = await testPortal(t, []);
  await portal.apply(busyDocument());
  const organisation = portal.context.organisation(portal.context.firstOrganisation);
  const signIn = (subject: string, groups: string[]) =>
    corpSignIn(portal.context, subject, { issuer, groups, address });
  return { portal, organisation, signIn };
}

/** Listens as somebody, and keeps what they are told. */
function listening({ context }: TestPortal, watch: OwnWatch, { person, session }: Signed, since?: OwnView) {
  const heard: string[][] = [];
  const state = { looks: 0, isOver: false, place: '' };
  const stop = watch.listen(
    {
      look: async () => {
        state.looks += 1;
        const caller = { organisation: context.firstOrganisation, person, session };
        const now = await portalCallerNow(context, caller);
        return now === undefined ? undefined : ownView(context, now, address);
      },
      tell: (kinds, place) => {
        heard.push([...kinds]);
        state.place = place;
      },
      over: () => {
        state.isOver = true;
        stop();
      },
    },
    since,
  );
  return { heard, state, stop };
}

type Signed = Awaited<ReturnType<typeof recordSignIn>>;

test('SEC-J9 a person hears which of their own things is another now, and nobody else hears that anything happened', async (t) => {
  const { portal, organisation, signIn } = await opened(t);
  const { context } = portal;
  const [alice, bob, sue] = [
    await signIn('alice', ['staff']),
    await signIn('bob', ['staff']),
    await signIn('sue', ['staff', 'sre']),
  ];
  const clock = new VirtualClock();
  const faults: unknown[] = [];
  const watch = new OwnWatch(organisation.id, organisation.store, context.bus, clock, (fault) =>
    faults.push(fault),
  );
  const look = async (): Promise<void> => {
    clock.advance(1_000);
    await until(() => clock.pending > 0);
  };
  const of = (signed: Signed, since?: OwnView) => listening(portal, watch, signed, since);
  const [her, his, hers] = [of(alice), of(bob), of(sue)];
  await look();
  for (const each of [her, his, hers]) assert.deepEqual(each.heard.splice(0), [[...ownKinds]]);

  const another = await signIn('alice', ['staff']);
  await look();
  assert.deepEqual(her.heard.splice(0), [['sessions']]);

  // In their groups, what they may use and what they may ask for.
  await signIn('alice', ['staff', 'finance']);
  await look();
  const [kinds = []] = her.heard.splice(0);
  assert.ok(
    ['me', 'sessions', 'resources'].every((kind) => kinds.includes(kind)),
    kinds.join(),
  );

  // Whoever may approve it sees it; whoever may not hears nothing of it.
  await ask(context, organisation, alice.person, {
    resource: 'bastion',
    for: '1h',
    reason: 'the disk is full',
  });
  await look();
  assert.deepEqual(her.heard.splice(0), [['requests']]);
  assert.deepEqual(hers.heard.splice(0), [['approvals']]);

  const document = busyDocument();
  await portal.apply({
    ...document,
    tests: [],
    policies: [
      ...(document.policies ?? []),
      { name: 'not-alice', deny: { people: ['alice@acme.example'] }, to: { resources: ['wiki'] } },
    ],
  });
  await look();
  assert.ok(her.heard.splice(0)[0]?.includes('resources'));

  // What opens and closes is nothing that the portal shows: nobody is even looked at.
  const looks = [her, his, hers].map(({ state }) => state.looks);
  await appendAudit(organisation.store, [
    { atMs: context.now(), who: alice.person, what: 'flow.open', resource: 'wiki', result: 'allowed' },
  ]);
  await look();
  assert.deepEqual(
    [her, his, hers].map(({ state }) => state.looks),
    looks,
  );

  // Between two streams of a browser nothing is lost, and only what it lacks is told.
  her.stop();
  await endSessions(context, organisation.id, [another.session], { reason: 'logout', who: alice.person });
  const again = of(alice, viewAt(her.state.place));
  await look();
  assert.deepEqual(again.heard, [['sessions']]);

  await endSessions(context, organisation.id, [alice.session], { reason: 'logout', who: alice.person });
  await look();
  assert.ok(again.state.isOver);
  assert.equal(again.heard.length, 1);

  // Of all of this, what concerns bob is nothing.
  assert.deepEqual([his.heard, his.state.isOver], [[], false]);
  assert.deepEqual(hers.heard, []);

  // What ends by time alone is noticed without anybody writing anything.
  portal.time.ahead += 400 * 86_400_000;
  clock.advance(15_000);
  await until(() => his.state.isOver && hers.state.isOver);
  assert.equal(clock.pending, 0, 'without listeners nothing is looked at');
  assert.deepEqual(faults, []);
});

test('SEC-J9 the stream is there for people who ask for one, so many for each, and ends with the session', async (t) => {
  const { portal, organisation, signIn } = await opened(t);
  const { context, app } = portal;
  const [alice, bob] = [await signIn('alice', ['staff']), await signIn('bob', ['staff'])];
  const name = new Cookies(context.publicUrl).nameOf('session');
  const streams: Readable[] = [];
  t.after(() => streams.forEach((stream) => stream.destroy()));
  const open = async (
    cookie: string,
  ): Promise<{ status: number; text: () => string; isOver: () => boolean }> => {
    const headers = { accept: 'text/event-stream', cookie: `${name}=${cookie}` };
    const answer = await app.inject({ url: '/api/v1/me/events', headers, payloadAsStream: true });
    const stream = answer.stream();
    streams.push(stream);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    // Without the comments that keep it moving.
    const told = (): string => text.replaceAll(/^:\n\n/gm, '');
    return { status: answer.statusCode, text: told, isOver: () => stream.readableEnded };
  };
  assert.equal((await app.inject({ url: '/api/v1/me/events' })).statusCode, 401);
  assert.equal((await portal.admin('GET', '/api/v1/me/events')).statusCode, 403);
  const plain = { cookie: `${name}=${alice.cookie}` };
  assert.equal((await app.inject({ url: '/api/v1/me/events', headers: plain })).statusCode, 400);

  const first = await open(alice.cookie);
  for (let count = 1; count < 8; count += 1) assert.equal((await open(alice.cookie)).status, 200);
  assert.equal((await open(alice.cookie)).status, 429);
  const his = await open(bob.cookie);
  assert.equal(his.status, 200);

  await until(() => ownKinds.every((kind) => first.text().includes(`event: ${kind}\n`)));
  await until(() => his.text().includes('event: resources\n'));
  const before = his.text();
  // Nothing of what it is, nor whose.
  assert.doesNotMatch(first.text(), /usr_|ses_|wiki|alice/);
  const session = await signIn('alice', ['staff']);
  await until(() => first.text().split('event: sessions\n').length === 3);
  await endSessions(context, organisation.id, [alice.session], { reason: 'logout', who: alice.person });
  await until(() => first.isOver());
  assert.match(first.text(), /event: ended\n/);
  assert.equal((await open(alice.cookie)).status, 401);
  assert.equal((await open(session.cookie)).status, 200);
  assert.equal(his.text(), before);
});

test('however many listen, so many are looked at in one go, and everybody in their turn', async (t) => {
  const { portal, organisation } = await opened(t);
  const clock = new VirtualClock();
  const { context } = portal;
  const watch = new OwnWatch(organisation.id, organisation.store, context.bus, clock, (fault) => {
    throw fault;
  });
  const looked = new Map<number, number>();
  const stops = Array.from({ length: 120 }, (_, index) =>
    watch.listen({
      look: async () => {
        looked.set(index, (looked.get(index) ?? 0) + 1);
        return undefined;
      },
      tell: () => assert.fail('there was nothing to tell'),
      over: () => undefined,
    }),
  );
  for (const sum of [50, 100, 120]) {
    clock.advance(1_000);
    await until(() => clock.pending > 0);
    assert.equal(looked.size, sum);
  }
  assert.deepEqual(new Set(looked.values()), new Set([1]));
  for (const stop of stops) stop();
  assert.equal(clock.pending, 0);
});
