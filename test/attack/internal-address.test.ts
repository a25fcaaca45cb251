/**
 * Postern tells no one an internal address: a laptop that uses applications, and one that is
 * refused, hold no address of the private network but what an application itself sent.
 *
 * Four bytes come up by chance: once in 50 scans or so among the 80 MB of a client, and small numbers (10.20.1.10) far
 * more often. So the applications of this test have addresses made of random large bytes, and a hit counts as a leak
 * only when three processes in a row, with fresh keys and buffers each, hold the same four bytes: by chance once in
 * 30,000 runs.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { findProgram } from '../../scripts/programs.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import { Wiki } from '../support/lab/wiki.ts';
import { searchFiles, searchMemory, type Marker } from '../support/memory-search.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';
import type { Tapped } from '../support/tapped-device.ts';

const processes = 3;

/** Four addresses in 10.0.0.0/8, of bytes that counts and lengths seldom have, each byte once. */
function unlikelyAddresses(): string[] {
  const bytes = new Set<number>();
  while (bytes.size < 12) bytes.add(randomInt(129, 254));
  const list = [...bytes];
  return Array.from({ length: 4 }, (_, index) => ['10', ...list.slice(index * 3, index * 3 + 3)].join('.'));
}

const [plain, literal, silent, forbidden] = unlikelyAddresses() as [string, string, string, string];
const addresses = [plain, literal, silent, forbidden];
const asText: Marker[] = addresses.map((text) => ({ name: text, bytes: Buffer.from(text), plain: true }));
const asBytes: Marker[] = addresses.map((text) => ({ name: text, bytes: bytesOf(text), plain: true }));

