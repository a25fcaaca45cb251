/**
 * A connector that is stopped in order under a signed-in browser, with another one of its network beside it: every program a
 * process of its own, a real Chromium with a WebSocket, and curl with a long upload.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, signIn } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Program } from '../support/lab/program.ts';
import { holdingConnections, startWebApplication, webOrigin } from '../support/lab/web-application.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';

const wiki = 'https://wiki.acme.example';
/** Sent in six seconds. */
const uploadBytes = 12_000_000;

suite('a connector that is stopped under browsers, in the lab', () => {
  let lab: Lab;
  let organisation: Organisation;
  let browser: Browser;
  let second: Program;
  before(async () => {
    lab = await openLab();
    await startWebApplication(lab);
    organisation = await Organisation.start(labSite(lab), {
      adapt(document) {
        const [resource] = document.resources ?? [];
        const [policy] = document.policies ?? [];
        if (resource === undefined || policy === undefined) throw new Error('the document has no wiki');
        resource.web = { hostname: 'wiki.acme.example', origin: webOrigin };
        policy.doors = ['web'];
        return document;
      },
    });
    const key = join(lab.dir, 'second.key');
    writeFileSync(key, await organisation.admin('token', 'create', '--connector', 'hq'), { mode: 0o600 });
    const state = join(lab.dir, 'connector-2');
    second = lab.hq.spawn(
      'bin/postern',
      ['connector', '--state', state, '--name', 'hq-2', '--key-file', key],
      { name: 'hq-2' },
    );
    await eventually('both connectors are attached', async () => {
      const found = await Promise.all(
        [join(lab.dir, 'connector'), state].map(async (path) => {
          const { stdout } = await lab.hq.run('bin/postern', ['status', '--state', path, '--json']);
          return (JSON.parse(stdout || '{}') as { state?: string }).state;
        }),
      );
      return found.every((each) => each === 'ready') || undefined;
    });
    browser = await openBrowser(lab, { trusted: [organisation.caFile] });
  });
  after(async () => {
    await browser?.close();
    await lab.close();
  });

  /** Which of the two holds connections to the application. */
  async function answering(): Promise<Program> {
    const found = await holdingConnections(lab, [organisation.connector, second]);
    if (found === undefined) throw new Error('no connector holds a connection to the application');
    return found;
  }

  async function echo(page: Page, word: string): Promise<string> {
    return page.evaluate(
      (text) =>
        new Promise<string>((resolve, reject) => {
          const { socket } = globalThis as unknown as { socket: WebSocket };
          socket.addEventListener('message', ({ data }) => resolve(String(data)), { once: true });
          socket.addEventListener('close', () => reject(new Error('the WebSocket ended')));
          socket.send(text);
        }),
      word,
    );
  }

  test('REL-7 an upload and a WebSocket go on, new pages come from the other connector at once, and the first one ends', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${wiki}/`);
    await signIn(page, organisation.provider, 'alice@acme.example');
    await page.waitForURL(`${wiki}/**`);
    const [cookie] = (await context.cookies(wiki)).filter(({ name }) => name === '__Host-postern');
    const body = join(lab.dir, 'upload');
    writeFileSync(body, Buffer.alloc(uploadBytes, 7));
    const upload = lab.laptop.spawn(
      'curl',
      [
        ...['-sS', '--cacert', organisation.caFile, '--limit-rate', '2M', '--http1.1'],
        ...['-H', `Cookie: ${cookie?.name}=${cookie?.value}`, '-T', body, `${wiki}/upload`],
      ],
      { name: 'upload' },
    );
    await page.evaluate(
      (url) =>
        new Promise<void>((resolve) => {
          const socket = new WebSocket(url);
          Object.assign(globalThis, { socket });
          socket.addEventListener('open', () => resolve());
        }),
      'wss://wiki.acme.example/socket',
    );
    assert.equal(await echo(page, 'before'), 'before');
    const stopped = await answering();
    const other = stopped === second ? organisation.connector : second;
    stopped.kill('SIGTERM');
    await stopped.waitFor(/Draining/);
    const since = performance.now();
    const fresh = await context.newPage();
    assert.equal((await fresh.goto(`${wiki}/`))?.status(), 200);
    const tookMs = performance.now() - since;
    assert.ok(tookMs < 1_000, `a page took ${Math.round(tookMs)} ms`);
    assert.equal(await holdingConnections(lab, [other]), other);
    assert.equal(await echo(page, 'while it drains'), 'while it drains');
    const { code } = await upload.ended;
    assert.equal(code, 0, upload.output);
    assert.equal((JSON.parse(upload.output) as { length: number }).length, uploadBytes);
    assert.equal(await echo(page, 'after the upload'), 'after the upload');
    const closedAt = performance.now();
    await page.evaluate(() => (globalThis as unknown as { socket: WebSocket }).socket.close());
    assert.deepEqual(await stopped.ended, { code: 0, signal: null });
    assert.ok(performance.now() - closedAt < 5_000, 'nothing kept it');
    await context.close();
  });
});
