/** Certificates by TLS-ALPN-01 through a relay, and between connectors: real controller, relay, connectors and CA. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Connector } from '../../connector/connector.ts';
import { inOrder } from '../../relay/rendezvous.ts';
import type { HostnameCheck } from '../../protocol/hostnames.ts';
import type { HostCertificate } from '../../protocol/web-messages.ts';
import { AcmeOrganisation } from './support/acme-organisation.ts';

const wiki = 'wiki.acme.example';
const ready = ({ state }: HostCertificate): boolean => state === 'ready';

suite('a network whose connectors get certificates from a CA', () => {
  let organisation: AcmeOrganisation;
  let first: Connector;
  let second: Connector;
  const ends: (() => Promise<void>)[] = [];
  before(async () => {
    organisation = await AcmeOrganisation.open({ after: (end) => ends.unshift(end) });
    await organisation.publish(wiki, '*.apps.acme.example');
    first = await organisation.start('hq-1');
  });
  after(async () => {
    for (const end of ends) await end();
  });

  test('a hostname is proven through the relay by TLS-ALPN-01, and browsers see the certificate', async () => {
    const report = await organisation.reported(first, wiki, ready);
    assert.equal(report.method, 'tls-alpn-01');
    const shown = await organisation.shown(wiki);
    assert.match(String(shown?.issuer.CN), /^Pebble Intermediate/);
    assert.equal(shown?.subjectaltname, `DNS:${wiki}`);
    assert.equal(organisation.pebble.issued, 1);
  });

  test('a second connector gets certificate and key from the first, without an order, and takes over within a second', async () => {
    second = await organisation.start('hq-2');
    await organisation.reported(second, wiki, ready);
    assert.equal(organisation.pebble.issued, 1);
    const before = await organisation.shown(wiki);
    await organisation.stop('hq-1');
    const since = performance.now();
    const after = await organisation.shown(wiki);
    assert.ok(performance.now() - since < 1_000);
    assert.equal(after?.fingerprint256, before?.fingerprint256);
    first = await organisation.start('hq-1');
    await organisation.reported(first, wiki, ready);
    assert.equal(organisation.pebble.issued, 1);
  });

  test('a validation may arrive at another connector than the one that ordered', async () => {
    const nodes = [first, second].map((connector) => ({ id: connector.status().id ?? '' }));
    const [orders] = nodes.map(({ id }) => id).toSorted();
    // One that the relay brings to the other: validations come from loopback.
    const host = Array.from({ length: 64 }, (_, index) => `n${index}.acme.example`).find(
      (name) => inOrder(nodes, name, '127.0.0')[0]?.id !== orders,
    );
    assert.ok(host !== undefined);
    await organisation.publish(wiki, '*.apps.acme.example', host);
    await organisation.reported(first, host, ready);
    await organisation.reported(second, host, ready);
    assert.equal(organisation.pebble.issued, 2);
  });

  test('a name below a wildcard is ordered when somebody first asks for it; none outside it, and none twice', async () => {
    const name = 'a.apps.acme.example';
    const shown = await organisation.shown(name);
    assert.equal(shown?.subjectaltname, `DNS:${name}`);
    assert.equal(organisation.pebble.issued, 3);
    // At the connector that others are brought to, too.
    await organisation.shown(name, '127.9.9.9');
    await organisation.shown(name, '127.8.8.8');
    for (const foreign of ['apps.acme.example', 'a.apps.acme.example.evil.example', 'b.acme.example'])
      assert.equal(await organisation.shown(foreign), undefined);
    assert.equal(organisation.pebble.issued, 3);
  });

  test('a connector that joins later has what was ordered for names below a wildcard', async () => {
    await organisation
      .start('hq-3')
      .then((third) => organisation.reported(third, 'a.apps.acme.example', ready));
    await organisation.stop('hq-1');
    await organisation.stop('hq-2');
    const shown = await organisation.shown('a.apps.acme.example');
    assert.equal(shown?.subjectaltname, 'DNS:a.apps.acme.example');
    assert.equal(organisation.pebble.issued, 3);
  });

  test('the check names the record for each account, and says what each connector serves', async () => {
    const { body } = await organisation.controller.call('GET', `/api/v1/hostnames/${wiki}/check`);
    const check = JSON.parse(body) as HostnameCheck;
    assert.equal(check.trust, 'relay-trusted');
    const accounts = check.certificates.map(({ certificate }) => certificate.account);
    assert.equal(new Set(accounts).size, 3);
    assert.deepEqual(
      check.missing
        .filter(({ type }) => type === 'CAA')
        .map(({ value }) => value)
        .toSorted(),
      accounts
        .map((account) => `0 issue "localhost; accounturi=${account}; validationmethods=tls-alpn-01"`)
        .toSorted(),
    );
    for (const { certificate } of check.certificates) {
      assert.equal(certificate.from, 'acme');
      assert.match(certificate.issuer ?? '', /Pebble/);
      assert.ok((certificate.until ?? 0) * 1_000 > Date.now());
    }
  });

  test('a connector that starts without its controller says at once what it serves', async () => {
    await organisation.stop('hq-3');
    const again = await organisation.start('hq-3', 'degraded');
    assert.equal(again.status().certificates?.find(({ host }) => host === wiki)?.state, 'ready');
  });
});
