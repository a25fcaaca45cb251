/**
 * The relay is blind: what people send stands nowhere in its memory, log, state or on its
 * links, while and long after it passed. The same search finds it in the connector, and in a relay with a tap.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
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
import { searchFiles, searchMemory, type Marker } from '../support/memory-search.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { Person } from '../support/organisation/person.ts';
import { labSite } from '../support/organisation/site.ts';

const requests = 1_000;
/** Longer than anything in a relay that happens by itself: beats, pings, what is written later. A minute in the long run. */
const idleMs = times(20_000, 60_000);

/** Random bytes made now, and the requests that carry them. */
class Marked {
  readonly #url = randomBytes(32);
  readonly #header = randomBytes(32);
  readonly #body = randomBytes(32);
  readonly #host = randomBytes(32);
  readonly #bodyFile: string;

  constructor(lab: Lab, name: string) {
    this.#bodyFile = join(lab.dir, `body-${name}`);
    writeFileSync(this.#bodyFile, Buffer.concat(Array.from({ length: 32 }, () => this.#body)));
  }

  /** A label takes 63 characters, so the host's marker spans two. */
  get host(): string {
    const hex = this.#host.toString('hex');
    return `${hex.slice(0, 32)}.${hex.slice(32)}.m.acme.internal`;
  }

  get markers(): Marker[] {
    return [
      { name: 'URL', bytes: this.#url },
      { name: 'header', bytes: this.#header },
      { name: 'body', bytes: this.#body },
      { name: 'host name', bytes: this.#host.subarray(0, 16) },
      { name: 'host name’s second half', bytes: this.#host.subarray(16) },
    ];
  }

  /** curl's arguments for `count` requests, each on a connection of its own, that print one status each. */
  arguments(count: number): string[] {
    return [
      ...['-sS', '-o', '/dev/null', '-w', '%{http_code}\n', '--parallel', '--parallel-max', '8'],
      ...['-H', 'Connection: close', '-H', `x-marker: ${this.#header.toString('base64')}`],
      ...['--data-binary', `@${this.#bodyFile}`],
      `http://${this.host}/echo?${this.#url.toString('hex')}&n=[1-${count}]`,
    ];
  }
}

suite('T1, AUD-8: a relay in its own process', () => {
  let lab: Lab;
  let organisation: Organisation;
  let client: Client;
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
        ],
      }),
    });
    const address = `${email.toString('hex')}@acme.example`;
    organisation.provider.setPerson(address, { groups: ['staff'] });
    client = new Client(lab.laptop, 'marked');
    const browser = await openBrowser(lab, { trusted: [organisation.caFile] });
    try {
      await (await Person.at(browser, organisation, address)).upByCode(client);
    } finally {
      await browser.close();
    }
  });
  after(() => lab?.close());

  test('holds nothing of URL, header, body, host name or e-mail after 1,000 requests and long after, nor do its log, state and links', async (context) => {
    const { relay, connector } = organisation;
    const marked = new Marked(lab, 'blind');
    const markers = [...marked.markers, ofPerson];
    lab.privateDns.set(marked.host, [{ type: 'A', data: lab.addresses.wiki }]);
    const atRelay = await capture(lab.internet, join(lab.dir, 'relay.pcap'), `host ${lab.addresses.relay}`);
    const atWiki = await capture(lab.servers, join(lab.dir, 'wiki.pcap'), 'tcp port 80');

    await send(lab.laptop, marked, requests);
    assert.deepEqual([...(await searchMemory(relay.pid, markers))], []);
    const idleSince = performance.now();

    // The controls, for which nothing passes the relay: what the connector had is not all overwritten yet.
    const atConnector = await searchMemory(connector.pid, markers);
    await atWiki.stop();
    const onWire = [...(await searchFiles([join(lab.dir, 'wiki.pcap')], marked.markers))];
    assert.deepEqual(onWire.toSorted(), marked.markers.map(({ name }) => name).toSorted());

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
        const traffic = send(lab.laptop, marked, 50);
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
      title: 'Wiki',
      address: addresses.laptopNat,
      ports: [80],
    });
    await laptopNat.run(findProgram('nft'), [
      'insert',
      'rule',
      'inet',
      'nat',
      'input',
      'tcp',
      'dport',
      '80',
      'accept',
    ]);
    await Promise.all([organisation.relay.stop(), organisation.connector.stop()]);
    const tapping = internet.spawn(
      'node',
      [
        'test/support/tapping-relay.ts',
        ...[addresses.relay, '8444', organisation.relayUrl],
        ...[join(dir, 'relay'), join(dir, 'connector'), addresses.laptopNat],
      ],
      { name: 'tapping-relay' },
    );
    await tapping.waitFor(/^ready$/m);
    const marked = new Marked(lab, 'tapped');
    const markers = [...marked.markers, ofPerson];
    await eventually('a flow through the relay with the tap', async () => {
      const { stdout } = await lab.laptop.run('curl', [...marked.arguments(1), '--max-time', '2']);
      return stdout === '200\n' ? true : undefined;
    });
    const found = new Set<string>();
    await eventually(
      'every marker in the memory of the relay',
      async () => {
        const traffic = send(lab.laptop, marked, 50);
        for (const name of await searchMemory(tapping.pid, markers)) found.add(name);
        await traffic;
        return found.size === markers.length ? true : undefined;
      },
      { timeoutMs: 30_000 },
    );
  });
});

/** Sends so many marked requests and checks that each was answered. */
async function send(laptop: Place, marked: Marked, count: number): Promise<void> {
  const { code, stdout, stderr } = await laptop.run('curl', marked.arguments(count), { timeoutMs: 120_000 });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '200\n'.repeat(count));
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
