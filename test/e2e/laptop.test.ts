/** What a person does on a captured laptop beside plain TCP by name: UDP, hosts of a network, `postern ssh`, `open`, `proxy`. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import { askUdpEcho, goOnAsking, serveUdpEcho } from '../support/lab/udp-echo.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';

const echoPort = 7_007;

suite('a laptop whose traffic is captured', () => {
  let lab: Lab;
  let organisation: Organisation;
  let client: Client;
  let network: string;
  before(async () => {
    lab = await openLab();
    const { addresses, laptop, privateDns, servers } = lab;
    network = addresses.wiki.replace(/\.\d+$/, '');
    await serveUdpEcho(servers, addresses.wiki, echoPort);
    await serveUdpEcho(servers, addresses.wiki, echoPort + 1);
    privateDns.set('dns.acme.internal', [{ type: 'A', data: addresses.privateDns }]);
    privateDns.set('echo.acme.internal', [{ type: 'A', data: addresses.wiki }]);
    privateDns.set('secret.acme.internal', [{ type: 'TXT', data: 'only inside' }]);
    organisation = await Organisation.start(labSite(lab), {
      adapt: (document) => ({
        ...document,
        resources: [
          ...(document.resources ?? []),
          { name: 'dns', network: 'hq', address: 'dns.acme.internal', ports: ['udp/53', 'tcp/53'] },
          { name: 'echo', network: 'hq', address: 'echo.acme.internal', ports: [`udp/${echoPort}`] },
          {
            name: 'rack',
            network: 'hq',
            address: `${network}.0/27`,
            alias: 'rack.acme.internal',
            ports: ['tcp/80', `udp/${echoPort}`],
          },
        ],
      }),
    });
    client = new Client(laptop, 'postern');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
  });
  after(() => lab?.close());

  test('a host of a network is reached by a name made of its address, and nothing beside the network', async () => {
    const { addresses, laptop } = lab;
    const nameOf = (address: string): string => `${address.replaceAll('.', '-')}.rack.acme.internal`;
    const { stdout } = await laptop.run('curl', [
      '-sS',
      '--max-time',
      '10',
      `http://${nameOf(addresses.wiki)}/`,
    ]);
    assert.match(stdout, /<h1>Acme wiki<\/h1>/);
    assert.deepEqual(await askUdpEcho(laptop, nameOf(addresses.wiki), echoPort, [10]), ['same']);

    const answer = async (name: string): Promise<string> => {
      const { stdout: said } = await laptop.run('dig', ['+noall', '+comments', '+answer', name]);
      return /status: (\w+)/.exec(said)?.[1] ?? said;
    };
    // A wildcard's name exists where its resource has an address for it: 32 lies behind the /27, the others are no names of one.
    for (const label of [
      `${network}.32`.replaceAll('.', '-'),
      'wiki',
      '10-20',
      `0${network}.10`.replaceAll('.', '-'),
    ])
      assert.equal(await answer(`${label}.rack.acme.internal`), 'NXDOMAIN', label);
    assert.equal(await answer(`x.${nameOf(addresses.wiki)}`), 'NXDOMAIN');
    // The connector itself lies inside, and is no application.
    assert.notEqual(await answer(nameOf(addresses.connector)), 'NOERROR');
  });

  test('ssh goes to a resource by its name, also where nothing is captured, with its exit code', async () => {
    const { laptop, bastion } = lab;
    const login = ['-F', bastion.configFile, '-l', 'root'];
    const ssh = async (state: string, ...words: string[]): Promise<[string, number | null]> => {
      const { stdout, code } = await laptop.run('bin/postern', [
        'ssh',
        '--state',
        state,
        'bastion',
        ...login,
        ...words,
      ]);
      return [stdout, code];
    };
    assert.deepEqual(await ssh(client.state, 'hostname'), ['bastion\n', 0]);
    assert.deepEqual(await ssh(client.state, 'exit 7'), ['', 7]);

    const apart = new Client(laptop, 'apart');
    apart.up(['--key-file', await organisation.serviceKey('ci'), '--capture', 'none']);
    await apart.ready();
    assert.deepEqual(await ssh(apart.state, 'hostname'), ['bastion\n', 0]);
    const { stdout, stderr, code } = await apart.run('proxy', 'db1.db.acme.internal', '22');
    assert.deepEqual([stdout, code], ['', 4], stderr);
    await apart.program.stop();
  });

  test('open says the address of a web page, and of nothing else', async () => {
    const { stdout } = await client.run('open', 'wiki', '--json');
    assert.deepEqual(JSON.parse(stdout), {
      schema: 'postern.open/v1',
      resource: 'wiki',
      url: 'http://wiki.acme.internal/',
    });
    const page = await client.run('open', 'wiki');
    assert.match(page.stderr, /No browser can be opened from here/);
    const bastion = await client.run('open', 'bastion');
    assert.equal(bastion.code, 2);
    assert.match(bastion.stderr, /bastion is no web page: it has tcp\/22/);
    assert.equal((await client.run('open', 'nothing')).code, 2);
  });

  test('doctor finds nothing amiss where all is well, and names what is', async () => {
    const well = await client.run('doctor', 'wiki');
    assert.equal(well.code, 0, well.stdout);
    assert.match(well.stdout, /^✓ name [a-z.]+: \d+ ms$/m);
    assert.match(well.stdout, /^✓ wiki: connector of hq, relay \S+, [\d.]+ ms$/m);
    assert.match(well.stdout, /^✓ wiki\.acme\.internal: known to the connector$/m);
    assert.match(well.stdout, /^\d warnings?, 0 problems\.$/m);
    // Somebody else's hosts file takes the name.
    const { laptop } = lab;
    await laptop.run('sh', [
      '-c',
      'cp /etc/hosts /etc/hosts.kept; echo 203.0.113.9 wiki.acme.internal bastion.acme.internal dns.acme.internal echo.acme.internal >> /etc/hosts',
    ]);
    const taken = await client.run('doctor');
    await laptop.run('sh', ['-c', 'cat /etc/hosts.kept > /etc/hosts; rm /etc/hosts.kept']);
    assert.equal(taken.code, 1);
    assert.match(
      taken.stdout,
      /^✗ this system finds [a-z.]+ elsewhere, at 203\.0\.113\.9 {3}→ look for another VPN/m,
    );
    const gone = await new Client(laptop, 'nowhere').run('doctor');
    assert.deepEqual([gone.code, /→ postern up$/m.test(gone.stdout)], [1, true], gone.stdout);
  });

  test('SEC-A13 REL-6 dig and an echo reach what is declared by UDP and nothing else, until a second after the right is gone', async () => {
    const { laptop } = lab;
    for (const transport of ['+notcp', '+tcp']) {
      const question = ['@dns.acme.internal', '+short', transport, 'secret.acme.internal', 'TXT'];
      const { stdout, stderr } = await laptop.run('dig', question);
      assert.equal(stdout.trim(), '"only inside"', `${transport}: ${stderr}`);
    }

    // As large as one record carries; what is larger is dropped, and what follows it is not.
    const sizes = [1, 1_472, 9_000, 64_971, 64_972, 100];
    const asked = await askUdpEcho(laptop, 'echo.acme.internal', echoPort, sizes);
    assert.deepEqual(asked, ['same', 'same', 'same', 'same', 'none', 'same']);

    // Neither a port beside the declared one, though something listens there, nor one of a TCP resource.
    assert.deepEqual(await askUdpEcho(laptop, 'echo.acme.internal', echoPort + 1, [10], 500), ['refused']);
    assert.deepEqual(await askUdpEcho(laptop, 'wiki.acme.internal', 80, [10], 500), ['refused']);

    const opened = await eventually('flows in the audit log', async () => {
      const flows = await organisation.audit('flow.open');
      return flows.some(({ resource }) => resource === 'echo') ? flows : undefined;
    });
    const { detail } = opened.find(({ resource }) => resource === 'echo') ?? {};
    assert.deepEqual(
      { kind: (detail as { kind?: string }).kind, port: (detail as { port?: number }).port },
      { kind: 'udp', port: echoPort },
    );

    const asking = await goOnAsking(laptop, 'echo.acme.internal', echoPort);
    await organisation.apply((document) => {
      document.policies = [
        ...(document.policies ?? []),
        { name: 'no-echo', deny: { serviceAccounts: ['ci'] }, to: { resources: ['echo'] } },
      ];
    });
    const changedMs = Date.now();
    const overMs = (await asking.lastMs) - changedMs;
    assert.ok(overMs <= 1_000, `the open flow went on for ${overMs} ms`);
    const answer = await laptop.run('dig', ['@dns.acme.internal', '+short', 'secret.acme.internal', 'TXT']);
    assert.equal(answer.stdout.trim(), '"only inside"');
  });
});
