/** Guests by e-mail: a code that a real SMTP server is given, and what it is good for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { setLimits } from '../../../controller/operator/limits.ts';
import { openMailer } from '../../../controller/notifications/mailer.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import type { PolicyDocument } from '../../../protocol/policy-document.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { GuestAnswer, GuestOptions } from '../../../protocol/guests.ts';
import { codeIn, MailSink } from '../../support/mail-sink.ts';
import { until } from '../../support/until.ts';
import type { TestNode } from '../support/node.ts';
import { WebBench, webDocument, wikiHost } from './web-bench.ts';
import { createHash } from 'node:crypto';

const guests: PolicyDocument = {
  name: 'customer-wiki',
  allow: { guests: ['Pat@customer.example', '*@partner.example'] },
  to: { resources: ['wiki'] },
};
const withGuests = (more: Partial<OrganisationDocument> = {}): OrganisationDocument => {
  const document = webDocument();
  return { ...document, policies: [...(document.policies ?? []), guests], ...more };
};

/** A browser on its way to the wiki. */
class Visitor {
  readonly verifier = systemRandom(32);
  readonly #bench: WebBench;
  #cookie: string | undefined;
  readonly address: string;

  constructor(bench: WebBench, address = '203.0.113.50') {
    this.#bench = bench;
    this.address = address;
  }

  async ask(email: string, host = wikiHost): Promise<LightMyRequestResponse> {
    const answer = await this.#post('ask', { host, email });
    const [cookie] = [answer.headers['set-cookie'] ?? []].flat();
    this.#cookie = cookie?.split(';')[0] ?? this.#cookie;
    return answer;
  }

  async enter(code: string, host = wikiHost): Promise<GuestAnswer> {
    const c = createHash('sha256').update(this.verifier).digest('base64url');
    const answer = await this.#post('enter', { host, code, c, n: '0a1b', rd: '/page' });
    assert.equal(answer.statusCode, 200, answer.body);
    return answer.json();
  }

  #post(path: string, payload: object): Promise<LightMyRequestResponse> {
    return this.#bench.portal.app.inject({
      method: 'POST',
      url: `/api/v1/guests/${path}`,
      payload,
      remoteAddress: this.address,
      headers: this.#cookie === undefined ? {} : { cookie: this.#cookie },
    });
  }
}

interface World {
  readonly bench: WebBench;
  readonly sink: MailSink;
  readonly connector: TestNode;
  /** The mail after so many. */
  readonly mail: (count: number) => Promise<string>;
}

async function open(t: { after(done: () => Promise<void>): void }, document = withGuests()): Promise<World> {
  const sink = await MailSink.open();
  const mailer = openMailer({
    url: sink.url,
    from: 'Acme <access@acme.example>',
    failed: (error) => {
      throw error;
    },
  });
  const bench = await WebBench.open(t, document, mailer);
  t.after(() => sink.close());
  return {
    bench,
    sink,
    connector: await bench.connector(),
    mail: async (count) => {
      await until(() => sink.mails.length >= count);
      return codeIn(sink.mails[count - 1]);
    },
  };
}

