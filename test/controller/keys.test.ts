import assert from 'node:assert/strict';
import { X509Certificate, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadAuthority } from '../../controller/keys/authority.ts';
import { loadControllerKeys } from '../../controller/keys/controller-keys.ts';
import { keyFiles } from '../../controller/keys/key-place.ts';
import { prepareDirectory } from '../../controller/keys/data-directory.ts';
import { loadSecretKey, SecretKey } from '../../controller/keys/secret-key.ts';
import { secretBytes } from '../../protocol/keys.ts';
import { verifyCard } from '../../protocol/tokens.ts';
import { testController } from './support/controller.ts';

async function directoryFor(t: TestContext): Promise<string> {
  const directory = join(await mkdtemp(join(tmpdir(), 'postern-keys-')), 'data');
  t.after(() => rm(join(directory, '..'), { recursive: true }));
  await prepareDirectory(directory);
  return directory;
}

const options = { now: () => Date.parse('2026-11-20T10:00:00Z'), random: randomBytes };

test('of many first starts at once all come to the same keys', async (t) => {
  const directory = await directoryFor(t);
  const starts = await Promise.all(
    Array.from({ length: 16 }, async () => {
      const secretKey = await loadSecretKey(join(directory, 'secret.key'), randomBytes);
      const { root, signer, control } = await loadControllerKeys(keyFiles(directory), secretKey);
      return [root.kid, signer.kid, control.publicKey.toString('hex')].join();
    }),
  );
  assert.equal(new Set(starts).size, 1);
  assert.deepEqual((await readdir(directory)).toSorted(), [
    'control.key',
    'root.key',
    'secret.key',
    'signing.key',
  ]);
});

test('the data directory is closed to others, and every private file in it', async (t) => {
  const directory = await directoryFor(t);
  const secretKey = await loadSecretKey(join(directory, 'secret.key'), randomBytes);
  await loadControllerKeys(keyFiles(directory), secretKey);
  await loadAuthority(keyFiles(directory), secretKey, options);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  const names = await readdir(directory);
  assert.deepEqual(names.toSorted(), [
    'authority.key',
    'ca.pem',
    'control.key',
    'root.key',
    'secret.key',
    'signing.key',
  ]);
  for (const name of names) {
    const { mode } = await stat(join(directory, name));
    assert.equal(mode & 0o777, name === 'ca.pem' ? 0o644 : 0o600, name);
  }
});

test('keys are the same after a restart and stand nowhere in the clear', async (t) => {
  const directory = await directoryFor(t);
  const load = async () => {
    const secretKey = await loadSecretKey(join(directory, 'secret.key'), randomBytes);
    return { secretKey, ...(await loadControllerKeys(keyFiles(directory), secretKey)) };
  };
  const first = await load();
  const second = await load();
  for (const name of ['root', 'signer'] as const) assert.equal(first[name].kid, second[name].kid);
  assert.deepEqual(first.control.publicKey, second.control.publicKey);
  const files = await Promise.all(
    (await readdir(directory)).map((name) => readFile(join(directory, name), 'utf8')),
  );
  for (const key of [first.root.key, first.signer.key, first.control]) {
    const secret = secretBytes(key);
    for (const text of files) {
      assert.equal(text.includes(secret.toString('base64url')), false);
      assert.equal(Buffer.from(text.trim(), 'base64url').includes(secret), false);
    }
  }
});

test('a key file that was altered, swapped or sealed with another key is refused by name', async (t) => {
  const directory = await directoryFor(t);
  const secretKey = await loadSecretKey(join(directory, 'secret.key'), randomBytes);
  await loadControllerKeys(keyFiles(directory), secretKey);
  const root = join(directory, 'root.key');
  const text = await readFile(root, 'utf8');
  const refused = (): Promise<void> =>
    assert.rejects(loadControllerKeys(keyFiles(directory), secretKey), /root\.key cannot be opened/);
  await writeFile(root, `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`);
  await refused();
  await writeFile(root, await readFile(join(directory, 'signing.key'), 'utf8'));
  await refused();
  await writeFile(root, text);
  const other = new SecretKey(randomBytes(32), randomBytes);
  await assert.rejects(loadControllerKeys(keyFiles(directory), other), /root\.key cannot be opened/);
  await writeFile(join(directory, 'secret.key'), 'short');
  await assert.rejects(loadSecretKey(join(directory, 'secret.key'), randomBytes), /holds no secret key/);
});

test('the built-in authority survives a restart and signs for the hosts it is asked for', async (t) => {
  const directory = await directoryFor(t);
  const secretKey = await loadSecretKey(join(directory, 'secret.key'), randomBytes);
  const { pem } = await loadAuthority(keyFiles(directory), secretKey, options);
  const authority = await loadAuthority(keyFiles(directory), secretKey, options);
  assert.equal(authority.pem, pem);
  const { cert } = await authority.issue(['access.acme.example', '127.0.0.1', '::1']);
  const [leaf, root] = [new X509Certificate(cert), new X509Certificate(pem)];
  assert.ok(root.ca && !leaf.ca);
  assert.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey));
  assert.equal(leaf.checkHost('access.acme.example'), 'access.acme.example');
  assert.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(leaf.checkHost('other.acme.example'), undefined);
  assert.equal(await authority.certify(Buffer.from('no key'), 'relay.acme.example'), undefined);
});

test('the card is signed anew each day and always far from its end', async (t) => {
  const { context, time } = await testController(t);
  const root = context.keys.root.key.publicKey;
  const first = await context.card();
  assert.equal((await context.card()).token, first.token);
  time.ms += 25 * 3_600_000;
  const second = await context.card();
  assert.notEqual(second.token, first.token);
  const card = await verifyCard(second.token, root, time.ms / 1_000);
  assert.ok(card !== undefined && card.exp - time.ms / 1_000 > 29 * 24 * 3_600);
});
