/**
 * Certificates with every program a process of its own in the lab, started as a person would: an order through the relay, the
 * check, a second connector that takes over, and that neither relay nor controller ever has a key.
 */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { findProgram } from '../../scripts/programs.ts';
import type { ConnectorStatus } from '../../connector/connector-status.ts';
import { pebbleConfiguration, pebbleEnvironment } from '../support/acme/pebble.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Program } from '../support/lab/program.ts';
import { searchMemory, type Marker } from '../support/memory-search.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { Person } from '../support/organisation/person.ts';
import { labSite } from '../support/organisation/site.ts';

const wiki = 'wiki.acme.example';
/** What alice exposes from her laptop. */
const exposed = 'alice-3000.apps.acme.example';
const ca = 'ca.acme.example';
const caPort = 14_000;

suite('certificates in the lab', () => {
  let lab: Lab;
  let organisation: Organisation;
  let pebble: Program;
  let second: Program;
  let acmeArgs: readonly string[];
  /** The folder of the client that exposes. */
  let state: string;
  before(async () => {
    lab = await openLab();
    const { internet, addresses, authority, publicDns } = lab;
    publicDns.set(ca, [{ type: 'A', data: addresses.publicSite }]);
    const config = pebbleConfiguration({
      dir: lab.dir,
      authority,
      host: ca,
      listen: addresses.publicSite,
      port: caPort,
      tlsPort: 443,
    });
    pebble = internet.spawn(
      findProgram('pebble'),
      ['-config', config, '-dnsserver', `${addresses.publicDns}:53`, '-strict'],
      { name: 'pebble', env: pebbleEnvironment },
    );
    acmeArgs = ['--acme-directory', `https://${ca}:${caPort}/dir`, '--acme-ca', authority.caFile];
    organisation = await Organisation.start(labSite(lab), {
      connectorArgs: acmeArgs,
      adapt(document) {
        const [resource] = document.resources ?? [];
        if (resource === undefined) throw new Error('the document has no wiki');
        resource.web = { hostname: wiki, origin: 'http://wiki.acme.internal:80' };
        document.expose = { suffix: 'apps.acme.example' };
        document.policies?.push({ name: 'staff-expose', allow: { groups: ['staff'] }, mayExpose: true });
        return document;
      },
    });
  });
  after(async () => {
    await lab.close();
  });

  /** What a connector with this state serves the wiki with, once it has a certificate. */
  async function served(state: string): Promise<string> {
    return eventually(`a certificate of ${state}`, async () => {
      const args = ['status', '--state', join(lab.dir, state), '--json'];
      const { code, stdout } = await lab.hq.run('bin/postern', args);
      const found = code === 0 ? (JSON.parse(stdout) as ConnectorStatus).certificates : undefined;
      const ready = found?.find(({ host, state: is }) => host === wiki && is === 'ready');
      return ready?.issuer;
    });
  }

  /** The certificate that a browser outside is shown; undefined where there is no answer. */
  async function shown(host: string = wiki): Promise<string | undefined> {
    const args = ['-sk', '--max-time', '2', '-o', '/dev/null', '-w', '%{certs}', `https://${host}/`];
    const { code, stdout } = await lab.internet.run('curl', args);
    return code === 0 && stdout !== '' ? stdout : undefined;
  }

  const issued = (): number => [...pebble.output.matchAll(/Issued certificate serial/g)].length;

  test('a connector that is given a CA serves its certificate, and the check says what is missing', async () => {
    assert.match(await served('connector'), /Pebble/);
    assert.match((await shown()) ?? '', /Issuer:.*Pebble/);
    const check = await organisation.admin('hostname', 'check', wiki);
    assert.match(check, /^certificate\s+hq-1: ready \(acme\) until \d{4}-\d\d-\d\d, issued by CN=Pebble/m);
    assert.match(check, /^CAA\s+relay-trusted/m);
    assert.match(
      check,
      /^to set\s+wiki\.acme\.example CAA 0 issue "ca\.acme\.example; accounturi=https:\/\/ca\.acme\.example:14000\/my-account\/\w+; validationmethods=tls-alpn-01"$/m,
    );
  });

  test('a second connector has it without an order; it takes over within a second of the first one’s death', async () => {
    const key = join(lab.dir, 'second.key');
    writeFileSync(key, await organisation.admin('token', 'create', '--connector', 'hq'), { mode: 0o600 });
    const state = join(lab.dir, 'connector-2');
    second = lab.hq.spawn(
      'bin/postern',
      ['connector', '--state', state, '--name', 'hq-2', '--key-file', key, ...acmeArgs],
      { name: 'connector-2' },
    );
    await served('connector-2');
    assert.equal(issued(), 1);
    const before = await shown();
    organisation.connector.kill('SIGKILL');
    await organisation.connector.ended;
    const since = performance.now();
    const after = await eventually('the other connector', () => shown(), { everyMs: 10 });
    assert.ok(performance.now() - since < 1_000, `${performance.now() - since} ms`);
    assert.equal(after, before);
    assert.equal(issued(), 1);
  });

  test('what a person exposes has a certificate of the CA, ordered by their own process and used again the next time', async () => {
    const browser = await openBrowser(lab, { trusted: [organisation.caFile] });
    const alice = await Person.at(browser, organisation, 'alice@acme.example');
    const client = new Client(lab.laptop, 'exposing');
    state = client.state;
    await alice.upByCode(client, ['--capture', 'none']);
    const orders = issued();
    const seen: (string | undefined)[] = [];
    for (const time of ['first', 'second']) {
      const exposing = lab.laptop.spawn('bin/postern', ['expose', '3000', '--state', state, ...acmeArgs], {
        name: `expose, the ${time} time`,
      });
      await exposing.waitFor(/Stop with Ctrl-C/, { timeoutMs: 30_000 });
      seen.push(await eventually(`the page, the ${time} time`, () => shown(exposed)));
      exposing.kill('SIGINT');
      assert.equal((await exposing.ended).code, 0, exposing.output);
      assert.equal(await shown(exposed), undefined, 'nothing answers there any more');
    }
    assert.match(seen[0] ?? '', /Issuer:.*Pebble/);
    assert.equal(seen[1], seen[0]);
    assert.equal(issued(), orders + 1);
    await Promise.all([client.down(), alice.close()]);
    await browser.close();
  });

  test('neither the relay nor the controller ever has a key of a hostname or of an account', async () => {
    const { certificates } = readJson('connector-2/acme-certificates.json') as CertificatesFile;
    const own = readJson(`${relative(lab.dir, state)}/exposed/${exposed}/acme-certificates.json`);
    const accounts = Object.values(
      readJson('connector/acme-accounts.json') as Record<string, { key: string }>,
    );
    const markers = [
      ...markersOf('hostname', certificates[wiki]?.key),
      ...markersOf('exposed', (own as CertificatesFile).certificates[exposed]?.key),
      ...markersOf('account', accounts[0]?.key),
    ];
    const { relay, controller } = organisation;
    for (const { name, pid } of [relay, controller])
      assert.deepEqual([...(await searchMemory(pid, markers))], [], name);
    const found = await searchMemory(second.pid, markers);
    assert.ok(found.has('hostname, as text'), 'the search finds it where it is');
  });

  function readJson(file: string): unknown {
    return JSON.parse(readFileSync(join(lab.dir, file), 'utf8'));
  }
});

interface CertificatesFile {
  readonly certificates: Readonly<Record<string, { readonly key: string }>>;
}

/** The secret number, and the line of the PEM that has most of it. */
function markersOf(name: string, pem = ''): Marker[] {
  const { d = '' } = createPrivateKey(pem).export({ format: 'jwk' });
  const line = pem.split('\n')[2] ?? '';
  return [
    { name, bytes: Buffer.from(d, 'base64url') },
    { name: `${name}, as text`, bytes: Buffer.from(line), plain: true },
  ];
}
