/**
 * A provider's case: two organisations of one controller and one relay, and a person who works for both on one laptop. Each
 * has its sign-in address, identity provider, zone, connector and a private network with the same subnet as the other's.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { openBrowser } from '../support/browser.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Program } from '../support/lab/program.ts';
import { Client } from '../support/organisation/client.ts';
import { addGlobex, type Tenant } from '../support/organisation/globex.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { Person } from '../support/organisation/person.ts';
import { labSite } from '../support/organisation/site.ts';

suite('two organisations of one controller on one laptop', () => {
  let lab: Lab;
  let acme: Organisation;
  let globex: Tenant;
  let client: Client;
  let closeBrowser: (() => Promise<void>) | undefined;

  before(async () => {
    lab = await openLab();
    // With several organisations a controller goes to public addresses alone, and the lab's are none.
    const controllerArgs = ['--egress-allow', `public,198.18.${lab.number}.0/24`];
    acme = await Organisation.start(labSite(lab), { controllerArgs });
    globex = await addGlobex(lab, acme);
    const browser = await openBrowser(lab, { trusted: [acme.caFile] });
    closeBrowser = () => browser.close();
    client = new Client(lab.laptop, 'two-accounts');
    const [atAcme, atGlobex] = [
      await Person.at(browser, acme, 'alice@acme.example'),
      await Person.at(browser, globex, 'alice@acme.example'),
    ];
    await atAcme.upByBrowser(client);
    await atGlobex.loginByBrowser(client);
  });
  after(async () => {
    await closeBrowser?.();
    await lab?.close();
  });

  const curl = async (url: string): Promise<string> => {
    const { stdout, stderr } = await lab.laptop.run('curl', ['-sS', '--max-time', '5', url]);
    return stdout + stderr;
  };

  /** A connection that is open, and asks for the first page once it is told to. */
  async function open(host: string): Promise<Program> {
    const ask = String.raw`printf 'GET / HTTP/1.0\r\nHost: wiki\r\n\r\n' >&3`;
    const script = `exec 3<>/dev/tcp/${host}/80; echo open; (read; ${ask}) <&0 & cat <&3`;
    const program = lab.laptop.spawn('bash', ['-c', script]);
    await program.waitFor(/^open$/m);
    return program;
  }

  test('equal subnets are reached side by side, and the zone that both declare stays with the first', async () => {
    assert.match(await curl('http://wiki.acme.internal/'), /Acme wiki/);
    assert.match(await curl('http://wiki.globex.internal/'), /Globex wiki/);
    assert.match(await curl('http://trap.acme.internal/'), /Could not resolve host/);
    const { stdout } = await client.run('status');
    assert.match(stdout, /! The zone acme\.internal is held by your account acme;/);
    const guessed = await client.run('why', 'wiki');
    assert.deepEqual(
      [guessed.code, /say which with --account: acme, globex/.test(guessed.stderr)],
      [2, true],
    );
  });

  test('neither administrator sees the other’s people, devices or log', async () => {
    const lists = [
      await acme.admin('device', 'list', '--json'),
      await globex.admin('device', 'list', '--json'),
    ];
    const ids = lists.map((text) => [...text.matchAll(/\bdev_\w+/g)].map(([id]) => id));
    assert.deepEqual(
      ids.map((each) => new Set(each).size),
      [1, 1],
    );
    assert.notEqual(ids[0]?.[0], ids[1]?.[0]);
    const log = await globex.admin('audit', '--json');
    assert.match(log, /"sign-in"/);
    assert.ok(!log.includes(ids[0]?.[0] ?? 'none'), 'the other device');
  });

  test('REL-6 the operator suspends one: its connections end within a second, and the other’s go on', async (context) => {
    const [ours, theirs] = [await open('wiki.acme.internal'), await open('wiki.globex.internal')];
    let hasEnded = false;
    void theirs.ended.then(() => (hasEnded = true));
    assert.match(await curl('http://wiki.globex.internal/'), /Globex wiki/);
    assert.equal(hasEnded, false);
    await globex.operate('organisation', 'suspend', 'globex');
    const suspendedAt = performance.now();
    await theirs.ended;
    const tookMs = performance.now() - suspendedAt;
    context.diagnostic(`ended ${Math.round(tookMs)} ms after the command had`);
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
    assert.match(await curl('http://wiki.acme.internal/'), /Acme wiki/);
    assert.doesNotMatch(await curl('http://wiki.globex.internal/'), /Globex wiki/);
    assert.doesNotMatch(theirs.output, /wiki/, 'it was cut, not answered');
    assert.equal(ours.output, 'open\n');
    ours.stdin.write('ask\n');
    await ours.waitFor(/Acme wiki/);
  });
});
