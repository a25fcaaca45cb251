/**
 * A flag, a variable or a key that is given wrongly: the message says what, and what to do next, the exit code is the
 * documented one, and nothing has changed. Against the built program and a controller that runs.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runPostern } from './support/program.ts';
import { goodDocument as good, WrongInputBench } from './support/wrong-input-bench.ts';

const bench = await WrongInputBench.start({ after });

interface Run {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly says: RegExp;
}

const admin = ['--controller', bench.url, '--token', bench.controller.admin];
const server = ['--listen', '127.0.0.1:0', '--public-url', 'https://a.acme.example'];
const state = ['--state', join(bench.folder, 'state')];
const data = ['--data', join(bench.folder, 'data')];
const create = ['token', 'create', ...admin];
const runs: Run[] = [
  { args: ['apply', '-f', bench.file], exit: 2, says: /no controller is named; give --controller URL/ },
  {
    args: ['apply', '--controller', 'x', '-f', bench.file],
    exit: 2,
    says: /"x" is no address; give one such as/,
  },
  {
    args: ['apply', '-f', bench.file],
    env: { POSTERN_CONTROLLER: 'gopher://x' },
    exit: 2,
    says: /is no address; give/,
  },
  {
    args: ['apply', '--controller', bench.url, '-f', bench.file],
    exit: 3,
    says: /no API token is given; give --token-file/,
  },
  {
    args: ['apply', '--controller', bench.url],
    env: { POSTERN_TOKEN: 'at_x' },
    exit: 3,
    says: /token is mistyped.*copy it whole, or make one/,
  },
  {
    args: ['apply', '--controller', bench.url],
    env: { POSTERN_TOKEN_FILE: '/nowhere' },
    exit: 2,
    says: /\/nowhere cannot be read \(ENOENT\); give/,
  },
  {
    args: ['apply', '--controller', bench.url, '--token-file', '/nowhere'],
    exit: 2,
    says: /\/nowhere cannot be read/,
  },
  {
    args: ['apply', ...admin, '-f', '/nowhere.yaml'],
    exit: 2,
    says: /nowhere\.yaml cannot be read \(ENOENT\); give -f/,
  },
  { args: ['apply', ...admin, '--ca', '/nowhere'], exit: 2, says: /give the ca\.pem of the controller/ },
  {
    args: [
      'apply',
      '--controller',
      'http://127.0.0.1:1',
      '--token',
      bench.controller.admin,
      '-f',
      bench.file,
    ],
    exit: 6,
    says: /cannot be reached.*check that the controller runs/,
  },
  { args: ['apply', ...admin, '--no-such'], exit: 2, says: /unknown option '--no-such'[^]*--help/ },
  {
    args: ['apply', ...admin, '-f', join(bench.folder, 'broken.yaml')],
    exit: 2,
    says: /broken\.yaml:1:1 unknown key "organization"; did you mean[^]*Nothing was changed/,
  },
  {
    args: ['apply', ...admin, '-f', join(bench.folder, 'empty.yaml')],
    exit: 2,
    says: /the file is empty; see/,
  },
  {
    args: ['apply', ...admin, '-f', bench.file, '--from', 'x'],
    exit: 2,
    says: /give the number of a revision/,
  },
  {
    args: ['apply', ...admin, '-f', bench.file, '--from', '0'],
    exit: 2,
    says: /Revision \d+ is in force, not 0: somebody else changed the document[^]*Nothing was changed/,
  },
  { args: ['plan', '-f', bench.file], exit: 2, says: /no controller is named; give --controller URL/ },
  {
    args: ['plan', ...admin, '-f', '/nowhere.yaml'],
    exit: 2,
    says: /nowhere\.yaml cannot be read \(ENOENT\)/,
  },
  {
    args: ['plan', ...admin, '-f', join(bench.folder, 'broken.yaml')],
    exit: 2,
    says: /broken\.yaml:1:1 unknown key "organization"[^]*Nothing was changed/,
  },
  {
    args: ['plan', ...admin, '-f', join(bench.folder, 'failing.yaml')],
    exit: 2,
    says: /failing\.yaml:\d+:\d+ this test fails: service account ci[^]*Apply would refuse this/,
  },
  {
    args: ['apply', ...admin, '-f', join(bench.folder, 'failing.yaml')],
    exit: 2,
    says: /failing\.yaml:\d+:\d+ this test fails: service account ci[^]*Nothing was changed/,
  },
  { args: ['export', '--controller', bench.url], exit: 3, says: /no API token is given; give --token-file/ },
  { args: ['policy'], exit: 2, says: /Usage: postern policy/ },
  { args: ['policy', 'history', ...admin, '--last', '0'], exit: 2, says: /give a number from 1 to 100/ },
  { args: ['policy', 'show', ...admin], exit: 2, says: /missing required argument 'revision'/ },
  { args: ['policy', 'show', 'x', ...admin], exit: 2, says: /"x" is no revision; give a number that/ },
  {
    args: ['policy', 'show', '999', ...admin],
    exit: 2,
    says: /there is no revision 999; see postern policy/,
  },
  { args: ['policy', 'rollback', '1.5', ...admin], exit: 2, says: /"1\.5" is no revision; give a number/ },
  {
    args: ['policy', 'rollback', '999', ...admin],
    exit: 2,
    says: /There is no revision 999; see postern policy/,
  },
  {
    args: ['policy', 'rollback', '1', '--from', '999', ...admin],
    exit: 2,
    says: /Revision \d+ is in force, not 999/,
  },
  { args: ['policy', 'test', '-f', '/nowhere.yaml'], exit: 2, says: /nowhere\.yaml cannot be read/ },
  {
    args: ['policy', 'test', '-f', join(bench.folder, 'broken.yaml')],
    exit: 2,
    says: /broken\.yaml:1:1 unknown key "organization"/,
  },
  {
    args: ['policy', 'test', '-f', join(bench.folder, 'failing.yaml')],
    exit: 2,
    says: /failed {2}service account ci[^]*failing\.yaml:\d+:\d+ this test fails[^]*1 test passed, 1 failed/,
  },
  { args: ['token', 'create'], exit: 2, says: /say what for: --data DIR/ },
  { args: [...create, '--connector', 'hq', '--relay', 'r'], exit: 2, says: /say what for/ },
  { args: [...create, '--connector', 'nowhere'], exit: 2, says: /no network "nowhere"\. Declared: hq/ },
  { args: [...create, '--service', 'cd'], exit: 2, says: /no service account "cd"\. Declared: ci/ },
  { args: [...create, '--relay', 'Bad Name'], exit: 2, says: /name/ },
  { args: [...create, '--connector', 'hq', '--uses', '0'], exit: 2, says: /"0" is no number of uses; write/ },
  { args: [...create, '--connector', 'hq', '--uses', '1e9'], exit: 2, says: /is no number of uses/ },
  {
    args: [...create, '--connector', 'hq', '--expires', 'soon'],
    exit: 2,
    says: /"soon" is no duration; write 1h/,
  },
  {
    args: [...create, '--connector', 'hq', '--data', bench.folder],
    exit: 2,
    says: /--data makes API tokens; leave it out/,
  },
  {
    args: ['token', 'create', '--data', '/nowhere'],
    exit: 2,
    says: /holds no controller's data; start it there once/,
  },
  {
    args: ['token', 'create', '--data', '/nowhere', '--role', 'owner'],
    exit: 2,
    says: /choices are admin, network, access/,
  },
  {
    args: [...create, '--role', 'admin', '--connector', 'hq'],
    exit: 2,
    says: /say what for/,
  },
  { args: [...create, '--role', 'admin', '--uses', '2'], exit: 2, says: /--uses is for enrolment keys/ },
  {
    args: [...create, '--role', 'admin', '--name', 'Ops Team'],
    exit: 2,
    says: /"Ops Team" is no name; write/,
  },
  {
    args: [...create, '--service', 'ci', '--name', 'x'],
    exit: 2,
    says: /--name is for API tokens; leave it out/,
  },
  {
    args: ['token', 'revoke', ...admin, 'nobodys'],
    exit: 2,
    says: /there is no API token "nobodys"; see postern token list/,
  },
  {
    args: ['token', 'set-role', ...admin, 'nobodys', 'owner'],
    exit: 2,
    says: /"owner" is no role of tokens; write one of admin, network/,
  },
  { args: ['controller'], exit: 2, says: /required option '--data <folder>' not specified[^]*--help/ },
  {
    args: ['controller', ...data, '--listen', '8443'],
    exit: 2,
    says: /'8443' cannot be used: give an address and a port/,
  },
  {
    args: ['controller', ...data, '--listen', '127.0.0.1:99999'],
    exit: 2,
    says: /give an address and a port/,
  },
  {
    args: ['controller', ...data, '--listen', '192.0.2.1:8443', '--public-url', 'https://x.acme.example'],
    exit: 2,
    says: /no address of this machine; give another --listen/,
  },
  {
    args: ['controller', ...data, '--listen', `127.0.0.1:${bench.controller.url.port}`],
    exit: 2,
    says: /is in use; stop what listens there/,
  },
  {
    args: ['controller', ...data, '--public-url', 'ftp://x'],
    exit: 2,
    says: /give an address such as https/,
  },
  {
    args: ['controller', ...data, '--public-url', 'https://x/path'],
    exit: 2,
    says: /give an address such as https/,
  },
  {
    args: ['controller', ...data, '--public-url', 'https://x'],
    exit: 2,
    says: /no address to listen on; give --listen/,
  },
  {
    args: ['controller', ...data, '--public-url', 'http://x', '--listen', '0.0.0.0:0'],
    exit: 2,
    says: /without TLS.*give an https --public-url/,
  },
  {
    args: ['controller', ...data, '--roles', 'connector'],
    exit: 2,
    says: /give controller,relay or controller/,
  },
  {
    args: ['controller', ...data, ...server, '--tls-cert', '/nowhere'],
    exit: 2,
    says: /go together; give both or neither/,
  },
  {
    args: ['controller', ...data, ...server, '--tls-cert', '/nowhere', '--tls-key', '/nowhere'],
    exit: 2,
    says: /\/nowhere cannot be read/,
  },
  {
    args: ['controller', ...data, ...server, '--tls-cert', bench.file, '--tls-key', bench.file],
    exit: 2,
    says: /no certificate and key that belong together/,
  },
  {
    args: ['controller', ...data, ...server, '--secret-key-file', bench.file],
    exit: 2,
    says: /holds no secret key.*give the file that the first start wrote/,
  },
  {
    args: ['controller', '--data', bench.file, ...server],
    exit: 2,
    says: /give --data, --secret-key-file and a port/,
  },
  {
    args: ['controller', ...data, ...server, '--countries', '/nowhere.csv'],
    exit: 2,
    says: /the file of countries cannot be used: \/nowhere\.csv cannot be read \(ENOENT\)/,
  },
  {
    args: ['controller', ...data, ...server],
    env: { POSTERN_COUNTRIES: join(bench.folder, 'countries.csv') },
    exit: 2,
    says: /countries\.csv: line 3: 10\.0\.0\.1\/8 has bits set behind its prefix; write the network/,
  },
  { args: ['relay', ...server], exit: 2, says: /required option '--state/ },
  {
    args: ['relay', ...server, ...state],
    exit: 2,
    says: /holds no enrolment yet; give --key-file.*token create --relay NAME/,
  },
  {
    args: ['relay', ...server, ...state],
    env: { POSTERN_KEY: 'pk_x' },
    exit: 2,
    says: /key is mistyped or is no pk_ key; copy it whole/,
  },
  {
    args: ['relay', ...server, ...state, '--behind-tls'],
    exit: 2,
    says: /--behind-tls goes with --trust-proxy: say which balancers end TLS/,
  },
  {
    args: ['relay', ...server, ...state, '--memory', '3'],
    exit: 2,
    says: /give a whole number of MiB, at least 16/,
  },
  {
    args: ['relay', ...server, ...state, '--browsers-per-source', '3'],
    exit: 2,
    says: /give a whole number of connections, from 16 to 1000000/,
  },
  {
    args: ['connector', ...state],
    exit: 2,
    says: /holds no enrolment yet; give --key-file.*token create --connector NETWORK/,
  },
  {
    args: ['connector', ...state, '--acme-directory', 'http://ca.acme.example/dir'],
    exit: 2,
    says: /what --acme-directory was given is no https address of a directory; write one such as https:/,
  },
  {
    args: ['connector', ...state, '--acme-directory', 'ftp://ca:hunter2@ca.acme.example'],
    exit: 2,
    says: /^(?!.*hunter2).*what --acme-directory was given is no https address/s,
  },
  {
    args: ['controller', '--data', bench.folder, '--smtp', 'smtp://mail:hunter2@mail.acme.example'],
    exit: 2,
    says: /^(?!.*hunter2).*--smtp holds a password; leave it out, and give --smtp-password-file/s,
  },
  {
    args: ['controller', '--data', bench.folder, '--smtp', 'mail:hunter2@mail.acme.example'],
    exit: 2,
    says: /^(?!.*hunter2).*what --smtp was given is no address; write one such as smtp:/s,
  },
  {
    args: ['connector', ...state, '--acme-contact', 'operator@acme.example'],
    exit: 2,
    says: /options need --acme-directory, the address of the CA/,
  },
  {
    args: [
      'connector',
      ...state,
      '--acme-directory',
      'https://ca.acme.example/dir',
      '--acme-eab-key-id',
      'kid-1',
    ],
    exit: 2,
    says: /--acme-eab-key-id and --acme-eab-hmac-key-file go together; give both/,
  },
  {
    args: ['connector', ...state, '--direct', '70000'],
    exit: 2,
    says: /--direct.*'70000' cannot be used: give a port, or an address of this machine and a port/,
  },
  {
    args: ['connector', ...state, '--direct', 'hq.acme.example:7443'],
    exit: 2,
    says: /give a port, or an address of this machine and a port: 192\.0\.2\.1:7443/,
  },
  {
    args: ['connector', ...state, '--direct', '7443'],
    exit: 2,
    says: /reached from outside; add --direct-endpoint HOST:PORT/,
  },
  {
    args: ['connector', ...state, '--direct-endpoint', 'hq.acme.example:7443'],
    exit: 2,
    says: /--direct-endpoint says where --direct is reached from outside; give --direct PORT too/,
  },
  {
    args: ['connector', ...state, '--direct', '7443', '--direct-endpoint', 'hq.acme.example'],
    exit: 2,
    says: /give a name or address and a port: hq\.acme\.example:7443/,
  },
  {
    args: ['connector', ...state, '--direct', '7443', '--direct-endpoint', 'a.b:1,a.b:2,a.b:3,a.b:4,a.b:5'],
    exit: 2,
    says: /a connector publishes at most 4 endpoints/,
  },
  { args: ['ping', 'wiki', '--count', '0'], exit: 2, says: /give a number from 1 to 999999/ },
  { args: ['ping', 'wiki', '--interval', '1ms'], exit: 2, says: /give a duration from 1s to 1h/ },
  { args: ['ping', 'wiki', '--port', '0'], exit: 2, says: /give a port from 1 to 65535/ },
  { args: ['ping', 'wiki', ...state], exit: 1, says: /nothing runs on .*; start it with postern up/ },
  { args: ['connector', ...state, '--key', 'sk_x'], exit: 2, says: /is no pk_ key; copy it whole/ },
  {
    args: ['connector', ...state],
    env: { POSTERN_KEY_FILE: '/nowhere' },
    exit: 2,
    says: /\/nowhere cannot be read/,
  },
  {
    args: ['up', ...state, '--key', 'pk_x', '--capture', 'none'],
    exit: 2,
    says: /is no sk_ key; copy it whole/,
  },
  {
    args: ['up', ...state, '--capture', 'none'],
    exit: 2,
    says: /knows no controller yet; give --controller URL/,
  },
  { args: ['up', ...state, '--socks', '0.0.0.0:1080'], exit: 2, says: /give a loopback address and a port/ },
  { args: ['device', 'list'], exit: 2, says: /no controller is named/ },
  {
    args: ['device', 'block', 'nobody', ...admin],
    exit: 2,
    says: /no device "nobody"; see postern device list/,
  },
  {
    args: ['device', 'rename', 'nobody', 'x', ...admin],
    exit: 2,
    says: /no device "nobody"; see postern device list/,
  },
  {
    args: ['device', 'rename', 'nobody', ' ', ...admin],
    exit: 2,
    says: /a name has up to 64 characters that print/,
  },
  { args: ['device', 'rotate', ...state], exit: 1, says: /nothing runs on .*; start it with postern up/ },
  { args: ['person', 'list'], exit: 2, says: /no controller is named/ },
  {
    args: ['person', 'disable', 'nobody@acme.example', ...admin],
    exit: 2,
    says: /nobody is "nobody@acme\.example"; see: postern person list/,
  },
  { args: ['person', 'enable', ...admin], exit: 2, says: /missing required argument 'who'/ },
  {
    args: ['person', 'sign-out', 'ci', ...admin],
    exit: 2,
    says: /ci is a service account and would sign in again at once; disable it/,
  },
  { args: ['session', 'list'], exit: 2, says: /no controller is named/ },
  {
    args: ['session', 'end', 'x', ...admin],
    exit: 2,
    says: /"x" is no session; take the id from: postern session list/,
  },
  {
    args: ['session', 'end', `ses_${'0'.repeat(26)}`, ...admin],
    exit: 2,
    says: /There is no such thing/,
  },
  { args: ['login', '--for', 'No Such', ...state], exit: 2, says: /is no resource; see: postern resources/ },
  {
    args: ['login', '--for', 'wiki', ...state],
    exit: 3,
    says: /nothing runs on .*; start it with postern up/,
  },
  { args: ['audit', ...admin, '--last', 'x'], exit: 2, says: /give a number from 1 to 1000/ },
  { args: ['audit', ...admin, '--trace', '7f3c9a'], exit: 2, says: /is no trace; copy its 16 digits/ },
  { args: ['statsu'], exit: 2, says: /unknown command 'statsu'[^]*Did you mean status/ },
  { args: ['why'], exit: 2, says: /missing required argument 'resource'[^]*--help/ },
  { args: ['why', 'wiki', '--user', 'a@acme.example'], exit: 2, says: /no controller is named/ },
  {
    args: ['why', 'wiki', ...admin, '--user', 'a@acme.example', '--service', 'ci'],
    exit: 2,
    says: /--user and --service are two questions; give one/,
  },
  {
    args: ['why', 'wiki', ...admin, '--source', '10.0.0.1'],
    exit: 2,
    says: /--source is for the simulator; say for whom with --user/,
  },
  {
    args: ['why', 'wiki', ...admin, '--user', 'a@acme.example'],
    exit: 2,
    says: /--user: nobody known here is "a@acme\.example"; name the groups too/,
  },
  {
    args: ['why', 'nothing', ...admin, '--groups', 'staff'],
    exit: 2,
    says: /there is no resource "nothing"; its name stands/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'stuff'],
    exit: 2,
    says: /--groups: the group "stuff" is not declared/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--device', 'desk'],
    exit: 2,
    says: /--device: there is no device "desk"/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--source', 'here'],
    exit: 2,
    says: /--source: "here" is no address; write one such as/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'a b'],
    exit: 2,
    says: /write names of groups, with commas/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--door', 'back'],
    exit: 2,
    says: /write client or web/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--at', '10:00'],
    exit: 2,
    says: /write an instant with its offset/,
  },
  {
    args: ['why', 'wiki', ...admin, '--groups', 'staff', '--mfa', 'soon'],
    exit: 2,
    says: /write a duration/,
  },
  { args: ['forward', 'db1', 'x', ...state], exit: 2, says: /"x" is no port; give a number/ },
];

test('a flag, a variable or a key that is wrong is refused with its name, the remedy and the exit code, and changes nothing', async () => {
  await writeFile(bench.file, good);
  await writeFile(join(bench.folder, 'broken.yaml'), good.replace('organisation', 'organization'));
  await writeFile(join(bench.folder, 'empty.yaml'), '');
  await writeFile(join(bench.folder, 'countries.csv'), 'network,country\n192.0.2.0/24,DE\n10.0.0.1/8,DE\n');
  await writeFile(join(bench.folder, 'failing.yaml'), good.replace('cannot: [wiki, printer]', 'can: [wiki]'));
  const before = await bench.inForce();
  const waiting = runs.values();
  const lane = async (): Promise<void> => {
    for (const run of waiting) {
      const { exit, stdout, stderr } = await runPostern(
        run.args,
        run.env === undefined ? {} : { env: run.env },
      );
      const output = stdout + stderr;
      const place = `postern ${run.args.join(' ')}: ${exit} ${output}`;
      assert.match(output, run.says, place);
      assert.equal(exit, run.exit, place);
      assert.doesNotMatch(output, /\bat .*\.(js|ts):\d+|undefined|\[object/, place);
      assert.equal(output.includes(bench.controller.admin), false, 'a token was printed');
    }
  };
  await Promise.all([lane(), lane()]);
  assert.ok(runs.length >= 125);
  assert.equal(await bench.inForce(), before);
});