function bytesOf(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

suite('T7: a client that reaches applications of a private network', () => {
  let lab: Lab;
  let organisation: Organisation;
  let keyFile: string;

  before(async () => {
    lab = await openLab();
    for (const address of addresses) {
      await lab.servers.run(findProgram('ip'), ['addr', 'add', `${address}/32`, 'dev', 'lo']);
      await lab.hq.run(findProgram('ip'), ['route', 'add', `${address}/32`, 'via', lab.addresses.wiki]);
    }
    for (const address of [plain, literal, forbidden])
      await Wiki.start(lab.servers, { name: `at ${address}`, title: 'An application', address, ports: [80] });
    for (const [name, address] of [
      ['plain.acme.internal', plain],
      ['silent.acme.internal', silent],
      ['one.rebound.acme.internal', forbidden],
    ] as const)
      lab.privateDns.set(name, [{ type: 'A', data: address }]);
    const tcp = ['tcp/80'];
    const hq = { network: 'hq', ports: tcp };
    organisation = await Organisation.start(labSite(lab), {
      adapt: (document) => ({
        ...document,
        resources: [
          { name: 'plain', address: 'plain.acme.internal', ...hq },
          { name: 'literal', address: literal, alias: 'literal.acme.internal', ...hq },
          { name: 'silent', address: 'silent.acme.internal', ...hq },
          { name: 'nowhere', address: 'nowhere.acme.internal', ...hq },
          // Leads outside of what it may.
          { name: 'rebound', address: '*.rebound.acme.internal', within: ['192.168.0.0/16'], ...hq },
          { name: 'hidden', address: 'hidden.acme.internal', ...hq },
        ],
        policies: [
          {
            name: 'ci',
            allow: { serviceAccounts: ['ci'] },
            to: { resources: ['plain', 'literal', 'silent', 'nowhere', 'rebound'] },
          },
        ],
      }),
    });
    keyFile = await organisation.serviceKey('ci');
  });
  after(() => lab?.close());

  test('has no address of it in memory, state, log or any answer, as text or as four bytes, until an application sends one', async (context) => {
    const { laptop } = lab;
    const client = new Client(laptop, 'captured');
    let suspects = asBytes;
    for (let round = 1; round <= processes && suspects.length > 0; round += 1) {
      client.up(round === 1 ? ['--key-file', keyFile] : []);
      await client.ready();
      await useEverything(lab);
      const { pid, logFile } = client.program;
      const answers = join(lab.dir, `answers-${round}`);
      writeFileSync(answers, await everyAnswer(client));
      const found = await searchMemory(pid, [...asText, ...suspects.map(renamed)]);
      const written = await searchFiles([answers, logFile, client.state], [...asText, ...asBytes]);
      assert.deepEqual([...written], [], 'answers, log and state hold none');
      for (const { name } of asText) assert.ok(!found.has(name), `the client's memory holds ${name} as text`);
      suspects = suspects.filter((suspect) => found.has(renamed(suspect).name));
      context.diagnostic(`process ${round}: four bytes of ${suspects.length} in memory`);
      if (round === processes || suspects.length === 0) break;
      await client.down();
    }
    assert.deepEqual(suspects, [], 'the same four bytes in every process');

    // The control: what an application sends passes through the memory that was searched.
    const sent = join(lab.dir, 'four-bytes');
    writeFileSync(sent, Buffer.concat(Array.from({ length: 4_096 }, () => bytesOf(plain))));
    await eventually('the address in memory once the application sends it', async () => {
      await laptop.run('curl', [
        '-sS',
        '-o',
        '/dev/null',
        '--data-binary',
        `@${sent}`,
        'http://plain.acme.internal/echo',
      ]);
      const { stdout } = await laptop.run('curl', ['-sS', 'http://plain.acme.internal/whoami']);
      assert.match(stdout, new RegExp(`^I am ${plain.replaceAll('.', '\\.')}:80,`));
      const text: Marker = { name: 'text', bytes: Buffer.from(plain), plain: true };
      const four: Marker = { name: 'four bytes', bytes: bytesOf(plain), plain: true };
      const found = await searchMemory(client.program.pid, [text, four]);
      return found.size === 2 ? true : undefined;
    });
    assert.deepEqual(
      [...(await searchFiles([client.program.logFile, client.state], [...asText, ...asBytes]))],
      [],
    );
    await client.down();
  });

  test('is sent none in any control message or header of the tunnel, and the application’s own only in its payload', async () => {
    const hosts = ['plain', 'literal', 'silent', 'nowhere', 'one.rebound', 'hidden'];
    const urls = hosts.map((host) => `http://${host}.acme.internal/whoami`);
    const script = ['test/support/tapped-device.ts', join(lab.dir, 'tapped'), keyFile, ...urls];
    const { code, stdout, stderr } = await lab.laptop.run('node', script);
    assert.equal(code, 0, stderr);
    const { control, headers, answers } = JSON.parse(stdout) as Tapped;
    const outcome = Object.values(answers).map((answer) => ('code' in answer ? answer.code : 'data'));
    assert.deepEqual(outcome, ['data', 'data', 'refused', 'no-name', 'address-forbidden', 'denied']);

    const heard = { control: Buffer.from(control), headers: Buffer.from(headers, 'base64') };
    assert.match(control, /"t":"snapshot".*literal\.acme\.internal/);
    for (const [where, bytes] of Object.entries(heard)) {
      assert.ok(bytes.length > 100, `${where}: ${bytes.length} bytes`);
      for (const marker of [...asText, ...asBytes])
        assert.ok(!bytes.includes(marker.bytes), `${where} hold ${marker.name}`);
    }
    for (const [url, address] of [
      [urls[0], plain],
      [urls[1], literal],
    ] as const) {
      const answer = answers[url ?? ''];
      assert.ok(answer !== undefined && 'data' in answer);
      const page = Buffer.from(answer.data, 'base64').toString();
      assert.ok(page.includes(`I am ${address}:80,`), page);
    }
  });
});

function renamed(marker: Marker): Marker {
  return { ...marker, name: `${marker.name} as bytes` };
}

/** Reaches what can be reached, and is refused in every way, several times. */
async function useEverything({ laptop }: Lab): Promise<void> {
  for (let time = 0; time < 5; time += 1) {
    for (const [name, exits] of [
      ['plain', [0]],
      ['literal', [0]],
      // Refused by the application's machine; no such name; leads where it may not; not ours to know.
      ['silent', [7, 35, 52, 56]],
      ['nowhere', [6, 7, 52, 56]],
      ['one.rebound', [6, 7, 52, 56]],
      ['hidden', [6]],
    ] as const) {
      const { code } = await laptop.run('curl', ['-sS', '--max-time', '5', `http://${name}.acme.internal/`]);
      assert.ok((exits as readonly (number | null)[]).includes(code), `curl ${name}: ${code}`);
    }
  }
}

/** What the command line and the client's own API answer about it. */
async function everyAnswer(client: Client): Promise<string> {
  const asked = [
    ['status'],
    ['status', '--json'],
    ['resources'],
    ['resources', '--json'],
    ...['plain', 'silent', 'nowhere', 'one.rebound', 'hidden'].flatMap((name) => [
      ['why', `${name}.acme.internal`],
      ['why', `${name}.acme.internal`, '--json'],
    ]),
  ];
  const answers = [];
  for (const [command = '', ...args] of asked) {
    const { stdout, stderr } = await client.run(command, ...args);
    answers.push(stdout, stderr);
  }
  return answers.join('\n');
}