test('a guest gets a code by e-mail and a web session of their own length, and no cookie of the controller', async (t) => {
  const { bench, sink, connector, mail } = await open(t, withGuests({ sessions: { guests: '2h' } }));
  const visitor = new Visitor(bench);
  const options = await bench.portal.app.inject({ url: `/api/v1/guests/options?host=${wikiHost}:8443` });
  assert.equal(options.json<GuestOptions>().guests, true);
  const { to } = await bench.start(undefined);
  assert.equal(to.pathname, '/guest', 'the sign-in page offers it');
  assert.equal((await visitor.ask('pat@customer.example')).statusCode, 204);
  const code = await mail(1);
  const [sent] = sink.mails;
  assert.deepEqual([sent?.from, sent?.to], ['access@acme.example', ['pat@customer.example']]);
  assert.match(sent?.source ?? '', new RegExp(`Subject: .*${wikiHost}`));
  const entered = await visitor.enter(code);
  assert.ok(entered.state === 'entered');
  const back = new URL(entered.location);
  assert.equal(`${back.origin}${back.pathname}`, `https://${wikiHost}:8443/.postern/callback`);
  const { answer } = await bench.redeem(connector, back.searchParams.get('code') ?? '', visitor.verifier);
  const session = await bench.verify(answer.jws ?? '', connector);
  assert.ok(session);
  assert.deepEqual(session.who, { name: 'pat@customer.example', email: 'pat@customer.example', groups: [] });
  assert.ok(session.exp - session.iat <= 7_200 && session.exp - session.iat > 7_100);
  assert.equal(session.amr.length, 0);
  assert.equal((await visitor.enter(code)).state, 'wrong', 'a code is used once');
  const [signIn] = await bench.portal.audit('guest.sign-in');
  assert.deepEqual([signIn?.who, signIn?.result], [session.sub, 'done']);
  const [begun] = await bench.portal.audit('web.begin');
  assert.equal((JSON.parse(begun?.detail ?? '{}') as { guest?: string }).guest, 'pat@customer.example');
  for (const [who, count] of [
    ['Pat@customer.example', 1],
    [session.sub, 1],
    ['kim@customer.example', 0],
  ] as const) {
    const query = new URLSearchParams({ what: 'web.begin', who }).toString();
    const log = await bench.portal.admin('GET', `/api/v1/audit?${query}`);
    assert.equal(
      log.json<{ entries: object[] }>().entries.length,
      count,
      `what a guest did is found: ${who}`,
    );
  }
});

test('SEC-A4 whoever is not invited is answered in the same words, gets no mail, and no code of theirs works', async (t) => {
  const { bench, sink, mail } = await open(t);
  const answers = [];
  for (const email of [
    'eve@evil.example',
    'alice@acme.example',
    'pat@customer.example.evil.example',
    'x@sub.partner.example',
    'Pat@Customer.example',
    'anybody@partner.example',
  ])
    answers.push(await new Visitor(bench).ask(email));
  const shape = ({ statusCode, body, headers }: LightMyRequestResponse): unknown[] => [
    statusCode,
    body,
    Object.keys(headers).toSorted(),
  ];
  for (const answer of answers) assert.deepEqual(shape(answer), shape(answers[0] as LightMyRequestResponse));
  await mail(2);
  assert.deepEqual(sink.mails.flatMap(({ to }) => to).toSorted(), [
    'anybody@partner.example',
    'pat@customer.example',
  ]);
  const { store } = bench.context.organisation(bench.context.firstOrganisation);
  const rows = await store.select('guest_codes').selectAll().execute();
  assert.equal(rows.length, 6, 'what is written is the same, too');
  for (const email of [
    'a@evil@customer.example',
    '"pat"@customer.example',
    'pat@customer.example\r\nBcc: eve@evil.example',
  ])
    assert.equal((await new Visitor(bench).ask(email)).statusCode, 400, email);
  const unknownHost = await new Visitor(bench).ask('pat@customer.example', 'nothing.acme.example');
  assert.deepEqual(shape(unknownHost), shape(answers[0] as LightMyRequestResponse));
});

