/**
 * The web door from a real browser to a private application: sign-in through the identity provider, refusal, WebSocket,
 * events, uploads, tabs, sign-out and revocation, with every program a process of its own in the lab.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser, signIn } from '../support/browser.ts';
import { times } from '../support/length.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import { Client } from '../support/organisation/client.ts';
import { startGlobex } from '../support/organisation/globex.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { Person } from '../support/organisation/person.ts';
import type { Program } from '../support/lab/program.ts';
import { startWebApplication, webOrigin } from '../support/lab/web-application.ts';
import { labSite } from '../support/organisation/site.ts';
import { uploadFile } from '../support/upload-file.ts';

const wiki = 'https://wiki.acme.example';
const uploadMegabytes = times(64, 1_024);

suite('the web door in the lab', () => {
  let lab: Lab;
  let organisation: Organisation;
  let browser: Browser;
  let application: Program;
  before(async () => {
    lab = await openLab();
    application = await startWebApplication(lab);
    organisation = await Organisation.start(labSite(lab), {
      adapt(document) {
        const [resource] = document.resources ?? [];
        const [policy] = document.policies ?? [];
        if (resource === undefined || policy === undefined) throw new Error('the document has no wiki');
        resource.web = {
          hostnames: ['wiki.acme.example', '*.team.acme.example'],
          origin: webOrigin,
        };
        policy.doors = ['client', 'web'];
        document.expose = { suffix: 'apps.acme.example' };
        document.policies?.push({ name: 'staff-expose', allow: { groups: ['staff'] }, mayExpose: true });
        return document;
      },
    });
    browser = await openBrowser(lab, { trusted: [organisation.caFile] });
  });
  after(async () => {
    await browser?.close();
    await lab.close();
  });

  async function signedIn(email: string): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${wiki}/?a=1`);
    await signIn(page, organisation.provider, email);
    await page.waitForURL(`${wiki}/**`);
    return { context, page };
  }

  test('who may use the application signs in once and sees it, at the address that was asked for', async () => {
    const { page, context } = await signedIn('alice@acme.example');
    assert.equal(page.url(), `${wiki}/?a=1`);
    assert.equal(await page.textContent('h1'), 'Acme wiki');
    await context.close();
  });

  test('who may not use it is told so, and the application hears nothing of them', async () => {
    const before = application.output.length;
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${wiki}/secret-of-bob`);
    await signIn(page, organisation.provider, 'carol@acme.example');
    await page.getByRole('heading', { name: /may not|cannot|not open/i }).waitFor();
    assert.ok(!page.url().startsWith(`${wiki}/secret`), page.url());
    assert.ok(!application.output.slice(before).includes('secret-of-bob'));
    await context.close();
  });

  test('a WebSocket, events, a download and an upload pass as they do without a door', async () => {
    const { page, context } = await signedIn('alice@acme.example');
    const echoed = await page.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const socket = new WebSocket(`wss://wiki.acme.example/socket`);
          socket.addEventListener('open', () => socket.send('hello'));
          socket.addEventListener('message', ({ data }) => resolve(String(data)));
          socket.addEventListener('error', () => reject(new Error('the WebSocket failed')));
        }),
    );
    assert.equal(echoed, 'hello');
    const events = await page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const source = new EventSource('/events');
          const seen: string[] = [];
          source.addEventListener('message', ({ data }) => {
            if (seen.push(String(data)) === 3) {
              source.close();
              resolve(seen);
            }
          });
        }),
    );
    assert.deepEqual(events, ['1', '2', '3']);
    const size = await page.evaluate(
      async () => (await (await fetch('/bytes?n=20000000')).arrayBuffer()).byteLength,
    );
    assert.equal(size, 20_000_000);
    const kept = memoryOf(organisation);
    await uploadFile(page, uploadMegabytes);
    const grown = memoryOf(organisation) - kept;
    assert.ok(grown < 64 * 1_024, `the connector's memory grew by ${grown} KiB`);
    await context.close();
  });

  test('two tabs sign in at once and share it, a form without a session is not kept, and signing out is for all of the browser', async () => {
    const context = await browser.newContext();
    const [page, second] = [await context.newPage(), await context.newPage()];
    await Promise.all([page.goto(`${wiki}/?tab=1`), second.goto(`${wiki}/?tab=2`)]);
    await Promise.all([page, second].map((tab) => signIn(tab, organisation.provider, 'alice@acme.example')));
    await Promise.all([page.waitForURL(`${wiki}/?tab=1`), second.waitForURL(`${wiki}/?tab=2`)]);
    for (const tab of [page, second]) assert.equal(await tab.textContent('h1'), 'Acme wiki');
    for (const tab of [page, second]) await tab.reload();
    assert.deepEqual([page.url(), second.url()], [`${wiki}/?tab=1`, `${wiki}/?tab=2`]);
    await second.goto(`${wiki}/form`);
    await page.goto(`${wiki}/.postern/logout`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('You are signed out').waitFor();
    const answers = await second.evaluate(async () => {
      const { status, headers } = await fetch('/headers');
      return { status, type: headers.get('content-type') };
    });
    assert.deepEqual(answers, { status: 401, type: 'application/json; charset=utf-8' });
    const before = application.output.length;
    await second.getByRole('button', { name: 'Send' }).click();
    await second.getByText('What you sent was not kept').waitFor();
    assert.ok(!application.output.slice(before).includes('/upload'));
    await page.goto(`${wiki}/?tab=1`);
    if (!page.url().startsWith(wiki)) await signIn(page, organisation.provider, 'alice@acme.example');
    await page.waitForURL(`${wiki}/?tab=1`);
    await second.goto(`${wiki}/?tab=2`);
    assert.equal(await second.textContent('h1'), 'Acme wiki');
    await context.close();
  });

  test('SEC-J6 an application gets no service worker over the pages of the door, and one that is let to cannot keep a person signed in', async () => {
    const { page, context } = await signedIn('alice@acme.example');
    const register = (script: string, scope?: string): Promise<string> =>
      page.evaluate(
        `navigator.serviceWorker.register('${script}', ${scope === undefined ? '{}' : `{ scope: '${scope}' }`})
          .then((worker) => new URL(worker.scope).pathname, (error) => error.name)`,
      );
    assert.equal(await register('/sw.js'), 'TypeError', 'the script is refused');
    assert.equal(await register('/sw.js', '/.postern/'), 'TypeError');
    for (const scope of ['/', '/.postern/', '/.postern/logout'])
      assert.equal(await register('/static/sw.js', scope), 'SecurityError', scope);
    assert.equal(await register('/static/sw.js'), '/static/', 'a folder has its own');
    await page.goto(`${wiki}/.postern/logout`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
    await page.goto(`${wiki}/`);
    const pressed = await page.evaluate(() =>
      Promise.all(
        ['', '?everywhere'].map(
          async (how) => (await fetch(`/.postern/logout${how}`, { method: 'POST' })).status,
        ),
      ),
    );
    assert.deepEqual(pressed, [403, 403], 'a script presses no button');
    await page.reload();
    assert.equal(await page.textContent('h1'), 'Acme wiki');

    const allow = (isAllowed: boolean): Promise<unknown> =>
      organisation.apply((document) => {
        const [resource] = document.resources ?? [];
        if (isAllowed && resource?.web !== undefined) resource.web.serviceWorkers = true;
      });
    await allow(true);
    assert.equal(
      await eventually('a worker', async () => ((await register('/sw.js')) === '/' ? '/' : undefined)),
      '/',
    );
    await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
    await page.goto(`${wiki}/.postern/logout`);
    assert.equal(await page.textContent('h1'), 'You are signed out', 'as the application has it');
    const still = () => page.evaluate(async () => (await fetch('/headers')).status);
    assert.equal(await still(), 200);
    const portal = await context.newPage();
    await portal.goto(organisation.url);
    await portal.getByRole('button', { name: /Signed in as/ }).click();
    await portal.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
    await portal.waitForURL((url) => url.origin !== wiki && /login|idp/.test(url.href));
    assert.equal(await still(), 401, 'the controller is another origin');
    await allow(false);
    await context.close();
  });

  test('SEC-J3, SEC-J8 a page of a listed hostname sends what needs a preflight and opens a WebSocket, by its path rule; any other does not', async () => {
    const { page, context } = await signedIn('alice@acme.example');
    const from = 'https://board.team.acme.example';
    const other = await context.newPage();
    await other.goto(`${from}/`);
    await other.waitForURL(`${from}/`);
    const put = (): Promise<string> =>
      other.evaluate(
        (url) =>
          fetch(url, { method: 'PUT', credentials: 'include', headers: { 'x-mine': '1' } }).then(
            async (answer) => ((await answer.json()) as Record<string, string>)['remote-user'] ?? 'nobody',
            (error: Error) => error.name,
          ),
        `${wiki}/shared`,
      );
    const socket = (tab = other): Promise<string> =>
      tab.evaluate(
        (url) =>
          new Promise<string>((resolve) => {
            const opened = new WebSocket(url);
            opened.addEventListener('open', () => opened.send('hello'));
            opened.addEventListener('message', ({ data }) => resolve(String(data)));
            opened.addEventListener('error', () => resolve('refused'));
          }),
        'wss://wiki.acme.example/socket',
      );
    const asked = (what: string): number => application.output.split(`request ${what}`).length - 1;
    const before = { put: asked('PUT /shared'), options: asked('OPTIONS /shared') };
    assert.deepEqual([await put(), await socket(), await socket(page)], ['TypeError', 'refused', 'hello']);
    assert.deepEqual({ put: asked('PUT /shared'), options: asked('OPTIONS /shared') }, before);

    const list = (effect: 'require' | 'block', groups?: string[]): Promise<unknown> =>
      organisation.apply((document) => {
        const [resource] = document.resources ?? [];
        if (resource?.web === undefined) return;
        resource.web.allowOrigins = [from];
        resource.web.rules = [{ paths: ['/socket'], effect, ...(groups === undefined ? {} : { groups }) }];
      });
    await list('require', ['staff']);
    assert.equal(
      await eventually('a listed site', async () => ((await put()) === 'TypeError' ? undefined : put())),
      'alice@acme.example',
    );
    assert.ok(asked('OPTIONS /shared') > before.options, 'the application itself answered the preflight');
    assert.equal(await socket(), 'hello');
    await list('require', ['automation']);
    assert.equal(
      await eventually('a rule', async () => ((await socket()) === 'refused' ? 'refused' : undefined)),
      'refused',
    );
    assert.equal(await put(), 'alice@acme.example', 'the rule is for its path alone');
    await list('block');
    assert.deepEqual([await socket(), await socket(page)], ['refused', 'refused']);
    await organisation.apply();
    assert.equal(
      await eventually('a site that is listed no more', async () =>
        (await put()) === 'TypeError' ? 'TypeError' : undefined,
      ),
      'TypeError',
    );
    await context.close();
  });

  test('REL-6: taking the right away ends a WebSocket, an event stream and a download within a second', async () => {
    const { page, context } = await signedIn('alice@acme.example');
    await openAllKinds(page);
    await endsWithin(page, 1_000, () =>
      organisation.apply((document) => {
        const [policy] = document.policies ?? [];
        if (policy !== undefined) policy.doors = ['client'];
      }),
    );
    const answered = await page.goto(`${wiki}/`).catch(() => null);
    assert.ok(answered === null || !answered.url().startsWith(wiki), 'the cookie is void');
    await organisation.apply();
    await context.close();
  });

  test('SEC-J8 with the client running the same name opens without a sign-in page, by the same certificate and policy', async () => {
    const { context, page } = await signedIn('alice@acme.example');
    const byBrowser = await (await page.goto(`${wiki}/`))?.securityDetails();
    await context.close();
    const client = new Client(lab.laptop, 'both-doors');
    const alice = await Person.at(browser, organisation, 'alice@acme.example');
    await alice.upByBrowser(client);
    lab.laptop.tellResolverChanged();
    const fresh = await browser.newContext();
    const tab = await fresh.newPage();
    const opened = await tab.goto(`${wiki}/`);
    assert.equal(await tab.textContent('h1'), 'Acme wiki');
    assert.equal(tab.url(), `${wiki}/`);
    assert.deepEqual(await opened?.securityDetails(), byBrowser);
    assert.match((await opened?.serverAddr())?.ipAddress ?? '', /^100\./);
    const told = await headersSeen(tab);
    assert.equal(told['remote-user'], 'alice@acme.example');
    assert.equal(doorIn(told), 'client');
    assert.match((await client.why('wiki.acme.example')).text ?? '', /without a sign-in page/);
    assert.deepEqual((await client.status()).dns?.hostnames, ['wiki.acme.example', '*.team.acme.example']);

    await openAllKinds(tab);
    await endsWithin(tab, 1_000, () =>
      organisation.apply((document) => {
        const [policy] = document.policies ?? [];
        if (policy !== undefined) policy.doors = ['web'];
      }),
    );
    // At once, although the browser still has the address it had: it goes by its own door there, too.
    await tab.goto(`${wiki}/`);
    assert.ok(!tab.url().startsWith(wiki), 'the browser’s own door asks for a sign-in');
    await organisation.apply();

    const flows = (await organisation.audit('flow.open')).filter(
      ({ detail }) => (detail as { kind?: string }).kind === 'web',
    );
    assert.ok(flows.length > 0);
    for (const { detail, resource, who } of flows) {
      assert.ok((detail as { device?: string }).device?.startsWith('dev_'), 'the device is named');
      assert.deepEqual([resource, who.slice(0, 4)], ['wiki', 'usr_']);
    }
    await client.down();
    await fresh.close();
    await alice.close();
  });

  test('SEC-J8 a name below a wildcard hostname opens through the client as an exact one does, and what public DNS leads elsewhere stays there', async () => {
    const name = 'plans.team.acme.example';
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`https://${name}/?a=1`);
    await signIn(page, organisation.provider, 'alice@acme.example');
    await page.waitForURL(`https://${name}/?a=1`);
    const byBrowser = await (await page.goto(`https://${name}/`))?.securityDetails();
    assert.equal(doorIn(await headersSeen(page)), 'web');
    await context.close();

    const client = new Client(lab.laptop, 'both-doors');
    client.up(organisation.personArgs);
    await client.ready();
    lab.laptop.tellResolverChanged();
    const addressOf = async (host: string): Promise<string> =>
      (await lab.laptop.run('getent', ['ahostsv4', host])).stdout.split(' ')[0] ?? '';
    assert.match(await addressOf(name), /^100\./);
    assert.equal(await addressOf('www.team.acme.example'), lab.addresses.publicSite);
    const fresh = await browser.newContext();
    const tab = await fresh.newPage();
    const opened = await tab.goto(`https://${name}/`);
    assert.equal(await tab.textContent('h1'), 'Acme wiki');
    assert.equal(tab.url(), `https://${name}/`);
    assert.deepEqual(await opened?.securityDetails(), byBrowser);
    assert.match((await opened?.serverAddr())?.ipAddress ?? '', /^100\./);
    const told = await headersSeen(tab);
    assert.deepEqual([told['remote-user'], doorIn(told)], ['alice@acme.example', 'client']);
    assert.match((await client.why(name)).text ?? '', /unless public DNS/);

    const other = await fresh.newPage();
    await other.goto(`${wiki}/`);
    const refused = await other.evaluate(
      (url) => fetch(url, { credentials: 'include' }).then(({ type }) => type, String),
      `https://${name}/headers`,
    );
    assert.match(refused, /TypeError/, 'a page of another hostname reads nothing');
    await openAllKinds(tab);
    await endsWithin(tab, 1_000, () =>
      organisation.apply((document) => {
        const [policy] = document.policies ?? [];
        if (policy !== undefined) policy.doors = ['web'];
      }),
    );
    await organisation.apply();
    const hosts = (await organisation.audit('flow.open')).map(({ detail }) => detail as { host?: string });
    assert.ok(hosts.some(({ host }) => host === name));
    await client.down();
    await fresh.close();
  });

  test('by the proxy of a client without privilege such a name is the device’s as well, and has its other door once it is not', async () => {
    const name = 'plans.team.acme.example';
    const client = new Client(lab.laptop, 'unprivileged');
    const alice = await Person.at(browser, organisation, 'alice@acme.example');
    await alice.upByCode(client, ['--capture', 'none', '--http-proxy', '127.0.0.1:8118']);
    const proxy = 'http://127.0.0.1:8118';
    const curl = async (...args: string[]): Promise<string> => {
      const { stdout } = await lab.laptop.run('curl', ['-sS', '--cacert', organisation.caFile, ...args]);
      return stdout;
    };
    assert.match(await curl(`${proxy}/proxy.pac`), /"team\.acme\.example"/);
    const opened = await curl('--proxy', proxy, `https://${name}/headers`);
    const told = JSON.parse(opened) as Record<string, string>;
    assert.deepEqual([told['remote-user'], doorIn(told)], ['alice@acme.example', 'client']);
    await organisation.apply((document) => {
      const [policy] = document.policies ?? [];
      if (policy !== undefined) policy.doors = ['web'];
    });
    await eventually('the name by its other door', async () => {
      const answer = await curl('--proxy', proxy, `https://${name}/headers`);
      return answer.includes('"error":"sign-in-needed"') ? true : undefined;
    });
    await organisation.apply();
    await Promise.all([client.down(), alice.close()]);
  });

  test('a person exposes a port of their laptop: who was named opens it after a sign-in, nobody else does, and it ends', async () => {
    const app = lab.laptop.spawn(
      'node',
      ['test/support/lab/web-application-server.ts', '127.0.0.1', '3000'],
      {
        name: 'exposed-application',
      },
    );
    await app.waitFor(/^ready$/m);
    const client = new Client(lab.laptop, 'exposing');
    const alice = await Person.at(browser, organisation, 'alice@acme.example');
    await alice.upByCode(client, ['--capture', 'none']);
    const expose = (...more: string[]): Program =>
      client.place.spawn(
        'bin/postern',
        ['expose', '3000', '--allow', 'bob@acme.example', '--ttl', '2h', '--state', client.state, ...more],
        { name: 'expose' },
      );
    const exposing = expose();
    await exposing.waitFor(/Stop with Ctrl-C/);
    assert.match(
      exposing.output,
      /^https:\/\/alice-3000\.apps\.acme\.example {3}→ {2}localhost:3000 {5}who: bob@acme\.example, you/m,
    );
    const url = 'https://alice-3000.apps.acme.example';

    const opened = async (email: string): Promise<Page> => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(`${url}/headers?secret=s3cret`);
      await signIn(page, organisation.provider, email);
      return page;
    };
    const bob = await opened('bob@acme.example');
    await bob.waitForURL(`${url}/**`);
    const told = await headersSeen(bob);
    assert.deepEqual([told['remote-user'], doorIn(told)], ['bob@acme.example', 'web']);
    await exposing.waitFor(/GET +\/headers +200 +\d+ ms +bob@acme\.example/);
    assert.ok(!exposing.output.includes('s3cret'), 'queries are not shown');
    const echoed = await bob.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const socket = new WebSocket(`wss://alice-3000.apps.acme.example/socket`);
          socket.addEventListener('open', () => socket.send('hello'));
          socket.addEventListener('message', ({ data }) => resolve(String(data)));
          socket.addEventListener('error', () => reject(new Error('the WebSocket failed')));
        }),
    );
    assert.equal(echoed, 'hello');
    const carol = await opened('carol@acme.example');
    await carol.getByRole('heading', { name: /may not|cannot|not open/i }).waitFor();
    const tried = await lab.laptop.run('curl', ['-sS', '--cacert', organisation.caFile, `${url}/headers`]);
    assert.match(tried.stdout, /"error":"sign-in-needed"|sign-in/, tried.stderr);
    assert.ok(!app.output.includes('carol'));

    const listed = await organisation.admin('expose', 'list', '--json');
    assert.match(listed, /"hostname":"alice-3000\.apps\.acme\.example".*"personName":"alice@acme\.example"/);
    const second = await client.run('expose', '3000');
    assert.equal(second.code, 2);
    assert.match(second.stderr, /in use already/);

    exposing.kill('SIGINT');
    assert.equal((await exposing.ended).code, 0);
    const own = JSON.parse((await client.run('expose', 'list', '--json')).stdout) as { exposures: [] };
    assert.deepEqual(own.exposures, [], 'it is over when the command is');
    const flows = (await organisation.audit('flow.open')).filter(
      ({ resource }) => resource === 'alice-3000.apps.acme.example',
    );
    assert.ok(flows.length > 0, 'who opened it was handed in before the end');

    const again = expose('--json');
    const [line] = await again.waitFor(/^\{"schema":"postern.expose\/v1".*$/m);
    assert.ok(!line.includes('pk_'), 'no key is printed');
    await organisation.admin('expose', 'end', 'alice-3000.apps.acme.example');
    assert.equal((await again.ended).code, 4);
    assert.match(again.output, /An administrator ended what you exposed/);
    const refused = await lab.laptop.run('curl', ['-sS', '--cacert', organisation.caFile, `${url}/headers`]);
    assert.notEqual(refused.code, 0, 'nothing answers there any more');
    const entries = [
      ...(await organisation.audit('exposure.begin')),
      ...(await organisation.audit('exposure.end')),
    ];
    assert.deepEqual(
      entries.map(({ what, resource, cause }) => [what, resource, cause]),
      [
        ['exposure.begin', 'alice-3000.apps.acme.example', undefined],
        ['exposure.begin', 'alice-3000.apps.acme.example', undefined],
        ['exposure.end', 'alice-3000.apps.acme.example', 'ended'],
        ['exposure.end', 'alice-3000.apps.acme.example', 'ended-by-administrator'],
      ],
    );
    const third = expose();
    await third.waitFor(/Stop with Ctrl-C/);
    assert.equal((await client.run('logout')).code, 0);
    assert.equal((await third.ended).code, 3, third.output);
    assert.match(third.output, /You have signed out/);
    await app.stop();
    await Promise.all([bob.context().close(), carol.context().close(), alice.close()]);
  });

  test('a page goes on working, by the other door, when the client is stopped and started under it', async () => {
    const client = new Client(lab.laptop, 'both-doors');
    // The browser hears of new name settings a moment after they are there.
    const heard = (isOurs: boolean): Promise<true> => {
      lab.laptop.tellResolverChanged();
      return eventually('a browser that has heard of it', async () => {
        const other = await browser.newContext();
        const answered = await (await other.newPage()).goto(`${wiki}/`, { timeout: 2_000 }).catch(() => null);
        const address = answered?.url().startsWith(wiki) === true ? await answered.serverAddr() : undefined;
        await other.close();
        return (address?.ipAddress.startsWith('100.') === true) === isOurs && answered !== null
          ? true
          : undefined;
      });
    };
    const up = async (): Promise<void> => {
      client.up(organisation.personArgs);
      await client.ready();
      await heard(true);
    };
    const down = async (): Promise<void> => {
      await client.down();
      await heard(false);
    };
    await up();
    const context = await browser.newContext();
    const page = await context.newPage();
    const opened = async (): Promise<string> => {
      await page.waitForURL(`${wiki}/?a=1`);
      assert.equal(await page.textContent('h1'), 'Acme wiki');
      return doorIn(await headersSeen(page));
    };
    await page.goto(`${wiki}/?a=1`);
    assert.equal(await opened(), 'client');
    await down();
    await page.reload();
    await signIn(page, organisation.provider, 'alice@acme.example');
    assert.equal(await opened(), 'web');
    await up();
    await page.reload();
    await opened();
    await down();
    await page.reload();
    assert.equal(await opened(), 'web', 'and is signed in as before');
    await context.close();
  });

  test('a second organisation is joined while the client runs: equal subnets side by side, the zone stays with the first', async () => {
    const globex = await startGlobex(lab);
    const second = await openBrowser(lab, { trusted: [organisation.caFile, globex.caFile] });
    const client = new Client(lab.laptop, 'two-accounts');
    const people = await Promise.all(
      [organisation, globex].map((each) => Person.at(second, each, 'alice@acme.example')),
    );
    await people[0]?.upByBrowser(client);
    await people[1]?.loginByBrowser(client);

    // One address in two private networks, and an unchanged curl and ssh.
    const curl = async (url: string): Promise<string> => (await lab.laptop.run('curl', ['-sS', url])).stdout;
    assert.match(await curl('http://wiki.acme.internal/'), /Acme wiki/);
    assert.match(await curl('http://wiki.globex.internal/'), /Globex wiki/);
    const ssh = await lab.laptop.run('ssh', [
      '-F',
      lab.bastion.configFile,
      'root@bastion.acme.internal',
      'hostname',
    ]);
    assert.equal(ssh.stdout.trim(), 'bastion', ssh.stderr);

    // The zone that both declare is the first's: the second's application there has no name on this device.
    const trap = await lab.laptop.run('curl', ['-sS', 'http://trap.acme.internal/']);
    assert.equal(trap.code, 6, trap.stdout);
    const text = (await client.run('status')).stdout;
    assert.match(text, /^Account +acme$[^]*^Account +globex$/m);
    assert.match(text, /! The zone acme\.internal is held by your account acme;/);
    const named = await client.run('why', 'trap', '--account', 'globex');
    assert.equal(named.code, 0, named.stderr);
    const guessed = await client.run('why', 'wiki');
    assert.equal(guessed.code, 2);
    assert.match(guessed.stderr, /several accounts know "wiki"; say which with --account: acme, globex/);

    // The controller of one goes away; then its account is signed out; the other notices neither.
    globex.controller.kill('SIGKILL');
    await globex.controller.ended;
    assert.match(await curl('http://wiki.globex.internal/'), /Globex wiki/);
    assert.match(await curl('http://wiki.acme.internal/'), /Acme wiki/);
    assert.equal((await client.run('logout')).code, 2);
    const out = await client.run('logout', '--account', 'globex');
    assert.equal(out.code, 0, out.stderr);
    assert.match(out.stdout, /Signed out\. The other accounts of this device go on/);
    assert.equal((await lab.laptop.run('curl', ['-sS', 'http://wiki.globex.internal/'])).code, 6);
    assert.match(await curl('http://wiki.acme.internal/'), /Acme wiki/);
    await client.down();
    await second.close();
  });
});

/** What the application was told with a request of this page. */
function headersSeen(page: Page): Promise<Record<string, string>> {
  return page.evaluate(
    async () => (await (await fetch('/headers', { cache: 'no-store' })).json()) as Record<string, string>,
  );
}

