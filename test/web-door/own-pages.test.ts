/** What the door says by itself: refusals that name what refused and where to go on, maintenance, and signing out. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { refusalNotice } from '../../connector/web/gate-notices.ts';
import { render } from '../../connector/web/pages.ts';
import type { FromNode } from '../../protocol/control.ts';
import { inFrontOf, urlOf } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

const origin = createServer((_request, response) => response.end('from the origin'));
let bench: WebBench;
before(async () => {
  bench = await inFrontOf(origin);
});
after(() => bench.close());
beforeEach(() => bench.publish(wiki, [urlOf(origin)]));

const page = { accept: 'text/html' };

describe('a refusal', () => {
  test('by a rule names its paths and groups, and leads to where the controller says who one is', async () => {
    bench.publish(wiki, [urlOf(origin)], {
      rules: [{ paths: ['/admin/*'], effect: 'require', groups: ['sre', '<owners>'] }],
    });
    const { cookie } = await bench.signIn(wiki);
    const shown = await bench.ask('/admin/"><script>', { cookie, headers: page });
    assert.equal(shown.status, 403);
    assert.match(shown.body, /\/admin\/\*/);
    assert.match(shown.body, /members of sre or &lt;owners&gt;/);
    assert.match(
      shown.body,
      new RegExp(`href="https://access.acme.example/refused\\?resource=${wiki}&amp;door=web"`),
    );
    assert.ok(!shown.body.includes('script'), 'nothing of the request is echoed');
    const told = JSON.parse((await bench.ask('/admin/x', { cookie })).body) as Record<string, string>;
    assert.deepEqual(
      [told['error'], told['why']],
      ['group-needed', `https://access.acme.example/refused?resource=${wiki}&door=web`],
    );
  });

  test('by the client door leads to the reasons, by which access can be asked for', () => {
    const why = 'https://access.acme.example/refused?resource=wiki.acme.example&door=client';
    const { status, body } = render(refusalNotice('denied', 'client', why), true);
    assert.equal(status, 403);
    assert.match(body, /lets this computer open it/);
    assert.match(body, /door=client">See why, or ask for access</);
    assert.ok(!render(refusalNotice('denied', 'client', undefined), true).body.includes('See why'));
  });

  test('for maintenance says when to try again, to a page, a program and a path that is public', async () => {
    bench.publish(wiki, [urlOf(origin)], {
      maintenance: 'Back at noon.',
      rules: [{ paths: ['/open'], effect: 'public' }],
    });
    for (const [path, headers] of [
      ['/', page],
      ['/api', {}],
      ['/open', {}],
    ] as [string, Record<string, string>][]) {
      const { status, headers: answered, body } = await bench.ask(path, { headers });
      assert.deepEqual([status, answered['retry-after']], [503, '60'], path);
      assert.match(body, /Back at noon\./);
    }
  });
});

describe('signing out', () => {
  const asked: FromNode[] = [];
  beforeEach(() => {
    asked.length = 0;
    bench.controller = (message) => {
      if (message.t !== 'sign-out') return undefined;
      asked.push(message);
      return { t: 'signed-out', re: message.id };
    };
  });
  const post = (path: string, cookie?: string, from = `https://${wiki}:${bench.port}`) =>
    bench.ask(path, {
      method: 'POST',
      ...(cookie === undefined ? {} : { cookie }),
      headers: { ...page, 'sec-fetch-user': '?1', origin: from },
    });

  test('the page offers both ways, and each form does what it says', async () => {
    const { cookie, session } = await bench.signIn(wiki);
    const { body } = await bench.ask('/.postern/logout', { cookie, headers: page });
    const forms = [...body.matchAll(/action="([^"]+)"><button>([^<]+)</g)].map(([, to = '', label]) => [
      label,
      to,
    ]);
    assert.deepEqual(forms, [
      ['Sign out', '/.postern/logout'],
      ['Sign out everywhere', '/.postern/logout?everywhere'],
    ]);
    const titles = [];
    for (const [, to = ''] of forms) {
      const done = await post(to, cookie);
      assert.match(String(done.headers['set-cookie']), /^__Host-postern=; .*Max-Age=0/);
      titles.push(/<h1>([^<]+)/.exec(done.body)?.[1]);
    }
    assert.deepEqual(titles, ['You are signed out', 'You are signed out everywhere']);
    assert.deepEqual(
      asked.map((message) => message.t === 'sign-out' && [message.web, message.everywhere]),
      [
        [session.jti, undefined],
        [session.jti, true],
      ],
    );
  });

  test('everywhere needs a session here, and neither is done for a page of another site', async () => {
    const { cookie } = await bench.signIn(wiki);
    assert.match((await post('/.postern/logout?everywhere')).body, /Nobody is signed in here/);
    for (const path of ['/.postern/logout', '/.postern/logout?everywhere'])
      assert.equal((await post(path, cookie, 'https://evil.example')).status, 403);
    assert.deepEqual(asked, []);
  });

  test('SEC-J6 a script of the application itself signs nobody out: the button does', async () => {
    const { cookie } = await bench.signIn(wiki);
    const asks = (headers: Record<string, string>) =>
      bench.ask('/.postern/logout?everywhere', {
        method: 'POST',
        cookie,
        headers: { origin: `https://${wiki}:${bench.port}`, ...headers },
      });
    const site = { 'sec-fetch-site': 'same-origin' };
    assert.equal((await asks({ ...site, 'sec-fetch-mode': 'cors' })).status, 403);
    assert.equal((await asks({ ...site, 'sec-fetch-mode': 'navigate' })).status, 403, 'nobody pressed it');
    assert.deepEqual(asked, []);
    assert.equal((await asks({ ...site, 'sec-fetch-mode': 'navigate', 'sec-fetch-user': '?1' })).status, 200);
  });

  test('without the controller it says that only this browser forgot', async () => {
    const { cookie } = await bench.signIn(wiki);
    bench.controller = () => undefined;
    bench.isConnected = false;
    const { body } = await post('/.postern/logout?everywhere', cookie);
    bench.isConnected = true;
    assert.match(body, /You are signed out here/);
  });
});
