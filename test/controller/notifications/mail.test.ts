/** Mails about requests, over a real SMTP server: who gets which, what a link is good for, and what of no answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setRole } from '../../../controller/administrators/administrators.ts';
import { openMailer } from '../../../controller/notifications/mailer.ts';
import { sweepRequests } from '../../../controller/requests/end-requests.ts';
import { eventually } from '../../support/eventually.ts';
import { headersOf, MailSink, textOf, type SunkMail } from '../../support/mail-sink.ts';
import { requestBench, requestDocument, type RequestBench } from '../requests/request-bench.ts';
import type { AfterTest } from '../support/controller.ts';

interface Post {
  readonly sink: MailSink;
  readonly bench: RequestBench;
  /** The newest mails to this person, once there are so many. */
  readonly to: (subject: string, count?: number) => Promise<SunkMail[]>;
}

async function open(test: AfterTest, quorum = 1): Promise<Post> {
  const sink = await MailSink.open();
  const failed = (error: unknown): void => assert.ifError(error);
  const document = requestDocument();
  const [prod, emergency] = document.requests ?? [];
  assert.ok(prod !== undefined && emergency !== undefined);
  const requests = [
    { ...prod, quorum },
    { ...emergency, approvers: { people: ['boss@acme.example'] } },
  ];
  const mailer = openMailer({ url: sink.url, from: 'Postern <access@acme.example>', failed });
  test.after(() => sink.close());
  const bench = await requestBench(test, { ...document, requests }, mailer);
  return {
    sink,
    bench,
    to: (subject, count = 1) =>
      eventually(`${count} mails to ${subject}`, () => {
        const found = sink.mails.filter(({ to }) => to.includes(`${subject}@acme.example`));
        return found.length >= count ? found : undefined;
      }),
  };
}

function linkIn(mail: SunkMail | undefined): string {
  const link = /[?&]link=([\w-]{43})(?=\s)/.exec(textOf(mail))?.[1];
  assert.ok(link !== undefined, textOf(mail));
  return link;
}

test('approvers get a link each, which answers once, for them, for that request; opening it changes nothing', async (t) => {
  const { bench, to, sink } = await open(t, 2);
  const alice = await bench.person('alice', ['staff']);
  const [lea, luc] = [await bench.person('lea', ['leads']), await bench.person('luc', ['leads'])];
  const id = await alice.ask();
  const other = await bench.person('carol', ['staff']);
  const second = await other.ask();
  const mails = await to('lea', 2);
  const forLea = mails.find((mail) => textOf(mail).includes(id));
  const forLuc = (await to('luc', 2)).find((mail) => textOf(mail).includes(id));
  assert.match(textOf(forLea), /Reason: Restore the backup/);
  const [leas, lucs] = [linkIn(forLea), linkIn(forLuc)];
  assert.notEqual(leas, lucs);
  // A scanner of mails opens what it finds, with no session.
  const url = /https:\S+/.exec(textOf(forLea))?.[0] ?? '';
  const { pathname, search } = new URL(url);
  for (const method of ['GET', 'HEAD', 'POST'] as const)
    await bench.portal.inject({ method, url: pathname + search });
  const scanned = await bench.portal.inject({
    method: 'POST',
    url: `/api/v1/me/approvals/${id}/approve`,
    payload: { link: leas },
  });
  assert.equal(scanned.statusCode, 401);
  assert.equal((await bench.all()).find((each) => each.id === id)?.answers.length, 0);

  assert.equal((await luc.approve(id, { link: leas })).statusCode, 409, 'a link of somebody else');
  assert.equal((await lea.approve(second, { link: leas })).statusCode, 409, 'for another request');
  assert.equal(
    (await lea.approve(id, { link: leas.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) })).statusCode,
    409,
  );
  assert.equal((await lea.approve(id, { link: leas })).json<{ state: string }>().state, 'pending');
  assert.equal((await lea.approve(id, { link: leas })).statusCode, 409, 'once');
  assert.equal((await luc.approve(id, { link: lucs })).json<{ state: string }>().state, 'approved');
  const answers = await bench.audit('request.approve');
  assert.deepEqual(
    answers.map(({ detail }) => detail['by']),
    ['mail', 'mail'],
  );
  const [told] = await to('alice');
  assert.match(textOf(told), /was approved, until 2026-11-20 at 14:00 UTC/);
  assert.ok(
    sink.mails.every(({ to: [first], from }) => first !== undefined && from === 'access@acme.example'),
  );
});

test('a link is good as long as its request waits', async (t) => {
  const { bench, to } = await open(t);
  const alice = await bench.person('alice', ['staff']);
  const lea = await bench.person('lea', ['leads']);
  const id = await alice.ask();
  const link = linkIn((await to('lea'))[0]);
  bench.time.ms += 7 * 24 * 3_600_000;
  await sweepRequests(bench.context, bench.context.firstOrganisation);
  assert.notEqual((await lea.approve(id, { link })).statusCode, 200);
  const [told] = await to('alice');
  assert.match(textOf(told), /Nobody answered your request for databases/);
});

