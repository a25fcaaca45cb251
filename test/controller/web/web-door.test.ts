/**
 * A browser at a public hostname, as the controller sees it (WIRE A10): sign-in, decision, one-time code, web session; and
 * what takes a web session away again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { replaceSession } from '../../../controller/login/browser-sessions.ts';
import { makeWebCode } from '../../../controller/web/web-codes.ts';
import { systemRandom } from '../../../protocol/clock.ts';
import type { Id } from '../../../protocol/ids.ts';
import type { Name } from '../../../protocol/names.ts';
import type { ResourceDocument } from '../../../protocol/organisation-document.ts';
import type { PolicyDocument } from '../../../protocol/policy-document.ts';
import type { ConnectorSnapshot } from '../../../protocol/snapshot.ts';
import { testUrl } from '../../login/support/portal.ts';
import { eventually } from '../../support/eventually.ts';
import type { TestNode } from '../support/node.ts';
import { WebBench, webDocument, wikiHost } from './web-bench.ts';

const staffWiki: PolicyDocument = {
  name: 'staff-wiki',
  allow: { groups: ['staff'] },
  to: { resources: ['wiki'] },
};

test('a browser that signed in gets a code for its hostname, and every connector of the network the web session', async (t) => {
  const bench = await WebBench.open(t);
  const [first, second] = [await bench.connector(), await bench.connector()];
  const other = await bench.connector('lab');
  const cookie = await bench.cookie();
  const { status, to, verifier } = await bench.start(cookie, { host: `${wikiHost}:9999` });
  assert.equal(status, 303);
  assert.equal(to.origin, `https://${wikiHost}:8443`, 'the port of the door, not of the link');
  assert.equal(to.pathname, '/.postern/callback');
  assert.equal(to.searchParams.get('rd'), '/page?x=1');
  assert.equal(to.searchParams.get('n'), '0a1b');
  const code = to.searchParams.get('code') ?? '';
  assert.match(code, /^[\w-]{43}$/);
  const { answer, ch } = await bench.redeem(first, code, verifier, { addr: '::ffff:203.0.113.9' });
  const session = await bench.verify(answer.jws ?? '', first);
  assert.ok(session);
  assert.equal(session.aud, wikiHost);
  assert.equal(session.ch, ch);
  assert.equal(session.src, '203.0.113.9');
  assert.deepEqual(session.who, { name: 'Alice', email: 'alice@acme.example', groups: ['staff'] });
  assert.deepEqual(session.amr, ['pwd']);
  assert.equal(session.cav.out, 3_600);
  assert.ok(session.cav.until > session.iat && session.exp === session.cav.until);
  for (const connector of [first, second])
    await connector.until((message) => message.t === 'web' && message.list.includes(answer.jws ?? ''));
  assert.equal(other.all('web').length, 0);
  const later = await bench.connector();
  await later.until((message) => message.t === 'web' && message.list.includes(answer.jws ?? ''));
  assert.equal(await bench.verify(answer.jws ?? '', other), undefined, 'of another network');
  const [entry] = await bench.portal.audit('web.begin');
  assert.equal(entry?.who, session.sub);
  assert.equal((JSON.parse(entry.detail) as { door: string }).door, 'web');
});

test('SEC-A11 a code works once, within a minute, and for its browser, hostname and network alone', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const stranger = await bench.connector('lab');
  const cookie = await bench.cookie();
  const made = async (): Promise<{ code: string; verifier: Buffer }> => {
    const { to, verifier } = await bench.start(cookie);
    return { code: to.searchParams.get('code') ?? '', verifier };
  };
  const used = await made();
  assert.ok((await bench.redeem(connector, used.code, used.verifier)).answer.jws);
  assert.equal((await bench.redeem(connector, used.code, used.verifier)).answer.code, 'denied', 'used');
  const raced = await made();
  const second = await bench.connector();
  const tries = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      bench.redeem(at % 2 === 0 ? connector : second, raced.code, raced.verifier),
    ),
  );
  assert.equal(tries.filter(({ answer }) => answer.jws !== undefined).length, 1, 'at the same moment');
  const browser = await made();
  const elsewhere = await made();
  assert.equal((await bench.redeem(connector, browser.code, elsewhere.verifier)).answer.code, 'denied');
  assert.equal(
    (await bench.redeem(connector, browser.code, browser.verifier)).answer.code,
    'denied',
    'burnt',
  );
  assert.equal((await bench.redeem(stranger, elsewhere.code, elsewhere.verifier)).answer.code, 'denied');
  const host = await made();
  const moved = await bench.redeem(connector, host.code, host.verifier, { host: 'printer.acme.example' });
  assert.equal(moved.answer.code, 'denied');
  const late = await made();
  bench.portal.time.ahead += 60_001;
  assert.equal((await bench.redeem(connector, late.code, late.verifier)).answer.code, 'denied', 'late');
});

test('a code does not outlive the session or the right that it was made in', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const cookie = await bench.cookie();
  const before = await bench.start(cookie);
  assert.equal((await bench.call(cookie, 'POST', 'me/sign-out')).statusCode, 200);
  const code = before.to.searchParams.get('code') ?? '';
  assert.equal((await bench.redeem(connector, code, before.verifier)).answer.code, 'denied');
  const late = await bench.cookie();
  bench.portal.time.ahead += 12 * 3_600_000 - 10_000;
  const last = await bench.start(late);
  bench.portal.time.ahead += 20_000;
  const over = await bench.redeem(connector, last.to.searchParams.get('code') ?? '', last.verifier);
  assert.equal(over.answer.code, 'denied', 'the session ran out meanwhile');
  const again = await bench.cookie();
  const open = await bench.start(again);
  await bench.portal.apply(webDocument({ policies: [] }));
  const lost = await bench.redeem(connector, open.to.searchParams.get('code') ?? '', open.verifier);
  assert.equal(lost.answer.code, 'denied');
});

test('who is not signed in is sent to the provider and comes back to the same question, whatever the hostname', async (t) => {
  const bench = await WebBench.open(t);
  for (const host of [wikiHost, 'printer.acme.example', 'nothing.acme.example']) {
    const { status, to } = await bench.start(undefined, { host });
    assert.equal(status, 303);
    assert.equal(to.pathname, '/oidc/corp/start');
    const back = new URL(to.searchParams.get('rd') ?? '', testUrl);
    assert.equal(back.pathname, '/web/start');
    assert.equal(back.searchParams.get('host'), host);
    assert.equal(back.searchParams.get('rd'), '/page?x=1');
  }
});

test('a hostname that is hidden and one that leads nowhere are refused alike', async (t) => {
  const bench = await WebBench.open(t);
  const cookie = await bench.cookie();
  const answers = await Promise.all(
    ['printer.acme.example', 'nothing.acme.example'].map(async (host) => {
      const { status, to } = await bench.start(cookie, { host });
      const shown = await bench.call(cookie, 'GET', `me/resources/${host}?door=web`);
      const { trace, ...problem } = shown.json<{ trace: string }>();
      assert.match(trace, /^[0-9a-f]{16}$/);
      return { status, to: to.href.replace(host, 'HOST'), code: shown.statusCode, problem };
    }),
  );
  assert.deepEqual(answers[0], answers[1]);
  assert.equal(answers[0]?.to, `${testUrl.origin}/refused?resource=HOST&door=web`);
  // Nor does what a sign-in could mend give away that it is there.
  const policies: PolicyDocument[] = [{ ...staffWiki, when: { mfa: '1h' } }];
  const web = { hostname: wikiHost, origin: 'http://wiki.acme.internal:80' };
  await bench.portal.apply(webDocument({ policies }, { web, visibility: 'granted' }));
  assert.equal((await bench.start(cookie)).to.pathname, '/refused');
});

test('connectors are told what below their wildcard hostnames is another network’s', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const web = {
    hostnames: ['*.apps.acme.example', 'plain.acme.example'],
    origin: 'http://wiki.acme.internal:80',
  };
  const document = webDocument({}, { web });
  const other = (name: string, network: string, hostname: string): ResourceDocument => ({
    name,
    network,
    address: `${name}.acme.internal`,
    ports: ['tcp/80'],
    web: { hostname, origin: `http://${name}.acme.internal:80` },
  });
  const own = document.resources?.find(({ name }) => name === 'wiki')?.network ?? '';
  await bench.portal.apply({
    ...document,
    resources: [
      ...(document.resources ?? []),
      other('one', 'lab', 'one.apps.acme.example'),
      other('two', 'lab', '*.two.apps.acme.example'),
      other('three', 'lab', 'three.acme.example'),
      other('four', own, 'four.apps.acme.example'),
    ],
  });
  const wildcardOf = ({ resources }: ConnectorSnapshot) =>
    Object.values(resources).find((each) => each.web?.hostnames[0] === '*.apps.acme.example');
  const snapshot = await connector.untilSnapshot<ConnectorSnapshot>((each) => wildcardOf(each) !== undefined);
  const told = wildcardOf(snapshot);
  assert.deepEqual(told?.web?.elsewhere?.toSorted(), ['*.two.apps.acme.example', 'one.apps.acme.example']);
});

test('SEC-G8 a return target that leads elsewhere becomes the front page', async (t) => {
  const bench = await WebBench.open(t);
  const cookie = await bench.cookie();
  for (const rd of ['//evil.example', '/\\evil.example', 'https://evil.example/', '/a\u00a0b', 'x', '']) {
    const { to } = await bench.start(cookie, { rd });
    assert.equal(to.searchParams.get('rd'), '/', rd);
    assert.equal(to.hostname, wikiHost);
  }
});

test('REL-6 a web session ends by its id when a policy goes, and by its session when the person signs out', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const cookie = await bench.cookie();
  const { session } = await bench.enter(connector, cookie);
  const stays = await bench.enter(connector, await bench.cookie('b2', { email: 'bob@acme.example' }));
  const document = webDocument();
  const notAlice: PolicyDocument = {
    name: 'not-alice',
    deny: { people: ['alice@acme.example'] },
    to: { resources: ['wiki'] },
    doors: ['web'],
  };
  await bench.portal.apply({ ...document, policies: [...(document.policies ?? []), notAlice] });
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(session.jti));
  assert.ok(!bench.revoked(connector).includes(stays.session.jti));
  const [ended] = await bench.portal.audit('access.end');
  assert.equal((JSON.parse(ended?.detail ?? '{}') as { web?: string }).web, session.jti);
  await bench.portal.apply(document);
  const again = await bench.enter(connector, cookie);
  assert.notEqual(again.session.jti, session.jti);
  assert.equal((await bench.call(cookie, 'POST', 'me/sign-out')).statusCode, 200);
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(again.session.ses));
  const later = await bench.connector();
  assert.ok(
    !later.all('web').some(({ list }) => list.includes(again.jws)),
    'and is not told to those who come later',
  );
});

test('REL-6 sign-out at a hostname ends the browser everywhere, and another network cannot ask for it', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const stranger = await bench.connector('lab');
  const cookie = await bench.cookie();
  const { session } = await bench.enter(connector, cookie);
  stranger.send({ t: 'sign-out', id: 1, web: session.jti });
  await stranger.until((message) => message.t === 'signed-out');
  assert.equal((await bench.start(cookie)).to.pathname, '/.postern/callback', 'still signed in');
  connector.send({ t: 'sign-out', id: 2, web: session.jti });
  await connector.until((message) => message.t === 'signed-out' && message.re === 2);
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(session.ses));
  assert.equal((await bench.start(cookie)).to.pathname, '/oidc/corp/start');
});

test('a person whose groups change loses the door, or gets a web session that says so before the old one is revoked', async (t) => {
  const rules = [{ paths: ['/admin/*'], effect: 'require' as const, groups: ['sre'] }];
  const web = { hostname: wikiHost, origin: 'http://wiki.acme.internal:80', rules };
  const bench = await WebBench.open(t, webDocument({}, { web }));
  const connector = await bench.connector();
  const { session, ch } = await bench.enter(connector, await bench.cookie());
  assert.deepEqual(session.who.groups, ['staff']);
  await bench.cookie('a1', { groups: ['staff', 'sre'] });
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(session.jti));
  const told = connector.heard.filter(
    (message) => message.t === 'web' || (message.t === 'revoke' && message.ids.includes(session.jti)),
  );
  assert.equal(told.at(-1)?.t, 'revoke', 'the replacement came first');
  const newest = await bench.verify(connector.last('web')?.list[0] ?? '', connector);
  assert.equal(newest?.ch, ch);
  assert.deepEqual(newest.who.groups.toSorted(), ['sre', 'staff']);
  await bench.cookie('a1', { groups: [] });
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(newest.jti));
  assert.deepEqual(
    await bench.verify(connector.last('web')?.list[0] ?? '', connector),
    newest,
    'nothing followed',
  );
});

test('a web session ends with the schedule, the session and the validity of what allows it', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const soonMs = Math.ceil(bench.context.now() / 1_000) * 1_000 + 600_000;
  const until = new Date(soonMs).toISOString();
  const { session } = await bench.enter(connector, await bench.cookie());
  await bench.portal.apply(webDocument({ policies: [{ ...staffWiki, until }] }));
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(session.jti));
  const narrower = await bench.verify(connector.last('web')?.list[0] ?? '', connector);
  assert.equal(narrower?.cav.until, soonMs / 1_000);
  assert.equal(narrower.exp, soonMs / 1_000);
});

test('a hostname whose origin is another one now ends the web sessions there; they begin anew', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const { session } = await bench.enter(connector, await bench.cookie());
  const web = { hostname: wikiHost, origin: 'http://other.acme.internal:80' };
  await bench.portal.apply(webDocument({}, { web }));
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(session.jti));
  assert.equal(connector.all('web').flatMap(({ list }) => list).length, 1, 'and none takes its place');
});

test('a hostname that a network has no longer ends every ticket that names it, also of a connector that is away', async (t) => {
  const bench = await WebBench.open(t);
  const [connector, away, other] = [
    await bench.connector(),
    await bench.connector(),
    await bench.connector('lab'),
  ];
  const shown = (node: TestNode) =>
    node
      .all('tickets')
      .flatMap(({ list }) => list.map((jws) => decodeJwt<{ jti: string; hosts?: string[] }>(jws)));
  const told = async (node: TestNode, count: number) =>
    eventually('the tickets', () => (shown(node).length >= count ? shown(node) : undefined));
  const [[first], [second], [third]] = [await told(connector, 1), await told(away, 1), await told(other, 1)];
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.ok(first.hosts?.includes(wikiHost) && second.hosts?.includes(wikiHost));
  away.close();
  const web = { hostname: 'moved.acme.example', origin: 'http://wiki.acme.internal:80' };
  await bench.portal.apply(webDocument({}, { web }));
  for (const { jti } of [first, second])
    await other.until((message) => message.t === 'revoke' && message.ids.includes(jti));
  const [, newer] = await told(connector, 2);
  assert.ok(newer?.hosts?.includes('moved.acme.example') && !newer.hosts.includes(wikiHost));
  assert.ok(!other.all('revoke').some(({ ids }) => ids.includes(third.jti)), 'another network keeps its own');
});

test('the address at the sign-in, at the controller and at the relay must all be allowed', async (t) => {
  const policies: PolicyDocument[] = [{ ...staffWiki, when: { source: ['203.0.113.0/24'] } }];
  const bench = await WebBench.open(t, webDocument({ policies }));
  const connector = await bench.connector();
  const wiki = (): ConnectorSnapshot['resources'][string] | undefined => {
    const { snapshot } = connector;
    return snapshot?.kind === 'connector'
      ? Object.values(snapshot.resources).find(({ web }) => web?.hostnames.includes(wikiHost))
      : undefined;
  };
  assert.equal(wiki()?.web?.bySource, true);
  const cookie = await bench.cookie();
  assert.ok((await bench.enter(connector, cookie, { addr: '203.0.113.77' })).session);
  const { to, verifier } = await bench.start(cookie);
  const far = await bench.redeem(connector, to.searchParams.get('code') ?? '', verifier, {
    addr: '198.51.100.7',
  });
  assert.equal(far.answer.code, 'denied');
  assert.equal((await bench.start(cookie, {}, '198.51.100.7')).to.pathname, '/refused');
  const elsewhere = await bench.cookie('a1', { address: '198.51.100.7' });
  assert.equal((await bench.start(elsewhere)).to.pathname, '/refused');
});

test('a condition that a sign-in can mend sends the browser to the provider once, and then says why not', async (t) => {
  const policies: PolicyDocument[] = [{ ...staffWiki, when: { mfa: '1h' } }];
  const bench = await WebBench.open(t, webDocument({ policies }));
  const cookie = await bench.cookie();
  const { to } = await bench.start(cookie);
  assert.equal(to.pathname, '/oidc/corp/start');
  assert.equal(to.searchParams.get('for'), 'wiki');
  assert.equal(to.searchParams.get('door'), 'web');
  const back = new URL(to.searchParams.get('rd') ?? '', testUrl);
  assert.equal(back.searchParams.get('tried'), '1');
  assert.equal((await bench.start(cookie, { tried: '1' })).to.pathname, '/refused');
  const strong = await bench.cookie('a1', { amr: ['pwd', 'otp', 'mfa'] });
  assert.equal((await bench.start(strong)).to.pathname, '/.postern/callback');
});

test('a path that wants a fresh sign-in gets one, and only then', async (t) => {
  const bench = await WebBench.open(t);
  const cookie = await bench.cookie();
  assert.equal((await bench.start(cookie, { fresh: '600' })).to.pathname, '/.postern/callback');
  bench.portal.time.ahead += 601_000;
  const { to } = await bench.start(cookie, { fresh: '600' });
  assert.equal(to.pathname, '/oidc/corp/start');
  assert.equal(to.searchParams.get('fresh'), '1');
});

test('a condition about a device is not met by a browser, by a reason of its own with its remedy', async (t) => {
  const policies: PolicyDocument[] = [
    staffWiki,
    { name: 'healthy', require: 'everyone', to: { resources: ['wiki'] }, when: { posture: ['healthy'] } },
  ];
  const bench = await WebBench.open(t, webDocument({ policies }));
  const cookie = await bench.cookie();
  assert.equal((await bench.start(cookie)).to.pathname, '/refused');
  const shown = await bench.call(cookie, 'GET', `me/resources/${wikiHost}?door=web`);
  const { reasons, trace } = shown.json<{
    reasons: { name: string; met: boolean; fix?: string }[];
    trace: string;
  }>();
  const [needed] = reasons.filter(({ met }) => !met);
  assert.equal(needed?.name, 'device-needed');
  assert.match(needed.fix ?? '', /postern up/);
  const [entry] = await bench.portal.audit('access.refuse');
  const detail = JSON.parse(entry?.detail ?? '{}') as { trace: string; door: string };
  assert.deepEqual([detail.trace, detail.door], [trace, 'web']);
});

test('an ACME challenge of one connector reaches all of its network, for hostnames of that network alone', async (t) => {
  const bench = await WebBench.open(t);
  const [first, second, other] = [
    await bench.connector(),
    await bench.connector(),
    await bench.connector('lab'),
  ];
  const digest = 'd'.repeat(43);
  first.send({ t: 'cert', host: 'printer.acme.example', digest });
  first.send({ t: 'cert', host: 'Elsewhere.acme.example', digest });
  first.send({ t: 'cert', host: wikiHost, digest });
  await second.until((message) => message.t === 'acme');
  assert.deepEqual(
    second.all('acme').map(({ host }) => host),
    [wikiHost],
  );
  assert.equal(other.all('acme').length, 0);
});

test('what one connector signs assertions with is told to all of its network', async (t) => {
  const bench = await WebBench.open(t);
  const [first, second] = [await bench.connector(), await bench.connector()];
  const { calculateJwkThumbprint, exportJWK, generateKeyPair } = await import('jose');
  const { publicKey } = await generateKeyPair('ES256', { extractable: true });
  const { x = '', y = '' } = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x, y });
  first.send({ t: 'assertion-keys', keys: [{ kid, x, y }] });
  const told = await second.untilSnapshot<ConnectorSnapshot>(({ jwks }) => (jwks ?? []).length > 0);
  assert.deepEqual(told.jwks, [{ kid, x, y }]);
  const patches = second.all('patch').length;
  for (let again = 0; again < 3; again++) first.send({ t: 'assertion-keys', keys: [{ kid, x, y }] });
  first.send({ t: 'cert', host: wikiHost, digest: 'd'.repeat(43) });
  await second.until((message) => message.t === 'acme');
  assert.equal(second.all('patch').length, patches, 'the same once more is nothing new');
  second.send({ t: 'assertion-keys', keys: [{ kid, x: y, y: x }] });
  assert.equal(await eventually('a fault', () => second.last('fault')?.code), 'protocol');
});

test('who signs in again in the same browser keeps what is open there, and a code that is under way', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const organisation = bench.context.organisation(bench.context.firstOrganisation);
  const cookie = await bench.cookie();
  const { session, ch } = await bench.enter(connector, cookie);
  const { to, verifier } = await bench.start(cookie);
  await bench.cookie();
  const row = await organisation.store
    .select('sessions')
    .select('id')
    .where('id', '!=', session.ses)
    .where('subject', '=', session.sub)
    .executeTakeFirstOrThrow();
  const earlier = { organisation: organisation.id, id: session.ses, subject: session.sub };
  await replaceSession(bench.context, earlier, { session: row.id, person: session.sub });
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(session.ses));
  const moved = await bench.verify(connector.last('web')?.list[0] ?? '', connector);
  assert.deepEqual([moved?.ch, moved?.ses], [ch, row.id]);
  const told = connector.heard.map(({ t: type }) => type);
  assert.ok(told.lastIndexOf('web') < told.lastIndexOf('revoke'), 'before the old one is revoked');
  const late = await bench.redeem(connector, to.searchParams.get('code') ?? '', verifier);
  assert.ok(late.answer.jws);
  const { network } = await organisation.store
    .select('web_sessions')
    .select('network')
    .executeTakeFirstOrThrow();
  const code = {
    host: wikiHost as string as Name,
    network,
    challenge: 'c'.repeat(43),
    address: '203.0.113.7',
  };
  const make = (ses: Id<'ses'>): Promise<string | undefined> =>
    makeWebCode(
      organisation.store,
      { ...code, session: ses },
      { random: systemRandom, nowMs: bench.context.now() },
    );
  assert.equal(await make(session.ses), undefined, 'a tab that was asked for a moment earlier starts again');
  assert.ok(await make(row.id));
});