function doorIn(headers: Record<string, string>): string {
  return String(decodeJwt(headers['postern-assertion'] ?? '')['door']);
}

/** Opens a WebSocket, an event stream and a download that do not end by themselves. */
async function openAllKinds(page: Page): Promise<void> {
  await page.evaluate((host) => {
    const ended: Record<string, number> = {};
    Object.assign(globalThis, { ended });
    const socket = new WebSocket(`wss://${host}/socket`);
    socket.addEventListener('close', () => (ended['socket'] = Date.now()));
    const source = new EventSource('/events');
    source.addEventListener('error', () => (ended['events'] ??= Date.now()));
    void fetch('/bytes?n=100000000000')
      .then((answer) => answer.body?.pipeTo(new WritableStream()))
      .catch(() => (ended['download'] = Date.now()));
    return new Promise<void>((resolve) => {
      socket.addEventListener('open', () =>
        source.addEventListener('message', () => resolve(), { once: true }),
      );
    });
  }, new URL(page.url()).host);
}

/** Makes the change, and holds that all of them ended because of it, and how soon after it was in force. */
async function endsWithin(page: Page, ms: number, change: () => Promise<unknown>): Promise<void> {
  const since = Date.now();
  await change();
  const applied = Date.now();
  await page.waitForFunction(
    () => Object.keys((globalThis as unknown as { ended: object }).ended).length === 3,
  );
  const ended = await page.evaluate(() => (globalThis as unknown as { ended: Record<string, number> }).ended);
  for (const [what, at] of Object.entries(ended)) {
    assert.ok(at >= since, `${what} ended before`);
    assert.ok(at - applied < ms, `${what} ended ${at - applied} ms after the change was in force`);
  }
}

/** Resident KiB of the connector. */
function memoryOf({ connector }: Organisation): number {
  const status = readFileSync(`/proc/${connector.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}