test('whoever asked reads why not, and when it is over; approvers of an emergency are told at once', async (t) => {
  const { bench, to } = await open(t);
  const alice = await bench.person('alice', ['staff']);
  const lea = await bench.person('lea', ['leads']);
  await lea.deny(await alice.ask(), 'Use the replica – not the “primary”');
  assert.match(textOf((await to('alice'))[0]), /Why: Use the replica – not the “primary”/);
  const id = await alice.ask();
  await lea.approve(id);
  await to('alice', 2);
  bench.time.ms += 4 * 3_600_000;
  await sweepRequests(bench.context, bench.context.firstOrganisation);
  assert.match(textOf((await to('alice', 3))[2]), /Your access to databases ended on/);
  const owner = await bench.person('olga', []);
  const { store } = bench.context.organisation(bench.context.firstOrganisation);
  await setRole(store, owner.id, 'owner', { nowMs: bench.time.ms, who: 'test', byOwner: () => true });
  await alice.ask({ for: '1h', breakGlass: true, reason: 'Outage 4711' });
  // Also whom the rule does not name: nobody had to approve it.
  for (const who of ['boss', 'olga'])
    assert.match(textOf((await to(who))[0]), /Nobody approved it[^]+Reason: Outage 4711/);
  await alice.call('POST', `requests/${(await bench.all())[0]?.id ?? ''}/withdraw`);
  assert.equal((await to('alice', 3)).length, 3, 'nobody is told what they did themselves');
});

test('no name and no reason makes a header, a second recipient or a line of its own', async (t) => {
  const { bench, to, sink } = await open(t);
  const nasty =
    'Eve\r\nBcc: mallory@evil.example\r\n\r\nApproved by the board\u2028Link: https://evil.example';
  const eve = await bench.person('eve', ['staff'], nasty);
  await bench.person('lea', ['leads']);
  await eve.ask({ reason: 'x\r\n.\r\nMAIL FROM:<a@evil.example>\r\nSubject: y\r\n' });
  const [mail] = await to('lea');
  assert.ok(mail !== undefined);
  assert.deepEqual(mail.to, ['lea@acme.example']);
  assert.ok(!headersOf(mail).includes('bcc'), mail.source);
  assert.equal(headersOf(mail).filter((name) => name === 'subject').length, 1);
  const lines = textOf(mail).split(/[\r\n\u2028]+/);
  assert.ok(!lines.some((line) => /^\s*(Bcc|Approved|Link|MAIL|Subject)/.test(line)), textOf(mail));
  assert.equal(sink.mails.length, 1);
});

test('what the server does not take now is sent later; what it never takes is given up in the open', async (t) => {
  const { bench, to, sink } = await open(t);
  const alice = await bench.person('alice', ['staff']);
  await bench.person('lea', ['leads']);
  sink.refusing = 451;
  await alice.ask();
  const status = async (): Promise<{ waiting: number; fault?: string; sent?: string }> =>
    (await bench.call('GET', '/api/v1/mail')).json();
  await eventually('the fault', async () => ((await status()).fault === undefined ? undefined : true));
  assert.deepEqual(await status(), {
    server: sink.url.href,
    from: 'Postern <access@acme.example>',
    fault: 'The SMTP server answered 451.',
    waiting: 1,
  });
  sink.refusing = undefined;
  await bench.time.pass(6_000);
  await to('lea');
  await eventually('no fault', async () => ((await status()).fault === undefined ? true : undefined));
  assert.equal((await status()).waiting, 0);

  sink.refusing = 550;
  const bob = await bench.person('bob', ['staff']);
  await bob.ask();
  const [given] = await eventually('giving up', async () => {
    const list = await bench.audit('notification.fail');
    return list.length > 0 ? list : undefined;
  });
  assert.equal(given?.detail['fault'], 'The SMTP server answered 550.');
  assert.equal((await status()).waiting, 0);
});

test('what lapsed before it could be sent is not sent', async (t) => {
  const { bench, sink } = await open(t);
  const alice = await bench.person('alice', ['staff']);
  await bench.person('lea', ['leads']);
  sink.refusing = 451;
  const id = await alice.ask();
  await eventually('the fault', async () => {
    const { fault } = (await bench.call('GET', '/api/v1/mail')).json<{ fault?: string }>();
    return fault;
  });
  await alice.call('POST', `requests/${id}/withdraw`);
  sink.refusing = undefined;
  await bench.time.pass(6_000);
  await eventually('an empty queue', async () => {
    const { waiting } = (await bench.call('GET', '/api/v1/mail')).json<{ waiting: number }>();
    return waiting === 0 ? true : undefined;
  });
  assert.equal(sink.mails.length, 0);
});

test('a test mail says how it went, goes to one address, and not without end', async (t) => {
  const { bench, sink } = await open(t);
  const send = (to: string) => bench.call('POST', '/api/v1/mail/test', { to });
  const good = (await send('Alice@acme.example')).json<{ ok: boolean }>();
  assert.equal(good.ok, true);
  assert.deepEqual(sink.mails[0]?.to, ['alice@acme.example']);
  for (const wrong of [
    'a@acme.example, b@acme.example',
    'a@acme.example\r\nb@acme.example',
    '<a@acme.example>',
  ])
    assert.equal((await send(wrong)).statusCode, 400, wrong);
  await sink.close();
  assert.match((await send('a@acme.example')).body, /cannot be reached \(E[A-Z]+\)|answered/);
  for (let more = 2; more < 10; more += 1) await send('a@acme.example');
  assert.equal((await send('a@acme.example')).statusCode, 429);
});
