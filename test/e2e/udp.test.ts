/** UDP by name from a laptop whose traffic is captured, through relay and connector, as a person would use it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { openLab } from '../support/lab/lab.ts';
import { askUdpEcho, serveUdpEcho } from '../support/lab/udp-echo.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { labSite } from '../support/organisation/site.ts';

const echoPort = 7_007;

test('SEC-A13 dig and an echo reach what is declared by UDP and nothing else, until the right is gone', async () => {
  const lab = await openLab();
  try {
    const { addresses, laptop, privateDns, servers } = lab;
    await serveUdpEcho(servers, addresses.wiki, echoPort);
    await serveUdpEcho(servers, addresses.wiki, echoPort + 1);
    privateDns.set('dns.acme.internal', [{ type: 'A', data: addresses.privateDns }]);
    privateDns.set('echo.acme.internal', [{ type: 'A', data: addresses.wiki }]);
    privateDns.set('secret.acme.internal', [{ type: 'TXT', data: 'only inside' }]);
    const organisation = await Organisation.start(labSite(lab), {
      adapt: (document) => ({
        ...document,
        resources: [
          ...(document.resources ?? []),
          { name: 'dns', network: 'hq', address: 'dns.acme.internal', ports: ['udp/53', 'tcp/53'] },
          { name: 'echo', network: 'hq', address: 'echo.acme.internal', ports: [`udp/${echoPort}`] },
        ],
      }),
    });
    const client = new Client(laptop, 'postern');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();

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

    await organisation.apply((document) => {
      document.policies = [
        ...(document.policies ?? []),
        { name: 'no-echo', deny: { serviceAccounts: ['ci'] }, to: { resources: ['echo'] } },
      ];
    });
    await eventually('the echo to fall silent', async () => {
      const [how] = await askUdpEcho(laptop, 'echo.acme.internal', echoPort, [10], 300).catch(() => ['none']);
      return how === 'same' ? undefined : true;
    });
    const answer = await laptop.run('dig', ['@dns.acme.internal', '+short', 'secret.acme.internal', 'TXT']);
    assert.equal(answer.stdout.trim(), '"only inside"');
  } finally {
    await lab.close();
  }
});
