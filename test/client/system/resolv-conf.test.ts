/** Taking over resolv.conf and giving it back, as a file, as a link, and where there was none. */
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  giveBack,
  isStillOurs,
  journalOfTakeover,
  nameServers,
  planTakeover,
  takeOver,
} from '../../../client/system-dns/resolv-conf.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-resolv-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const before =
  '# by the network\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nsearch a.example\noptions edns0\n';

test('name servers are read as glibc reads them', () => {
  assert.deepEqual(nameServers(`${before}nameserver nonsense\n nameserver 192.0.2.9\n`), [
    '192.0.2.1',
    'fe80::1%eth0',
  ]);
});

test('a file comes back as it was, mode included', (t) => {
  const path = join(folder(t), 'resolv.conf');
  writeFileSync(path, before, { mode: 0o640 });
  const takeover = planTakeover(path, '100.96.0.53', '/state/system.json');
  takeOver(takeover);
  const ours = readFileSync(path, 'utf8');
  assert.deepEqual(nameServers(ours), ['100.96.0.53']);
  assert.match(ours, /^search a\.example$/m);
  assert.match(ours, /^options edns0$/m);
  assert.equal(journalOfTakeover(ours), '/state/system.json');
  assert.ok(isStillOurs(takeover));
  assert.ok(giveBack(takeover));
  assert.equal(readFileSync(path, 'utf8'), before);
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('a link comes back as a link, and what it points to is never written', (t) => {
  const path = join(folder(t), 'resolv.conf');
  const target = join(folder(t), 'managed.conf');
  writeFileSync(target, before);
  symlinkSync(target, path);
  const takeover = planTakeover(path, '100.96.0.53', '/state/system.json');
  takeOver(takeover);
  assert.equal(readFileSync(target, 'utf8'), before);
  assert.ok(giveBack(takeover));
  assert.equal(readlinkSync(path), target);
});

test('where there was no file there is none afterwards', (t) => {
  const path = join(folder(t), 'resolv.conf');
  const takeover = planTakeover(path, '100.96.0.53', '/state/system.json');
  takeOver(takeover);
  assert.ok(giveBack(takeover));
  assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined);
});

test('giving back twice, or after somebody else wrote, changes nothing', (t) => {
  const path = join(folder(t), 'resolv.conf');
  writeFileSync(path, before);
  const takeover = planTakeover(path, '100.96.0.53', '/state/system.json');
  takeOver(takeover);
  assert.ok(giveBack(takeover));
  assert.ok(!giveBack(takeover));
  takeOver(takeover);
  writeFileSync(path, 'nameserver 192.0.2.77\n');
  assert.ok(!giveBack(takeover));
  assert.equal(readFileSync(path, 'utf8'), 'nameserver 192.0.2.77\n');
});

test('a file of somebody else names no journal of ours', () => {
  assert.equal(journalOfTakeover(before), undefined);
  assert.equal(journalOfTakeover('# journal: /etc/shadow\n'), undefined);
});
