/**
 * The real programs with variables and files of options: every option of theirs is taken from both, `postern config show` says
 * from which and prints no secret, and a controller runs by a file alone.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { configuredPrograms, type ConfiguredProgram } from '../../cli/config-file.ts';
import { connectorCommand } from '../../cli/connector.ts';
import { controllerCommand } from '../../cli/controller.ts';
import { relayCommand } from '../../cli/relay.ts';
import { settingsOf } from '../../cli/settings.ts';
import { upCommand } from '../../cli/up.ts';
import { runPostern } from './support/program.ts';

const folder = await mkdtemp(join(tmpdir(), 'postern-config-'));
after(() => rm(folder, { recursive: true }));

/** Writes a file that nobody else may read. */
async function written(text: string, name = 'options.yaml'): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  await chmod(file, 0o600);
  return file;
}

const registers: Record<ConfiguredProgram, (program: Command) => void> = {
  controller: controllerCommand,
  relay: relayCommand,
  connector: connectorCommand,
  up: upCommand,
};

/** A value that the option takes, for every option there is. */
const samples: Record<string, string> = {
  listen: '127.0.0.1:8443',
  webListen: '127.0.0.1:443',
  webPort: '444',
  publicUrl: 'https://access.acme.example:8443',
  data: '/var/lib/postern/controller',
  roles: 'controller',
  tlsCert: '/etc/postern/cert.pem',
  tlsKey: '/etc/postern/key.pem',
  secretKeyFile: '/etc/postern/secret.key',
  countries: '/etc/postern/countries.csv',
  egressAllow: '10.0.0.0/8',
  browsersPerSource: '2048',
  trustProxy: '192.0.2.0/24',
  smtp: 'smtp://postern@mail.acme.example:587',
  smtpCa: '/etc/postern/mail.pem',
  mailFrom: 'access@acme.example',
  metrics: '127.0.0.1:9464',
  state: '/var/lib/postern/state',
  controller: 'https://access.acme.example:8443',
  memory: '64',
  rate: '100',
  behindTls: 'true',
  name: 'hq-1',
  webCerts: '/etc/postern/certs',
  acmeDirectory: 'https://acme.example/directory',
  acmeContact: 'alice@acme.example',
  acmeCa: '/etc/postern/acme.pem',
  acmeEabKeyId: 'kid-1',
  acmeDnsHook: '/usr/local/bin/hook',
  direct: '7443',
  directEndpoint: 'hq.acme.example:7443',
  ca: '/etc/postern/ca.pem',
  pin: 'a-root-key',
  capture: 'none',
  range: '100.64.0.0/16',
  socks: '127.0.0.1:1080',
  httpProxy: '127.0.0.1:8118',
  shareWith: '1000',
  browser: 'false',
  prefer: 'acme',
  strictPeers: 'true',
};
const secret = 'sk_hunter2hunter2';

interface Answer {
  schema: string;
  programs: {
    program: string;
    settings: { name: string; value?: unknown; secret?: boolean; set?: boolean; origin: unknown }[];
  }[];
}

for (const program of configuredPrograms)
  test(`every option of ${program} is given by a variable and by a file, and shown with where it comes from`, async () => {
    const root = new Command();
    registers[program](root);
    const settings = settingsOf(root.commands[0] ?? root);
    const env: Record<string, string> = {};
    const lines: string[] = [];
    const viaFile = new Map<string, number>();
    for (const { name, isSecret, ways } of settings) {
      const sample = isSecret ? secret : samples[name];
      assert.ok(sample !== undefined, `there is no sample of ${name}`);
      env[ways[0]?.variable ?? ''] = sample;
      const key = ways.find(({ option }) => option !== undefined)?.option?.attributeName() ?? '';
      lines.push(`  ${key}: ${JSON.stringify(key === name ? sample : '/run/secrets/one')}`);
      viaFile.set(name, lines.length + 1);
    }
    const file = await written(`${program}:\n${lines.join('\n')}\n`);
    const shownBy = async (given: Record<string, string>, ...args: string[]): Promise<Answer> => {
      const { exit, stdout, stderr } = await runPostern(['config', 'show', program, '--json', ...args], {
        env: given,
      });
      assert.equal(exit, 0, stderr);
      assert.doesNotMatch(stdout + stderr, /hunter2/);
      return JSON.parse(stdout) as Answer;
    };
    const byVariable = await shownBy({ ...env, POSTERN_CONFIG: file });
    const byFile = await shownBy({}, '--config', file);
    assert.equal(byFile.schema, 'postern.config/v1');
    for (const [index, { name, isSecret, ways }] of settings.entries()) {
      const fromVariable = byVariable.programs[0]?.settings[index];
      const fromFile = byFile.programs[0]?.settings[index];
      assert.deepEqual([fromVariable?.name, fromFile?.name], [name, name]);
      assert.deepEqual(fromVariable?.origin, { kind: 'variable', name: ways[0]?.variable });
      const place = fromFile?.origin as { kind: string; line: number } | undefined;
      assert.deepEqual([place?.kind, place?.line], ['file', viaFile.get(name)]);
      for (const shown of [fromVariable, fromFile]) {
        if (isSecret) assert.deepEqual([shown?.set, shown?.value], [true, undefined]);
        else assert.equal(String(shown?.value), samples[name]);
      }
    }
  });

