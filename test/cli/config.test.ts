/**
 * Options from variables and files: what counts before what for every kind of option and for secrets, what is wrong with a file
 * and where, and what may be shown of it.
 */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { Command, Option } from 'commander';
import { readConfigFile } from '../../cli/config-file.ts';
import { configurable, secretsIn } from '../../cli/config-option.ts';
import { collectEndpoints } from '../../cli/direct-option.ts';
import { parsePublicListen } from '../../cli/listen-option.ts';
import { CommandError } from '../../cli/output.ts';
import { readSecret } from '../../cli/secret.ts';
import { settingInForce } from '../../cli/setting-in-force.ts';
import { settingsOf } from '../../cli/settings.ts';

const folder = await mkdtemp(join(tmpdir(), 'postern-config-'));
after(() => rm(folder, { recursive: true }));

/** Writes a file that nobody else may read. */
async function written(text: string, name = 'postern.conf.yaml'): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  await chmod(file, 0o600);
  return file;
}

/** The options that a command with one option of each kind runs with. */
async function told(
  args: readonly string[],
  env: Record<string, string>,
  file?: string,
): Promise<Record<string, unknown>> {
  let options: Record<string, unknown> = {};
  const program = new Command().exitOverride();
  const command = program
    .command('relay')
    .option('--name <name>')
    .option('--range <cidr>', '', 'own')
    .option('--listen <address:port>', '', parsePublicListen)
    .option('--behind-tls')
    .option('--no-browser')
    .option('--tls-cert <file>')
    .addOption(new Option('--metrics <address:port>').env('POSTERN_METRICS').argParser(parsePublicListen))
    .addOption(new Option('--direct-endpoint <host:port>').argParser(collectEndpoints).default([]));
  configurable(command, 'relay', env).action((given: Record<string, unknown>) => {
    options = given;
  });
  command.command('list').action(() => undefined);
  const config = file === undefined ? [] : ['--config', await written(file)];
  await program.parseAsync(['relay', ...config, ...args], { from: 'user' });
  return options;
}

const listens = (port: number): object => ({ address: '127.0.0.1', port });

/** For each kind of option: the key, and what is said and what comes of it by flag, variable, file, and without any. */
const kinds: Record<
  string,
  {
    key: string;
    flag: [string[], unknown];
    variable: [string, string, unknown];
    file: [string, unknown];
    otherwise: unknown;
  }
> = {
  text: {
    key: 'name',
    flag: [['--name', 'flag'], 'flag'],
    variable: ['POSTERN_NAME', 'variable', 'variable'],
    file: ['name: file', 'file'],
    otherwise: undefined,
  },
  'text with a default': {
    key: 'range',
    flag: [['--range', 'flag'], 'flag'],
    variable: ['POSTERN_RANGE', 'variable', 'variable'],
    file: ['range: file', 'file'],
    otherwise: 'own',
  },
  parsed: {
    key: 'listen',
    flag: [['--listen', '127.0.0.1:1'], listens(1)],
    variable: ['POSTERN_LISTEN', '127.0.0.1:2', listens(2)],
    file: ['listen: 127.0.0.1:3', listens(3)],
    otherwise: undefined,
  },
  'parsed, with a variable of its own': {
    key: 'metrics',
    flag: [['--metrics', '127.0.0.1:1'], listens(1)],
    variable: ['POSTERN_METRICS', '127.0.0.1:2', listens(2)],
    file: ['metrics: 127.0.0.1:3', listens(3)],
    otherwise: undefined,
  },
  switch: {
    key: 'behindTls',
    flag: [['--behind-tls'], true],
    variable: ['POSTERN_BEHIND_TLS', 'false', false],
    file: ['behindTls: true', true],
    otherwise: undefined,
  },
  'switch that is on': {
    key: 'browser',
    flag: [['--no-browser'], false],
    variable: ['POSTERN_BROWSER', 'yes', true],
    file: ['browser: false', false],
    otherwise: true,
  },
  repeated: {
    key: 'directEndpoint',
    flag: [
      ['--direct-endpoint', 'a.example:1', '--direct-endpoint', 'b.example:1'],
      ['a.example:1', 'b.example:1'],
    ],
    variable: ['POSTERN_DIRECT_ENDPOINT', 'a.example:2, b.example:2', ['a.example:2', 'b.example:2']],
    file: ['directEndpoint: [a.example:3, b.example:3]', ['a.example:3', 'b.example:3']],
    otherwise: [],
  },
};

