/** The commands about posture through the real command line, against a controller that runs: right, wrong, and as JSON. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientText } from '../../cli/status.ts';
import type { ClientStatus } from '../../client/status.ts';
import { exits } from '../../protocol/errors.ts';
import { StartedController } from '../controller/support/started-controller.ts';

const launcher = fileURLToPath(new URL('../../bin/postern', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'postern-posture-'));
after(() => rm(folder, { recursive: true }));
const controller = await StartedController.start({ after }, { tls: false });
const url = `http://127.0.0.1:${controller.url.port}`;
const file = join(folder, 'postern.yaml');
const token = controller.admin;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function postern(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      launcher,
      [...args],
      { env: { ...process.env, POSTERN_CONTROLLER: url, POSTERN_TOKEN: token, ...env }, timeout: 60_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({ code: typeof code === 'number' ? code : -1, stdout, stderr });
      },
    );
  });
}

const text = `organisation: acme
postureProfiles:
  - { name: healthy, linux: { diskEncryption: true, firewall: true } }
  - { name: vouched, verdicts: [mdm] }
serials: [ACME0001]
postureSources:
  - { name: mdm, webhook: { secret: { env: MDM_SECRET } } }
`;
const secret = { MDM_SECRET: 'a-secret-of-the-device-management' };

test('a document with profiles, serial numbers and sources is applied, and again changes nothing', async () => {
  await writeFile(file, text);
  const first = await postern(['apply', '-f', file, '--json'], secret);
  assert.equal(first.code, 0, first.stderr);
  const { changes } = JSON.parse(first.stdout) as { changes: { kind: string; name: string }[] };
  const ofPosture = changes.filter(({ kind }) => /^(posture|serial)/.test(kind));
  assert.deepEqual(ofPosture.map(({ kind, name }) => `${kind} ${name}`).toSorted(), [
    'posture profile healthy',
    'posture profile vouched',
    'posture source mdm',
    'serial number ACME0001',
  ]);
  const again = await postern(['apply', '-f', file], secret);
  assert.match(again.stderr, /Nothing changed/);
  const other = await postern(['apply', '-f', file], { MDM_SECRET: 'another-secret-of-the-management' });
  assert.match(other.stdout, /changed +posture source +mdm/);
});

test('what is wrong with posture in a file is said with its place, and no secret is shown', async () => {
  const wrong: [from: string, to: string, says: RegExp][] = [
    ['firewall: true', 'firewal: true', /:3:\d+ unknown key "firewal"; did you mean "firewall"/],
    ['firewall: true', 'firewall: false', /"false" is not possible here; write true, or leave the key out/],
    ['firewall: true', 'screenLock: soon', /"soon" is no duration/],
    [
      'firewall: true',
      'antivirus: [norton]',
      /"norton" is no product that devices can tell; known are carbon-black/,
    ],
    ['firewall: true', 'processes: [/usr/bin/x]', /is no name of a program; write it without its folder/],
    ['firewall: true', 'files: [etc/x]', /is no whole path/],
    ['firewall: true', 'minVersion: six', /is no version; write it like "6\.1"/],
    [
      'verdicts: [mdm]',
      'verdicts: [nobody]',
      /:4:\d+ posture source "nobody" is not declared; add it to postureSources/,
    ],
    ['verdicts: [mdm]', 'freshness: 5m', /at least one system \(linux, macos or windows\), or verdicts/],
    ['{ env: MDM_SECRET }', '{ env: NOT_SET_ANYWHERE }', /the variable NOT_SET_ANYWHERE is not set/],
    ['{ env: MDM_SECRET }', 'short-secret', /a secret has 16 to 1024 characters that print, and no blanks/],
    [
      'webhook: { secret: { env: MDM_SECRET } }',
      'poll: { url: "http://mdm.acme.example/" }',
      /a source is reached over https/,
    ],
    [
      'webhook: { secret: { env: MDM_SECRET } }',
      'poll: { url: "https://mdm.acme.example/", every: 1s }',
      /asked every 10s to 1d/,
    ],
    [
      'webhook: { secret: { env: MDM_SECRET } }',
      'poll: { url: "https://mdm.acme.example/", every: 5m }',
      /less often than this profile's freshness allows/,
    ],
    [' webhook: { secret: { env: MDM_SECRET } }', '', /exactly one of webhook and poll/],
    ['name: mdm,', 'name: dry-run,', /this name is taken; choose another/],
  ];
  for (const [from, to, says] of wrong) {
    assert.ok(text.includes(from), from);
    await writeFile(file, text.replace(from, to));
    const { code, stderr } = await postern(['apply', '-f', file], secret);
    assert.equal(code, exits.usage, `${to}: ${stderr}`);
    assert.match(stderr, says);
    assert.match(stderr, /Nothing was changed/);
    assert.doesNotMatch(stderr, /short-secret|a-secret-of/);
  }
  await writeFile(file, text);
});

test('device posture, sources and list say what there is, as text and as JSON', async () => {
  const dry = await postern(['device', 'posture', 'healthy']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stderr, /No device has signed in yet/);
  const json = JSON.parse((await postern(['device', 'posture', 'healthy', '--json'])).stdout) as object;
  assert.deepEqual(json, {
    schema: 'postern.posture/v1',
    profile: 'healthy',
    devices: 0,
    blocked: 0,
    list: [],
  });
  const sources = await postern(['device', 'sources']);
  assert.match(
    sources.stdout,
    /^mdm +webhook +never heard +0 verdicts, 0 not compliant, 0 of unknown devices$/m,
  );
  const list = JSON.parse((await postern(['device', 'list', '--json'])).stdout) as { schema: string };
  assert.equal(list.schema, 'postern.devices/v1');
  const help = await postern(['device', 'posture', '--help']);
  assert.match(help.stdout, /say which devices a posture profile would block; changes nothing/);
});

test('a profile that is unknown, in a file or in force, and one that is wrong are refused with what to do', async () => {
  const unknown = await postern(['device', 'posture', 'nobody']);
  assert.equal(unknown.code, exits.usage);
  assert.match(unknown.stderr, /There is no posture profile "nobody" in the document in force/);
  const inFile = await postern(['device', 'posture', 'nobody', '-f', file], secret);
  assert.equal(inFile.code, exits.usage);
  assert.match(inFile.stderr, /has no posture profile "nobody"; give the name of one below postureProfiles/);
  const draft = join(folder, 'draft.yaml');
  await writeFile(draft, 'postureProfiles: [{ name: strict, linux: { secureBoot: yes please } }]\n');
  const wrong = await postern(['device', 'posture', 'strict', '-f', draft]);
  assert.equal(wrong.code, exits.usage);
  assert.match(wrong.stderr, /linux\.secureBoot "yes please" is not possible here/);
  await writeFile(draft, 'postureProfiles: [{ name: strict, linux: { secureBoot: true } }]\n');
  assert.equal((await postern(['device', 'posture', 'strict', '-f', draft])).code, 0);
});

test('status shows each check in words, its age, what needs it and what it refuses', () => {
  const status: ClientStatus = {
    schema: 'postern.status/v1',
    version: '0.1.0',
    account: 'acme',
    accounts: [],
    state: 'up',
    controller: { url: 'https://access.acme.example:8443', connected: true },
    posture: {
      at: new Date(Date.now() - 20_000).toISOString(),
      facts: { os: 'linux', clientVersion: '0.1.0', firewall: false, diskEncryption: true },
      checks: [
        { check: 'diskEncryption', value: 'on', needed_by: ['db'], needed_by_count: 1, refuses: [] },
        {
          check: 'firewall',
          value: 'off',
          needed_by: ['db', 'wiki'],
          needed_by_count: 2,
          refuses: ['db', 'wiki'],
        },
        { check: 'antivirus', value: 'not known', needed_by: ['a', 'b'], needed_by_count: 9, refuses: [] },
      ],
    },
    proxies: {},
    networks: [],
    relays: [],
    peers: { strict: false, known: 0, reports: [] },
    resources: { granted: 0, refused: 2 },
    flows: [],
    recent: [],
  };
  const lines = clientText(status).split('\n');
  const at = lines.findIndex((line) => line.startsWith('Posture'));
  assert.match(lines[at] ?? '', /^Posture +told \d+s ago$/);
  assert.match(lines[at + 1] ?? '', /^ +Disk encryption +on +needed by db$/);
  assert.match(lines[at + 2] ?? '', /^ +! Firewall +off +needed by db, wiki +refuses db, wiki$/);
  assert.match(lines[at + 3] ?? '', /^ +Antivirus +not known +needed by 9 resources$/);
});