test('a code is for its browser, hostname and ten minutes, and five wrong ones are the end of it', async (t) => {
  const { bench, mail } = await open(t);
  const visitor = new Visitor(bench);
  await visitor.ask('pat@customer.example');
  const first = await mail(1);
  assert.equal((await new Visitor(bench).enter(first)).state, 'wrong', 'another browser');
  assert.equal((await visitor.enter(first, 'printer.acme.example')).state, 'wrong', 'another hostname');
  const wrong = first.startsWith('0') ? '1111 1111' : '0000 0000';
  for (let round = 0; round < 5; round++) assert.equal((await visitor.enter(wrong)).state, 'wrong');
  assert.equal((await visitor.enter(first)).state, 'wrong', 'after five tries');
  await visitor.ask('pat@customer.example');
  const late = await mail(2);
  bench.portal.time.ahead += 10 * 60_000 + 1;
  assert.equal((await visitor.enter(late)).state, 'wrong', 'after ten minutes');
  await visitor.ask('pat@customer.example');
  const replaced = await mail(3);
  await visitor.ask('pat@customer.example');
  const latest = await mail(4);
  if (replaced !== latest)
    assert.equal((await visitor.enter(replaced)).state, 'wrong', 'a newer one is there');
  assert.equal((await visitor.enter(latest)).state, 'entered');
  const second = new Visitor(bench, '203.0.113.51');
  await visitor.ask('pat@customer.example');
  const own = await mail(5);
  await second.ask('sam@partner.example');
  const others = await mail(6);
  assert.equal((await second.enter(others)).state, 'entered', 'each has their own');
  assert.equal((await visitor.enter(own)).state, 'entered');
});

test('codes are throttled for an address and for a source, invited or not, and so are tries', async (t) => {
  const { bench } = await open(t);
  const statuses: number[] = [];
  for (let round = 0; round < 6; round++)
    statuses.push((await new Visitor(bench, `203.0.113.${round}`).ask('eve@evil.example')).statusCode);
  assert.deepEqual(statuses, [204, 204, 204, 204, 204, 429]);
  let last = 204;
  for (let round = 0; round < 21; round++)
    last = (await new Visitor(bench, '198.51.100.7').ask(`x${round}@evil.example`)).statusCode;
  assert.equal(last, 429);
});

test('what guests may is taken back as from others: by the list, by a deny, by an administrator; what is for everyone lets nobody in', async (t) => {
  const { bench, connector, mail } = await open(t);
  let mails = 0;
  const enter = async (): Promise<GuestAnswer['state'] | 'closed'> => {
    const visitor = new Visitor(bench, `203.0.113.${++mails}`);
    await visitor.ask('anybody@partner.example');
    const entered = await visitor.enter(await mail(mails));
    if (entered.state !== 'entered') return entered.state;
    const code = new URL(entered.location).searchParams.get('code') ?? '';
    const { answer } = await bench.redeem(connector, code, visitor.verifier);
    return answer.jws === undefined ? 'closed' : 'entered';
  };
  const lost = async (change: () => Promise<unknown>): Promise<void> => {
    const before = connector.all('revoke').length;
    await change();
    await until(() => connector.all('revoke').length > before);
  };
  const { context } = bench.portal;
  const setMost = (most: number | null) =>
    setLimits(context.store, context.firstOrganisation, { people: most }, { nowMs: 0, who: 'test' });
  await setMost(0);
  assert.equal(await enter(), 'refused');
  assert.equal((await bench.portal.audit('guest.sign-in')).at(-1)?.reasons, '["limit"]');
  await setMost(null);
  assert.equal(await enter(), 'entered');
  const everyone: PolicyDocument = { name: 'all', allow: 'everyone', to: { resources: ['wiki'] } };
  await lost(() => bench.portal.apply(webDocument({ policies: [everyone] })));
  const before = await new Visitor(bench, '203.0.113.99').ask('anybody@partner.example');
  assert.equal(before.statusCode, 204);
  const options = await bench.portal.app.inject({ url: `/api/v1/guests/options?host=${wikiHost}` });
  assert.equal(options.json<GuestOptions>().guests, false);
  await bench.portal.apply(withGuests());
  assert.equal(await enter(), 'entered');
  const deny: PolicyDocument = { name: 'no-guests', deny: 'everyone', to: { resources: ['wiki'] } };
  const denied = withGuests();
  await lost(() => bench.portal.apply({ ...denied, policies: [...(denied.policies ?? []), deny] }));
  assert.equal(await enter(), 'refused');
});
