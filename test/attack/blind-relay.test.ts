/**
 * The relay is blind: what people send stands nowhere in its memory, log, state or on its links, while and long after it
 * passed, by either door; nor does the key of a public hostname. The same search finds it in the connector, and in a relay
 * with a tap.
 */
import assert from 'node:assert/strict';
import { X509Certificate, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { findProgram } from '../../scripts/programs.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { times } from '../support/length.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Place } from '../support/lab/place.ts';
import type { Program } from '../support/lab/program.ts';
import { Wiki } from '../support/lab/wiki.ts';
import { keyMarkers, MarkedHostname, MarkedName, sendMarked } from '../support/marked-requests.ts';
import { searchFiles, searchMemory, type Marker } from '../support/memory-search.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { Person } from '../support/organisation/person.ts';
import { labSite } from '../support/organisation/site.ts';

const requests = 1_000;
const requestsAtHostname = 100;
const hostname = 'wiki.acme.example';
/** Where the application of the hostname listens. */
const webPort = 8081;
/** Longer than anything in a relay that happens by itself: beats, pings, what is written later. A minute in the long run. */
const idleMs = times(20_000, 60_000);

suite('T1, AUD-8: a relay in its own process', () => {
  let lab: Lab;
  let organisation: Organisation;
  let client: Client;
  let atHostname: MarkedHostname;
  const answer = randomBytes(32);
  const email = randomBytes(32);
  const ofPerson: Marker = { name: 'e-mail', bytes: email };

  before(async () => {
    lab = await openLab();
    organisation = await Organisation.start(labSite(lab), {
      adapt: (document) => ({
        ...document,
        resources: [
          ...(document.resources ?? []),
          {
            name: 'marked-web',
            network: 'hq',
            address: 'web.acme.internal',
            ports: [`tcp/${webPort}`],
            within: ['10.0.0.0/8', '198.18.0.0/15'],
            web: { hostname, origin: `http://web.acme.internal:${webPort}` },
          },
          {
            name: 'marked',
            network: 'hq',
            address: '*.m.acme.internal',
            ports: ['tcp/80'],
            within: ['10.0.0.0/8', '198.18.0.0/15'],
          },
        ],
        policies: [
          ...(document.policies ?? []),
          { name: 'staff-marked', allow: { groups: ['staff'] }, to: { resources: ['marked'] } },
          {
            name: 'staff-marked-web',
            allow: { groups: ['staff'] },
            to: { resources: ['marked-web'] },
            doors: ['web'],
          },
        ],
      }),
    });
    lab.privateDns.set('web.acme.internal', [{ type: 'A', data: lab.addresses.wiki }]);
    const title = answer.toString('hex');
    await Wiki.start(lab.servers, {
      name: 'marked-wiki',
      title,
      address: lab.addresses.wiki,
      ports: [webPort],
    });
    const address = `${email.toString('hex')}@acme.example`;
    organisation.provider.setPerson(address, { groups: ['staff'] });
    client = new Client(lab.laptop, 'marked');
    const browser = await openBrowser(lab, { trusted: [organisation.caFile] });
    try {
      const person = await Person.at(browser, organisation, address);
      await person.upByCode(client);
      const page = await person.open(`https://${hostname}/`);
      await page.getByRole('heading', { name: title }).waitFor();
      atHostname = await MarkedHostname.of(lab, 'hostname', { page, caFile: organisation.caFile, answer });
    } finally {
      await browser.close();
    }
  });
  after(() => lab?.close());

  test('holds nothing of URL, header, body, answer, cookie, host name or e-mail after 1,100 requests and long after, nor of a key, nor do its log, state and links', async (context) => {
    const { relay, connector } = organisation;
    const marked = new MarkedName(lab, 'blind');
    const key = keyMarkers(join(lab.dir, 'connector'), hostname);
    const markers = [...marked.markers, ...atHostname.markers, ...key.markers, ofPerson];
    lab.privateDns.set(marked.host, [{ type: 'A', data: lab.addresses.wiki }]);
    const atRelay = await capture(lab.internet, join(lab.dir, 'relay.pcap'), `host ${lab.addresses.relay}`);
    const atWiki = await capture(lab.servers, join(lab.dir, 'wiki.pcap'), `tcp port 80 or ${webPort}`);

    await sendMarked(lab.laptop, marked, requests);
    await sendMarked(lab.laptop, atHostname, requestsAtHostname);
    assert.ok(
      (await servedWith(lab.laptop, organisation.caFile)).equals(new X509Certificate(key.certificate).raw),
    );
    assert.deepEqual([...(await searchMemory(relay.pid, markers))], []);
    const idleSince = performance.now();

    // The controls, for which nothing passes the relay: what the connector had is not all overwritten yet.
    const atConnector = await searchMemory(connector.pid, markers);
    await atWiki.stop();
    const onWire = [...(await searchFiles([join(lab.dir, 'wiki.pcap')], markers))];
    const kept = new Set([atHostname.cookie, ...key.markers].map(({ name }) => name));
    const sent = markers.map(({ name }) => name).filter((name) => !kept.has(name));
    assert.deepEqual(onWire.toSorted(), sent.toSorted());
    assert.ok((await searchFiles([join(lab.dir, 'connector')], key.markers)).has('key'));

    await pause(idleMs - (performance.now() - idleSince));
    assert.deepEqual([...(await searchMemory(relay.pid, markers))], []);
    await atRelay.stop();
    const written = [relay.logFile, join(lab.dir, 'relay'), join(lab.dir, 'relay.pcap')];
    assert.deepEqual([...(await searchFiles(written, markers))], []);
    for (const peer of [lab.addresses.laptopNat, lab.addresses.hqNat])
      assert.ok((await packetsFrom(lab, peer)) > requests, `the capture has the link with ${peer}`);

    // What is in a buffer that is free again may be overwritten, so that all at once is a matter of trying again.
    const found = new Set(atConnector);
    await eventually(
      'every marker in the memory of the connector',
      async () => {
        const traffic = sendBoth(lab.laptop, marked, atHostname);
        for (const name of await searchMemory(connector.pid, markers)) found.add(name);
        await traffic;
        return found.size === markers.length ? true : undefined;
      },
      { timeoutMs: 30_000 },
    );
    context.diagnostic(`at the connector: ${[...found].join(', ')}`);
  });

  test('with a tap that keeps plaintext is found by the same search', async () => {
    const { laptopNat, addresses, dir, internet } = lab;
    await Wiki.start(laptopNat, {
      name: 'tapped-wiki',
      title: answer.toString('hex'),
      address: addresses.laptopNat,
      ports: [80, webPort],
    });
    await laptopNat.run(findProgram('nft'), [
      'insert',
      'rule',
      'inet',
      'nat',
      'input',
      'tcp',
      'dport',
      `{ 80, ${webPort} }`,
      'accept',
    ]);
    await Promise.all([organisation.relay.stop(), organisation.connector.stop()]);
    const tapping = internet.spawn(
      'node',
      [
        'test/support/tapping-relay.ts',
        ...[addresses.relay, '8444', organisation.relayUrl, '443'],
        ...[join(dir, 'relay'), join(dir, 'connector'), addresses.laptopNat],
      ],
      { name: 'tapping-relay' },
    );
    await tapping.waitFor(/^ready$/m);
    const marked = new MarkedName(lab, 'tapped');
    const { markers: ofKey } = keyMarkers(join(dir, 'connector'), hostname);
    const markers = [...marked.markers, ...atHostname.markers, ...ofKey, ofPerson];
    await eventually('a flow through the relay with the tap', async () => {
      const { stdout } = await lab.laptop.run('curl', [...marked.arguments(1), '--max-time', '2']);
      return stdout === '200\n' ? true : undefined;
    });
    const found = new Set<string>();
    await eventually(
      'every marker in the memory of the relay',
      async () => {
        const traffic = sendBoth(lab.laptop, marked, atHostname);
        for (const name of await searchMemory(tapping.pid, markers)) found.add(name);
        await traffic;
        return found.size === markers.length ? true : undefined;
      },
      { timeoutMs: 30_000 },
    );
  });
});

