/** Orders at a real ACME CA (pebble) by DNS-01: wildcard, renewal, failures, external account binding, damaged files, bounds. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import type { AcmeCertificates } from '../../connector/web/certificates/acme-certificates.ts';
import type { Peers } from '../../connector/web/certificates/ask-peers.ts';
import type { HostCertificate } from '../../protocol/web-messages.ts';
import { AcmeBench } from './support/acme-bench.ts';

const wild = '*.apps.acme.example';
const wiki = 'wiki.acme.example';

const dayMs = 86_400_000;

suite('certificates from a CA', () => {
  let bench: AcmeBench;
  beforeEach(async () => {
    bench = await AcmeBench.open({ validityS: 90 * 86_400 });
  });
  afterEach(() => bench.close());

  const ready = ({ state }: HostCertificate): boolean => state === 'ready';

  test('a wildcard is ordered by DNS-01, with the hook called before and after; key and account are 0600', async () => {
    const certificates = bench.certificates();
    certificates.follow([wild]);
    const report = await bench.reported(certificates, wild, ready);
    assert.equal(report.from, 'acme');
    assert.equal(report.method, 'dns-01');
    assert.match(report.issuer ?? '', /Pebble/);
    assert.match(report.account ?? '', /^https:\/\/localhost:\d+\/my-account\//);
    assert.equal(certificates.nameFor('a.apps.acme.example', true), wild);
    assert.notEqual(await certificates.contextFor(wild), undefined);
    assert.deepEqual(bench.hooked, [
      'present _acme-challenge.apps.acme.example',
      'cleanup _acme-challenge.apps.acme.example',
    ]);
    for (const file of ['acme-accounts.json', 'acme-certificates.json'])
      assert.equal(statSync(join(bench.state(), file)).mode & 0o777, 0o600);
    assert.equal(bench.pebble.issued, 1);
  });

  test('it is renewed when the last third of its life begins, not before, and not again', async () => {
    const certificates = bench.certificates();
    certificates.follow([wiki]);
    await bench.reported(certificates, wiki, ready);
    // A thirtieth of its life, at most, before the last third.
    await bench.pass(56 * dayMs);
    assert.equal(bench.pebble.issued, 1);
    await bench.pass(5 * dayMs);
    await bench.reported(certificates, wiki, () => bench.pebble.issued === 2);
    // The CA's clock stands still, so the new one looks as old: that must not make it order on and on.
    await bench.pass(1_200_000);
    assert.equal(bench.pebble.issued, 2);
  });

  test('what is valid is served while its renewal fails, the reason is said, and it is tried again, ever less often', async () => {
    const certificates = bench.certificates();
    certificates.follow([wiki]);
    await bench.reported(certificates, wiki, ready);
    const key = accountKey(bench);
    await bench.pebble.stop();
    await bench.pass(61 * dayMs, 1);
    const failed = await bench.reported(certificates, wiki, ({ problem }) => problem !== undefined);
    assert.equal(failed.state, 'ready');
    assert.match(
      failed.problem ?? '',
      /^the CA at localhost:\d+ cannot be reached \(ECONNREFUSED\): check the network and --acme-directory/,
    );
    assert.notEqual(await certificates.contextFor(wiki), undefined);
    // It comes back without any account: the same key is registered again.
    await bench.pebble.start();
    await bench.pass(1_800_000);
    await bench.reported(certificates, wiki, ({ problem }) => problem === undefined);
    assert.equal(bench.pebble.issued, 2);
    assert.equal(accountKey(bench), key);
  });

  test('a CA that is away at the start is tried again, and nothing is left of it afterwards', async () => {
    await bench.pebble.stop();
    const certificates = bench.certificates();
    certificates.follow([wiki]);
    await bench.reported(certificates, wiki, ({ state }) => state === 'failed');
    await bench.pebble.start();
    await bench.pass(300_000);
    const report = await bench.reported(
      certificates,
      wiki,
      ({ state, problem }) => state === 'ready' && problem === undefined,
    );
    assert.notEqual(report.account, undefined);
  });

  test('a certificate that is over is not served, whatever the CA does', async () => {
    const certificates = bench.certificates();
    certificates.follow([wiki]);
    await bench.reported(certificates, wiki, ready);
    await bench.pebble.stop();
    await bench.pass(91 * dayMs);
    assert.equal(await certificates.contextFor(wiki), undefined);
    assert.equal(certificates.report()[0]?.state, 'failed');
  });

  test('what a restart finds is served without an order; a key that was damaged or exchanged is not', async () => {
    const certificates = bench.certificates();
    certificates.follow([wiki, wild]);
    await bench.reported(certificates, wiki, ready);
    await bench.reported(certificates, wild, ready);
    const again = bench.certificates();
    again.follow([wiki, wild]);
    assert.equal(again.report().every(ready), true);
    assert.equal(bench.pebble.issued, 2);
    const file = join(bench.state(), 'acme-certificates.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { certificates: Record<string, { key: string }> };
    const [one, other] = [kept.certificates[wiki], kept.certificates[wild]];
    assert.ok(one !== undefined && other !== undefined);
    one.key = other.key;
    other.key = 'no key';
    writeFileSync(file, JSON.stringify(kept));
    const damaged = bench.certificates();
    damaged.follow([wiki, wild]);
    assert.deepEqual(
      damaged.report().map(({ state }) => state),
      ['waiting', 'waiting'],
    );
    await bench.reported(damaged, wiki, ready);
    await bench.reported(damaged, wild, ready);
    writeFileSync(file, '{"certificates":');
    const lost = bench.certificates();
    lost.follow([wiki]);
    await bench.reported(lost, wiki, ready);
    assert.equal(bench.pebble.issued, 5);
  });

  test('a damaged account is never replaced by itself: CAA records may name it', async () => {
    const first = bench.certificates();
    first.follow([wiki]);
    await bench.reported(first, wiki, ready);
    const file = join(bench.state(), 'acme-accounts.json');
    for (const damage of ['{', JSON.stringify({ [bench.pebble.directory.href]: { key: 'no key' } })]) {
      writeFileSync(file, damage);
      const certificates = bench.certificates();
      certificates.follow([wild]);
      const failed = await bench.reported(certificates, wild, ({ state }) => state === 'failed');
      assert.match(
        failed.problem ?? '',
        /acme-accounts\.json is damaged: restore it from a backup, or remove it/,
      );
      assert.equal(readFileSync(file, 'utf8'), damage);
    }
  });

  test('two connectors that begin at once make one order, and both have the certificate', async () => {
    const asking = (other: () => AcmeCertificates): Peers => ({
      isAttached: () => true,
      ask: (names) =>
        Promise.resolve(new Map(names.map((name) => [name, [other().answer(name, Buffer.alloc(32))]]))),
    });
    const one: AcmeCertificates = bench.certificates({ name: 'one', peers: asking(() => two) });
    const two: AcmeCertificates = bench.certificates({
      name: 'two',
      peers: asking(() => one),
      goesBefore: () => false,
    });
    one.follow([wiki]);
    two.follow([wiki]);
    await bench.reported(one, wiki, ready);
    await bench.pass(4_000);
    await bench.reported(two, wiki, ready);
    assert.equal(bench.pebble.issued, 1);
    // Each has an account, so that either may renew.
    const accounts = [one, two].map((each) => each.report()[0]?.account);
    assert.equal(new Set(accounts).size, 2);
    assert.ok(!accounts.includes(undefined));
  });

  test('a hook that fails is named, and what it printed stays here', async () => {
    writeFileSync(bench.hook, '#!/bin/sh\nexit 3\n');
    const certificates = bench.certificates();
    certificates.follow([wild]);
    const { problem } = await bench.reported(certificates, wild, ({ state }) => state === 'failed');
    assert.match(
      problem ?? '',
      /^the DNS hook .*hook ended with 3 at "present _acme-challenge\.apps\.acme\.example"/,
    );
  });
});

test('a CA that wants an external account binding gets the right one; without, and with a wrong one, it says what to give', async (t) => {
  const hmacKey = Buffer.alloc(32, 7).toString('base64url');
  const bench = await AcmeBench.open({ bindings: { 'kid-1': hmacKey } });
  t.after(() => bench.close());
  const wrong = Buffer.alloc(32, 8).toString('base64url');
  const given = [
    [undefined, /--acme-eab-key-id and --acme-eab-hmac-key-file as the CA told you$/],
    [{ keyId: 'kid-1', hmacKey: wrong }, /^the CA gave no account .*check --acme-eab-key-id/],
    [{ keyId: 'kid-9', hmacKey }, /^the CA gave no account .*check --acme-eab-key-id/],
  ] as const;
  for (const [binding, expected] of given) {
    const settings = { ...bench.settings, ...(binding === undefined ? {} : { binding }) };
    const certificates = bench.certificates({ settings });
    certificates.follow([wiki]);
    const { problem } = await bench.reported(certificates, wiki, ({ state }) => state === 'failed');
    assert.match(problem ?? '', expected);
  }
  const settings = { ...bench.settings, binding: { keyId: 'kid-1', hmacKey } };
  const certificates = bench.certificates({ settings });
  certificates.follow([wiki]);
  await bench.reported(certificates, wiki, ({ state }) => state === 'ready');
});

test('of names that somebody merely asks for, twenty an hour are ordered; the next is tried later, after a restart too', async (t) => {
  const bench = await AcmeBench.open();
  t.after(() => bench.close());
  await bench.pebble.stop();
  const { dnsHook: _, ...settings } = bench.settings;
  const certificates = bench.certificates({ settings });
  certificates.follow([wild]);
  const problemOf = (from: AcmeCertificates): string =>
    from.report().find(({ host }) => host === wild)?.problem ?? '';
  for (let index = 0; index < 20; index++) {
    await certificates.contextFor(`n${index}.apps.acme.example`);
    assert.match(problemOf(certificates), new RegExp(`^n${index}\\.apps.* cannot be reached`));
  }
  const late = 'n20.apps.acme.example';
  assert.equal(await certificates.contextFor(late), undefined);
  assert.match(problemOf(certificates), /^20 names that nobody listed were asked for within an hour/);
  assert.deepEqual(
    certificates.report().map(({ host }) => host),
    [wild],
    'what strangers ask for is not reported name by name',
  );
  const again = bench.certificates({ settings });
  again.follow([wild]);
  await again.contextFor(late);
  assert.match(problemOf(again), /^20 names/);
  bench.clock.advance(3_601_000);
  await certificates.contextFor(late);
  assert.match(problemOf(certificates), /^n20\.apps.* cannot be reached/);
});

test('strangers who ask for ever new names make it look into a few', async (t) => {
  const bench = await AcmeBench.open();
  t.after(() => bench.close());
  await bench.pebble.stop();
  const { dnsHook: _, ...settings } = bench.settings;
  let asked = 0;
  const peers: Peers = {
    isAttached: () => true,
    ask: (names) => {
      asked += names.length;
      return Promise.resolve(new Map());
    },
  };
  const certificates = bench.certificates({ settings, peers });
  for (let index = 0; index < 80; index++) await certificates.contextFor(`n${index}.apps.acme.example`);
  assert.equal(asked, 64);
});

function accountKey(bench: AcmeBench): string {
  const accounts = JSON.parse(readFileSync(join(bench.state(), 'acme-accounts.json'), 'utf8')) as Record<
    string,
    { key: string }
  >;
  return accounts[bench.pebble.directory.href]?.key ?? '';
}