for (const [kind, { key, flag, variable, file, otherwise }] of Object.entries(kinds))
  test(`a flag counts before a variable, a variable before a file, a file before the default: ${kind}`, async () => {
    const section = `relay: { ${file[0]} }\n`;
    const env = { [variable[0]]: variable[1] };
    const value = async (...given: Parameters<typeof told>): Promise<unknown> => (await told(...given))[key];
    assert.deepEqual(await value(flag[0], env, section), flag[1]);
    assert.deepEqual(await value(flag[0], {}, section), flag[1]);
    assert.deepEqual(await value([], env, section), variable[2]);
    assert.deepEqual(await value([], env), variable[2]);
    assert.deepEqual(
      await value([], { [variable[0]]: '' }, section),
      file[1],
      'an empty variable gives nothing',
    );
    assert.deepEqual(await value([], {}, 'controller: { data: x }\n'), otherwise);
    assert.deepEqual(await value([], {}), otherwise);
  });

test('POSTERN_CONFIG names the file, and --config counts before it; subcommands ask neither', async () => {
  const other = await written('relay: { name: other }\n', 'other.yaml');
  assert.equal((await told([], { POSTERN_CONFIG: other }))['name'], 'other');
  assert.equal((await told([], { POSTERN_CONFIG: other }, 'relay: { name: file }\n'))['name'], 'file');
  assert.deepEqual(
    await told(['list'], { POSTERN_CONFIG: join(folder, 'nothing'), POSTERN_LISTEN: 'odd' }),
    {},
  );
});

test('files are found from where the file of options lies', async () => {
  assert.equal(
    (await told([], {}, 'relay: { tlsCert: own/cert.pem }\n'))['tlsCert'],
    join(folder, 'own/cert.pem'),
  );
  assert.equal((await told([], {}, 'relay: { tlsCert: /etc/cert.pem }\n'))['tlsCert'], '/etc/cert.pem');
  assert.equal((await told(['--tls-cert', 'cert.pem'], {}))['tlsCert'], 'cert.pem');
});

test('a secret is taken from the first that gives it, its own option and that of its file alike', async (t) => {
  const ways: { args?: string[]; env?: Record<string, string>; file?: string; secret: string }[] = [];
  for (const secret of ['flag', 'flag-file', 'variable', 'variable-file', 'file', 'file-file'])
    await writeFile(join(folder, secret), `${secret}\n`);
  ways.push(
    { args: ['--key', 'flag'], secret: 'flag' },
    { args: ['--key-file', join(folder, 'flag-file')], secret: 'flag-file' },
    { env: { POSTERN_KEY: 'variable' }, secret: 'variable' },
    { env: { POSTERN_KEY_FILE: join(folder, 'variable-file') }, secret: 'variable-file' },
  );
  const inFile = [
    { file: 'key: file', secret: 'file' },
    { file: 'keyFile: file-file', secret: 'file-file' },
  ];
  for (const [index, first] of ways.entries()) {
    for (const second of [...ways.slice(index + 1), ...inFile, {}])
      assert.equal(await secretOf(t, first, second), first.secret, JSON.stringify([first, second]));
  }
  for (const only of inFile) assert.equal(await secretOf(t, only, {}), only.secret);
});

interface Way {
  args?: string[];
  env?: Record<string, string>;
  file?: string;
}

/** The key that a command reads which is told both. */
async function secretOf(t: TestContext, first: Way, second: Way): Promise<string | undefined> {
  const env = { ...first.env, ...second.env };
  Object.assign(process.env, env);
  const forget = (): void => {
    for (const name of Object.keys(env)) delete process.env[name];
  };
  t.after(forget);
  const file = first.file ?? second.file;
  const config = file === undefined ? [] : ['--config', await written(`up: { ${file} }\n`)];
  let secret: string | undefined;
  const program = new Command().exitOverride();
  configurable(program.command('up').option('--key <key>').option('--key-file <file>'), 'up').action(
    async ({ key, keyFile }: { key?: string; keyFile?: string }) => {
      secret = await readSecret('key', key, keyFile);
    },
  );
  await program.parseAsync(['up', ...config, ...(first.args ?? []), ...(second.args ?? [])], {
    from: 'user',
  });
  forget();
  return secret;
}

/** What stands in the file, with «» before what is wrong, and what is said. */
const wrong: [text: string, says: RegExp][] = [
  ['«»rely: { listen: 127.0.0.1:1 }', /^unknown key "rely"; did you mean "relay"\?$/],
  ['«»organisation: acme', /^unknown key "organisation"; known here are controller, relay, connector, up$/],
  ['«»[relay]', /must be keys and values/],
  ['«»relay: listen', /^relay must hold options/],
  ['relay:\n  «»lisen: 127.0.0.1:1', /^unknown key "lisen"; did you mean "listen"\?$/],
  ['relay:\n  «»direct-endpoint: a.example:1', /did you mean "directEndpoint"/],
  ['relay:\n  «»config: other.yaml', /^unknown key "config"/],
  ['relay:\n  listen: «»8443', /^listen: give an address and a port/],
  ['relay: { listen: «»[127.0.0.1:1, 127.0.0.1:2] }', /^listen: give an address and a port/],
  ['relay:\n  «»name:\n', /^name has no value/],
  ['relay:\n  «»name: { first: a }', /^name must be a text/],
  ['relay:\n  behindTls: «»perhaps', /^behindTls: give true or false/],
  [
    'relay:\n  directEndpoint: «»[a.example:1, nonsense]',
    /^directEndpoint: give a name or address and a port/,
  ],
  ['relay: { name: a, «»name: b }', /unique/],
  ['relay: { name: «»', /./],
];

