/**
 * Two controllers as programs, over real PostgreSQL and Redis, behind haproxy with the file that is shipped: people, a relay,
 * a connector and clients notice nothing of which controller they are at.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Static } from 'typebox';
import type { Browser } from 'playwright-core';
import type { SessionEntry as SessionSchema } from '../../protocol/inventory.ts';
import { openBrowser, signIn } from '../support/browser.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Program } from '../support/lab/program.ts';
import type { OrganisationFile } from '../support/organisation/acme-document.ts';
import { Client } from '../support/organisation/client.ts';
import { LabCluster, type MemberName } from '../support/organisation/lab-cluster.ts';
import { Person } from '../support/organisation/person.ts';
import type { BlockReport } from '../support/relays/block-client.ts';

type SessionEntry = Static<typeof SessionSchema>;

const host = 'blocks.acme.internal';
const port = 7_000;
const script = (name: string): string => fileURLToPath(new URL(`../support/relays/${name}`, import.meta.url));

suite('two controllers behind one entrance', () => {
  let lab: Lab;
  let cluster: LabCluster;
  let browser: Browser;
  let alice: Person;
  const clients: Client[] = [];

  before(async () => {
    lab = await openLab();
    const server = lab.servers.spawn('node', [script('block-server.ts'), lab.addresses.wiki, String(port)], {
      name: 'blocks',
    });
    await server.waitFor(/^ready$/m);
    lab.privateDns.set(host, [{ type: 'A', data: lab.addresses.wiki }]);
    cluster = await LabCluster.start(lab, { adapt: withBlocks });
    browser = await openBrowser(lab, { trusted: [cluster.organisation.caFile] });
    alice = await Person.at(browser, cluster.organisation, 'alice@acme.example');
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  async function flows(count: number): Promise<Program> {
    const args = [script('block-client.ts'), host, String(port), String(count), '100'];
    const program = lab.laptop.spawn('node', args, { name: 'block-client' });
    await program.waitFor(/^ready$/m, { timeoutMs: 30_000 });
    return program;
  }

  test('a sign-in that begins at one controller ends at another, since the first has been stopped', async () => {
    const page = await alice.open(`${cluster.organisation.url}/`);
    await page.getByRole('link', { name: 'Continue with corp' }).click();
    const { provider } = cluster.organisation;
    await page.waitForURL((at) => at.origin === provider.issuer);
    await cluster.startMember('b');
    await cluster.stopMember('a');
    await signIn(page, provider, alice.email);
    await page.getByText('Alice Example').first().waitFor();
    await page.close();
    await cluster.startMember('a');
  });

  test('SEC-A18 each comes from an address of their own, as the entrance says', async () => {
    const [entry] = await cluster.organisation.audit('sign-in');
    assert.equal((entry?.detail as { address: string } | undefined)?.address, lab.addresses.laptopNat);
    const client = new Client(lab.laptop, 'alice');
    clients.push(client);
    await alice.upByBrowser(client);
    for (const { address } of await sessionsAt('a')) assert.equal(address, lab.addresses.laptopNat);
  });

  async function sessionsAt(name: MemberName): Promise<SessionEntry[]> {
    const { code, stdout, stderr } = await cluster.call(name, 'GET', '/api/v1/sessions');
    assert.equal(code, 0, stderr);
    const sessions = JSON.parse(stdout) as SessionEntry[];
    assert.ok(sessions.length > 0);
    return sessions;
  }

  test('REL-7 a rolling restart of the controllers goes unnoticed by what flows', async (context) => {
    const [client] = clients;
    const running = await flows(8);
    for (const name of ['a', 'b'] as const) {
      await cluster.stopMember(name);
      await cluster.startMember(name);
      await client?.ready();
    }
    running.stdin.end();
    const [line] = await running.waitFor(/^\{.*\}$/m, { timeoutMs: 30_000 });
    const report = JSON.parse(line) as BlockReport;
    context.diagnostic(`${report.blocks} blocks, the slowest took ${report.worstMs} ms`);
    assert.deepEqual([report.lost, report.wrong, report.missing], [0, 0, 0], line);
    assert.ok(report.blocks > 100, line);
    assert.ok(report.worstMs < 2_000, line);
  });

  test('REL-6 whichever controller revokes, what flows ends within a second', async (context) => {
    for (const name of ['a', 'b'] as const) {
      const client = new Client(lab.laptop, `revoked-by-${name}`);
      await clients.at(-1)?.down();
      clients.push(client);
      await alice.upByBrowser(client);
      const running = await flows(1);
      const tookMs = await revoked(name, running);
      context.diagnostic(`revoked through ${name}: ended after ${Math.round(tookMs)} ms`);
      assert.ok(tookMs < 1_000, `${tookMs} ms`);
    }
  });

  test('what a person exposes stays open whichever controller is restarted, and is over at both when they stop it', async () => {
    const hostname = 'alice-3000.apps.acme.example';
    const { organisation } = cluster;
    const app = lab.laptop.spawn(
      'node',
      ['test/support/lab/web-application-server.ts', '127.0.0.1', '3000'],
      { name: 'exposed-application' },
    );
    await app.waitFor(/^ready$/m);
    await clients.at(-1)?.down();
    const client = new Client(lab.laptop, 'exposing');
    clients.push(client);
    await alice.upByCode(client, ['--capture', 'none']);
    const exposing = lab.laptop.spawn('bin/postern', ['expose', '3000', '--state', client.state], {
      name: 'expose',
    });
    await exposing.waitFor(/Stop with Ctrl-C/);
    const exposedAt = async (name: MemberName): Promise<string[]> => {
      const { stdout } = await cluster.call(name, 'GET', '/api/v1/exposures');
      const { exposures } = JSON.parse(stdout) as { exposures: { hostname: string }[] };
      return exposures.map((each) => each.hostname);
    };
    for (const [stopped, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      await cluster.stopMember(stopped);
      assert.deepEqual(await exposedAt(other), [hostname]);
      // Somebody new signs in while one of the two is away.
      const page = await (await browser.newContext()).newPage();
      await page.goto(`https://${hostname}/`);
      await signIn(page, organisation.provider, alice.email);
      await page.waitForURL(`https://${hostname}/**`);
      assert.equal(await page.textContent('h1'), 'Acme wiki');
      await page.context().close();
      await cluster.startMember(stopped);
    }
    exposing.kill('SIGINT');
    assert.equal((await exposing.ended).code, 0, exposing.output);
    for (const name of ['a', 'b'] as const) assert.deepEqual(await exposedAt(name), []);
    await app.stop();
  });

  /** Milliseconds from the call until the flow has ended. */
  async function revoked(name: MemberName, running: Program): Promise<number> {
    // The last that began.
    const session = (await sessionsAt(name)).findLast(({ kind }) => kind === 'device');
    assert.ok(session !== undefined);
    const lost = running.waitFor(/^lost 0/m).then(() => performance.now());
    const { code, stderr } = await cluster.call(name, 'DELETE', `/api/v1/sessions/${session.id}`);
    const answeredAt = performance.now();
    assert.equal(code, 0, stderr);
    const lostAt = await lost;
    return lostAt - answeredAt;
  }
});

function withBlocks(document: OrganisationFile): OrganisationFile {
  return {
    ...document,
    expose: { suffix: 'apps.acme.example' },
    resources: [
      ...(document.resources ?? []),
      { name: 'blocks', network: 'hq', address: host, ports: [`tcp/${port}`] },
    ],
    policies: [
      ...(document.policies ?? []),
      { name: 'staff-blocks', allow: { groups: ['staff'] }, to: { resources: ['blocks'] } },
      { name: 'staff-expose', allow: { groups: ['staff'] }, mayExpose: true },
    ],
  };
}