test('config show says for people what is in force and why, and of secrets only from where', async () => {
  const file = await written(
    'relay:\n  listen: 127.0.0.1:8444\n  controller: https://alice:hunter2@access.acme.example\nup: {}\n',
  );
  const env = { POSTERN_CONFIG: file, POSTERN_KEY_FILE: '/run/secrets/key', POSTERN_RATE: '50' };
  const { exit, stdout, stderr } = await runPostern(['config', 'show', '--origin'], { env });
  assert.equal(exit, 0, stderr);
  assert.match(stdout, /^relay$/m);
  assert.match(stdout, new RegExp(`^ {2}listen +127\\.0\\.0\\.1:8444 +${file}:2:11$`, 'm'));
  assert.match(stdout, /^ {2}key +\(set, from POSTERN_KEY_FILE\)$/m);
  assert.match(stdout, /^ {2}rate +50 +POSTERN_RATE$/m);
  assert.match(stdout, /^ {2}memory +-$/m);
  assert.match(stdout, /^ {2}range +100\.96\.0\.0\/12 +default$/m);
  assert.doesNotMatch(stdout, /^(controller|connector)$/m, 'the file has no section of theirs');
  assert.doesNotMatch(stdout, /hunter2/);
  const plain = await runPostern(['config', 'show', 'relay'], { env });
  assert.match(plain.stdout, /^ {2}listen +127\.0\.0\.1:8444$/m);
  const wrongValue = await runPostern(['config', 'show'], { env: { ...env, POSTERN_RATE: 'fast' } });
  assert.equal(wrongValue.exit, 2);
  assert.match(wrongValue.stderr, /^postern: POSTERN_RATE cannot be used: give a whole number of megabits/);
  const unknown = await runPostern(['config', 'show', 'rely'], { env });
  assert.equal(unknown.exit, 2);
});

test('a secret in a file that everybody may read is warned about', async () => {
  const file = await written(`up:\n  key: ${secret}\n`);
  const show = () => runPostern(['config', 'show', 'up', '--config', file]);
  assert.equal((await show()).stderr, '');
  await chmod(file, 0o644);
  const { stdout, stderr } = await show();
  assert.match(stderr, /holds a secret \(key\), and everybody on this machine may read it. Run: chmod 600 /);
  assert.doesNotMatch(stdout + stderr, /hunter2/);
  await writeFile(file, 'up:\n  keyFile: /run/secrets/key\n');
  assert.equal((await show()).stderr, '');
});

test('a controller runs by its section alone, in the folder beside the file', async (t) => {
  const file = await written(
    'controller:\n  listen: 127.0.0.1:0\n  data: own-data\n  metrics: 127.0.0.1:0\n  roles: [controller, relay]\n',
    'whole.yaml',
  );
  const launcher = fileURLToPath(new URL('../../bin/postern', import.meta.url));
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [launcher, 'controller', '--config', file], {
    env: { PATH, HOME, POSTERN_LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  for await (const chunk of child.stderr) {
    said += String(chunk);
    if (!/No owner yet.*\n.*\n/.test(said)) continue;
    child.kill('SIGTERM');
  }
  assert.match(said, new RegExp(`Next: postern token create --data ${join(folder, 'own-data')} `));
  assert.match(said, /Metrics: http:\/\/127\.0\.0\.1:\d+\/metrics/);
  assert.match(said, /The controller and a relay serve/);
});

test('without what it needs a program says so, and its help tells of variables and the file', async () => {
  const without = await runPostern(['relay', '--config', await written('relay: { rate: 5 }\n')]);
  assert.equal(without.exit, 2);
  assert.match(without.stderr, /required option '--listen <address:port>' not specified/);
  const data = await runPostern(['controller']);
  assert.equal(data.exit, 2);
  assert.match(data.stderr, /required option '--data <folder>' not specified/);
  const { stdout } = await runPostern(['relay', '--help']);
  assert.match(stdout, /--config <file>/);
  assert.match(stdout, /A flag counts before a variable, and a variable before the file/);
  assert.doesNotMatch(stdout, /\(env: /);
  const words = await runPostern(['completion', 'words', '--', 'config', 'show', 'c']);
  assert.equal(words.stdout, 'controller\nconnector\n');
});