test('what is wrong with a file is said with line and column', async () => {
  for (const [text, says] of wrong) {
    const [before = '', behind = ''] = text.split('«»');
    const line = before.split('\n').length;
    const column = before.length - before.lastIndexOf('\n');
    const place = `${join(folder, 'postern.conf.yaml')}:${line}:${column} `;
    await assert.rejects(told([], {}, before + behind), (error) => {
      assert.ok(error instanceof CommandError, text);
      assert.equal(error.exit, 2);
      assert.ok(error.message.startsWith(place), `${text}: ${error.message}`);
      assert.match(error.message.slice(place.length), says);
      return true;
    });
  }
});

test('all unknown keys are told at once, and a variable that cannot be used by its name', async () => {
  await assert.rejects(told([], {}, 'relay: { lisen: a, nam: b }'), /"lisen".*\n.*"nam"/);
  await assert.rejects(told([], { POSTERN_LISTEN: 'hunter2' }), (error) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.message, /^POSTERN_LISTEN cannot be used: give an address and a port/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
  await assert.rejects(
    told([], { POSTERN_CONFIG: join(folder, 'nothing') }),
    /nothing cannot be read \(ENOENT\)/,
  );
});

test('JSON is taken as well, anchors are followed, and numbers stay as they are written', async () => {
  const json = JSON.stringify({ relay: { name: 'json', behindTls: true, listen: '127.0.0.1:3' } });
  const options = await told([], {}, json);
  assert.deepEqual([options['name'], options['behindTls'], options['listen']], ['json', true, listens(3)]);
  assert.equal((await told([], {}, 'controller: { data: &a here }\nrelay: { name: *a }'))['name'], 'here');
  assert.equal((await told([], {}, 'relay: { name: 0755 }'))['name'], '0755');
});

/** A command with secrets of every kind: an option of its own and one for a file, or one of the two. */
function withSecrets(): Command {
  return new Command('up')
    .option('--key <key>')
    .option('--key-file <file>')
    .option('--database <url>')
    .option('--database-password-file <file>')
    .option('--smtp-password-file <file>')
    .option('--controller <url>');
}

test('SEC-G10 of a secret it is shown that it is set and from where, whoever gives it', async () => {
  const settings = settingsOf(withSecrets());
  const names = ['key', 'database', 'databasePassword', 'smtpPassword'];
  assert.deepEqual(
    settings.map(({ name }) => name),
    [...names, 'controller'],
  );
  const file = await written(
    'up:\n  key: hunter2\n  database: postgres://postern:hunter2@db.acme.example/postern\n' +
      '  smtpPasswordFile: /run/secrets/smtp\n  controller: https://alice:hunter2@access.acme.example\n',
  );
  const section = readConfigFile(file).section('up', settings);
  const shown = (env: Record<string, string>): unknown[] =>
    settings.map((setting) => settingInForce(setting, env, section));
  const byFile = shown({});
  assert.doesNotMatch(JSON.stringify(byFile), /hunter2/);
  assert.deepEqual(byFile[0], {
    name: 'key',
    secret: true,
    value: null,
    origin: { place: { file, line: 2, column: 8 } },
  });
  assert.deepEqual(byFile[2], { name: 'databasePassword', secret: true, value: null, origin: undefined });
  assert.match(JSON.stringify(byFile[4]), /"https:\/\/alice:\*\*\*@access\.acme\.example\/"/);
  const variables = {
    POSTERN_KEY_FILE: '/run/key',
    POSTERN_DATABASE: 'hunter2',
    POSTERN_SMTP_PASSWORD: 'hunter2',
  };
  const byVariable = shown(variables);
  assert.doesNotMatch(JSON.stringify(byVariable), /hunter2/);
  assert.deepEqual(byVariable[0], {
    name: 'key',
    secret: true,
    value: null,
    origin: { variable: 'POSTERN_KEY_FILE' },
  });
  assert.match(JSON.stringify(byVariable[3]), /POSTERN_SMTP_PASSWORD/);
  assert.deepEqual(secretsIn(section, settings), ['key', 'database']);
});

test('a secret is given once in a file, itself or by its file', async () => {
  const file = await written('up: { key: sk_one, keyFile: /run/secrets/key }\n');
  assert.throws(
    () => readConfigFile(file).section('up', settingsOf(withSecrets())),
    /:1:29 key stands there already; give one of the two$/,
  );
});

test('a file that everybody may read is known as that', async () => {
  const file = await written('up: {}\n');
  assert.equal(readConfigFile(file).isOpen, false);
  await chmod(file, 0o644);
  assert.equal(readConfigFile(file).isOpen, true);
});