async function sendBoth(laptop: Place, byName: MarkedName, atHostname: MarkedHostname): Promise<void> {
  await sendMarked(laptop, byName, 20);
  await sendMarked(laptop, atHostname, 20);
}

/** The certificate that a browser is shown at the hostname, as DER. */
async function servedWith(laptop: Place, caFile: string): Promise<Buffer> {
  const args = ['-sS', '-o', '/dev/null', '--cacert', caFile, '-w', '%{certs}', `https://${hostname}/`];
  const { stdout, stderr } = await laptop.run('curl', args);
  const [pem] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(stdout) ?? [];
  assert.ok(pem !== undefined, stderr);
  return new X509Certificate(pem).raw;
}

/** Writes what passes a place's interfaces to a file, from when this resolves until the program is stopped. */
async function capture(place: Place, file: string, filter: string): Promise<Program> {
  // Without a user of its own it may write below the lab's folder.
  const options = ['-i', 'any', '-U', '-Z', 'root', '-B', '16384', '-w', file];
  const program = place.spawn(findProgram('tcpdump'), [...options, ...filter.split(' ')], {
    name: 'tcpdump',
  });
  await program.waitFor(/listening on/);
  return program;
}

/** How many packets of the relay's capture came from an address. */
async function packetsFrom({ internet, dir }: Lab, address: string): Promise<number> {
  const file = join(dir, 'relay.pcap');
  const { stdout } = await internet.run(findProgram('tcpdump'), ['-nn', '-r', file, 'src', 'host', address]);
  return stdout.split('\n').length - 1;
}
