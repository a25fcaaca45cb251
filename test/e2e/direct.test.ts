/**
 * A direct path, as people have it: hq's NAT lets one port in to the connector, open flows move to it, and back to the
 * relay when the port is closed under them, and nobody notices.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { PathShown, PingReport } from '../../client/status.ts';
import { findProgram } from '../../scripts/programs.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import { patternBytes } from '../support/lab/wiki-server.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';

const port = 7_443;
const downloadBytes = 24_000_000;
/** Silence is noticed after 6 s, and then a round trip or two. */
const fallbackMs = 12_000;

suite('a connector that publishes an endpoint', () => {
  let lab: Lab;
  let organisation: Organisation;
  let client: Client;

  before(async () => {
    lab = await openLab();
    organisation = await Organisation.start(labSite(lab), {
      connectorArgs: ['--direct', String(port), '--direct-endpoint', `${lab.addresses.hqNat}:${port}`],
    });
    await nft(
      `table ip direct {
        chain inward {
          type nat hook prerouting priority -100;
          iifname wan0 tcp dport ${port} dnat to ${lab.addresses.connector}:${port}
        }
      }
      insert rule inet nat forward iifname wan0 ct status dnat accept`,
    );
    client = new Client(lab.laptop, 'postern');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
  });
  after(() => lab?.close());

  async function nft(rules: string): Promise<void> {
    const { code, stderr } = await lab.hqNat.run(findProgram('nft'), ['-f', '-'], { input: rules });
    assert.equal(code, 0, stderr);
  }

  async function path(): Promise<PathShown | undefined> {
    const { networks } = await client.status();
    return networks.find(({ name }) => name === 'hq')?.path;
  }

  const runsOver = (kind: PathShown['kind'], timeoutMs: number): Promise<true> =>
    eventually(`a session over ${kind}`, async () => ((await path())?.kind === kind ? true : undefined), {
      timeoutMs,
    });

  async function ping(...args: string[]): Promise<PingReport> {
    const { code, stdout, stderr } = await client.run('ping', 'bastion', '--json', ...args);
    assert.equal(code, 0, `${stderr}${stdout}`);
    return JSON.parse(stdout) as PingReport;
  }

  test('SEC-D8 its port says nothing to strangers, from whatever they begin with', async () => {
    const probe = `for text in '' 'GET / HTTP/1.1\\r\\n\\r\\n' 'SSH-2.0-x\\r\\n'; do
      exec 3<>/dev/tcp/${lab.addresses.hqNat}/${port} && printf "$text" >&3
      timeout 1 cat <&3 | wc -c; exec 3>&-
    done`;
    const { stdout, stderr } = await lab.internet.run('bash', ['-c', probe]);
    assert.equal(stdout.replaceAll(' ', ''), '0\n0\n0\n', stderr);
  });

  test('open ssh and download move to it, fall back when the port is closed under them, and move there again', async (context) => {
    const { laptop, bastion } = lab;
    await runsOver('direct', 15_000);
    assert.deepEqual(await path(), { kind: 'direct', endpoint: `${lab.addresses.hqNat}:${port}` });
    const ssh = laptop.spawn(
      'ssh',
      [
        '-F',
        bastion.configFile,
        'root@bastion.acme.internal',
        'while read line; do echo "heard $line"; done',
      ],
      { name: 'ssh' },
    );
    let said = 0;
    const echo = async (): Promise<void> => {
      said += 1;
      ssh.stdin.write(`word-${said}\n`);
      await ssh.waitFor(new RegExp(`heard word-${said}\\n`), { timeoutMs: fallbackMs });
    };
    await echo();
    const url = `http://wiki.acme.internal/bytes?n=${downloadBytes}`;
    const download = laptop.run('sh', ['-c', `curl -sS --limit-rate 1500k ${url} | sha256sum`], {
      timeoutMs: 60_000,
    });
    const before = await ping('--count', '1', '--port', '22');
    assert.equal(before.path?.kind, 'direct');
    assert.equal(before.target.state, 'connects');

    await nft(`insert rule inet nat forward tcp dport ${port} drop comment "closed"`);
    const closedAt = performance.now();
    await echo();
    context.diagnostic(`ssh answered again after ${Math.round(performance.now() - closedAt)} ms`);
    await runsOver('relay', 3_000);
    const between = await ping('--count', '1');
    assert.equal(between.path?.kind, 'relay');
    assert.equal(between.answered, 1);
    assert.equal(between.not_direct, 'broke off');

    const { stdout } = await lab.hqNat.run(findProgram('nft'), [
      '-a',
      'list',
      'chain',
      'inet',
      'nat',
      'forward',
    ]);
    const handle = /comment "closed" # handle (\d+)/.exec(stdout)?.[1];
    assert.ok(handle);
    await nft(`delete rule inet nat forward handle ${handle}`);
    await eventually(
      'a way back that a ping finds',
      async () => {
        await ping('--count', '1');
        return (await path())?.kind === 'direct' ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
    await echo();

    const hash = createHash('sha256');
    for (const piece of patternBytes(downloadBytes)) hash.update(piece);
    assert.equal((await download).stdout.split(' ')[0], hash.digest('hex'));
    assert.deepEqual((await client.status()).recent, [], 'nobody was told of any of this');
    ssh.kill();
  });

  test('status and ping say in words which path it is, and the connector what it published', async () => {
    await runsOver('direct', 15_000);
    const endpoint = `${lab.addresses.hqNat}:${port}`;
    const status = await client.run('status');
    assert.match(
      status.stdout,
      new RegExp(`^Networks +hq  1 connector  direct ${endpoint}  [\\d.]+ ms$`, 'm'),
    );
    const { code, stdout } = await client.run('ping', 'wiki.acme.internal', '--count', '2');
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines[1] ?? '', new RegExp(`^reply from hq \\(direct ${endpoint}\\)  [\\d.]+ ms$`));
    assert.match(lines[2] ?? '', /^hq: 2 sent, 2 answered, 0 % lost; .* ms \(min \/ median \/ max\)$/);
    assert.match(lines[3] ?? '', /^wiki\.acme\.internal: the connector knows the name/);
    const state = `${lab.dir}/connector`;
    const connector = await lab.hq.run('bin/postern', ['status', '--state', state]);
    assert.match(connector.stdout, new RegExp(`^Direct .*endpoint ${endpoint}  published`, 'm'));
  });

  test('an endpoint that leads to somebody else is not used, and ping says why', async () => {
    await nft(
      `flush chain ip direct inward
       add rule ip direct inward iifname wan0 tcp dport ${port} dnat to ${lab.addresses.bastion}:22`,
    );
    await organisation.connector.stop();
    await organisation.startConnector();
    const report = await eventually(
      'a session that runs over the relay',
      async () => {
        const { code, stdout } = await client.run('ping', 'bastion', '--json', '--count', '2');
        return code === 0 ? (JSON.parse(stdout) as PingReport) : undefined;
      },
      { timeoutMs: 20_000 },
    );
    assert.equal(report.path?.kind, 'relay');
    await eventually('why', async () =>
      (await ping('--count', '2')).not_direct === 'another key answered' ? true : undefined,
    );
  });
});
