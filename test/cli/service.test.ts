/** `postern service`: units as they are written, without a systemd that runs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { connectorCommand } from '../../cli/connector.ts';
import { controllerCommand } from '../../cli/controller.ts';
import { relayCommand } from '../../cli/relay.ts';
import { serviceOptions } from '../../cli/service-options.ts';
import { unitOf } from '../../cli/service-unit.ts';
import { upCommand } from '../../cli/up.ts';
import { connectorText } from '../../web/src/admin/networks/connector-texts.ts';
import { runPostern } from './support/program.ts';

const programs = {
  controller: controllerCommand,
  relay: relayCommand,
  connector: connectorCommand,
  up: upCommand,
};
type Program = keyof typeof programs;

/** The unit of a program that is started with these words. */
function unit(program: Program, ...words: string[]): string {
  const parent = new Command();
  programs[program](parent);
  const command = parent.commands.find((each) => each.name() === program);
  assert.ok(command !== undefined);
  return unitOf({ program, start: ['/usr/local/bin/postern'], ...serviceOptions(command, words) });
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-service-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('the unit of a connector is the one that the dashboard shows', (t) => {
  const file = join(folder(t), 'connector.key');
  writeFileSync(file, 'pk_abc');
  const text = connectorText('systemd', { key: 'pk_abc', image: '', isTrial: false });
  const shown = /<<'UNIT'\n([\s\S]*?)UNIT\n/.exec(text)?.[1];
  assert.equal(unit('connector', '--key-file', file).replace(file, '/etc/postern/connector.key'), shown);
});

test('SEC-G10 no secret stands in a unit: files of secrets are handed over, and a secret itself is refused', (t) => {
  const path = folder(t);
  const file = join(path, 'secret');
  writeFileSync(file, 'elephant');
  const text = unit(
    'controller',
    ...[
      '--listen',
      '0.0.0.0:8443',
      '--database-file',
      file,
      `--redis-password-file=${file}`,
      '--tls-key',
      file,
    ],
  );
  assert.match(
    text,
    /--database-file %d\/database --redis-password-file %d\/redis-password --tls-key %d\/tls-key/,
  );
  assert.match(text, new RegExp(`^LoadCredential=redis-password:${file}$`, 'm'));
  assert.doesNotMatch(text, /elephant/);
  for (const [program, words, why] of [
    ['connector', ['--key', 'pk_elephant'], /--key would stand in the unit.*give --key-file/],
    ['controller', ['--database=postgres://elephant@db/'], /--database would stand in the unit/],
    ['connector', ['--controller', 'https://postern:elephant@access.acme.example'], /has a password in it/],
    ['connector', ['--key-file', join(path, 'none')], /needs a file that is there/],
    ['connector', ['--key-file', '-'], /needs a file that is there/],
  ] as [Program, string[], RegExp][])
    assert.throws(
      () => unit(program, ...words),
      (error: Error) => why.test(error.message) && !error.message.includes('elephant'),
    );
});

test('options stand in the unit as systemd reads them back, and what the program does not take is refused', () => {
  const text = unit(
    'up',
    '--name',
    'a "b" 100% $HOME \\',
    '--share-with',
    '1000',
    '--no-browser',
    '--config',
    'o.yaml',
  );
  assert.match(
    text,
    /--name "a \\"b\\" 100%% \$\$HOME \\\\" --share-with 1000 --no-browser --config \/.*\/o\.yaml --state %S\/postern$/m,
  );
  for (const [program, words, why] of [
    ['up', ['--nope'], /postern up takes no --nope/],
    ['relay', ['extra'], /takes no extra/],
    ['controller', ['--listen', 'here'], /give an address and a port/],
    ['relay', ['--state', '/srv/relay'], /keeps --state in \/var\/lib\/postern-relay\/state/],
    ['up', ['--name', 'a\nExecStartPre=/bin/sh'], /control character/],
  ] as [Program, string[], RegExp][])
    assert.throws(() => unit(program, ...words), { message: why });
});

test('systemd takes every unit, and each keeps its program apart from the machine', async (t) => {
  const path = folder(t);
  // What reads units belongs to systemd itself, which many a machine is without.
  const reader = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((file) => existsSync(file));
  for (const program of Object.keys(programs) as Program[]) {
    const text = unit(program);
    for (const line of text.trimEnd().split('\n'))
      assert.match(line, /^(|\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=.*)$/);
    for (const line of [
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'PrivateTmp=yes',
      'Restart=on-failure',
    ])
      assert.ok(text.includes(`\n${line}\n`), `${program}: ${line}`);
    assert.equal(text.includes('\nDynamicUser=yes\n'), program !== 'up');
    const file = join(path, `postern-${program}.service`);
    // It looks for the program as well.
    writeFileSync(file, text.replace('/usr/local/bin/postern', process.execPath));
    if (reader === undefined) continue;
    const { stderr } = await promisify(execFile)(reader, ['verify', '--man=no', file]);
    assert.equal(stderr, '', program);
  }
});

test('a unit is printed, written below another root, looked at and removed there', async (t) => {
  const root = folder(t);
  const service = (...words: string[]): ReturnType<typeof runPostern> => runPostern(['service', ...words]);
  const shown = await service('install', '--print', 'relay', '--rate', '100');
  assert.equal(shown.exit, 0, shown.stderr);
  const written = await service('install', '--root', root, 'relay', '--rate', '100');
  assert.equal(written.exit, 0, written.stderr);
  const file = join(root, 'etc/systemd/system/postern-relay.service');
  assert.equal(readFileSync(file, 'utf8'), shown.stdout);
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.match(shown.stdout, /postern relay --rate 100 --state %S\/postern-relay\/state$/m);
  const { stdout } = await service('status', '--root', root, '--json');
  const { services } = JSON.parse(stdout) as { services: { program: string; installed: boolean }[] };
  assert.deepEqual(
    services.filter(({ installed }) => installed).map(({ program }) => program),
    ['relay'],
  );
  assert.equal((await service('uninstall', '--root', root, 'relay')).exit, 0);
  assert.equal(existsSync(file), false);
  const gone = await service('uninstall', '--root', root, 'relay');
  assert.deepEqual([gone.exit, /is not installed/.test(gone.stderr)], [2, true]);
});

test('changing the system is for root, with the line to run, and needs a systemd that runs', async () => {
  const args = [
    join(import.meta.dirname, '../../bin/postern'),
    'service',
    'install',
    'up',
    '--name',
    "a b'c",
  ];
  const isRoot = process.getuid?.() === 0;
  const [program, ...words] = isRoot
    ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, ...args]
    : [process.execPath, ...args];
  const ended = await promisify(execFile)(program, words).then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(ended?.code, 10, ended?.stderr);
  assert.match(ended?.stderr ?? '', /Run: sudo postern service install up --name 'a b'\\''c'$/m);
  if (!isRoot || existsSync('/run/systemd/system')) return;
  const without = await runPostern(['service', 'install', 'relay']);
  assert.equal(without.exit, 1);
  assert.match(without.stderr, /systemd does not run here; --print shows the unit, and --root FOLDER/);
});
