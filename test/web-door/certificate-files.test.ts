/** Certificates from a folder: which file is taken, what is told of it, and what happens when it is replaced. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CertificateFiles } from '../../connector/web/certificates/certificate-files.ts';
import { Certificates } from '../../connector/web/certificates/certificates.ts';
import type { Pattern } from '../../protocol/names.ts';
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import { createAuthority } from '../support/authority.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const wiki = 'wiki.acme.example';
const dayMs = 24 * 3_600_000;
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-certificates-'));
  folders.push(folder);
  return folder;
}

/** A folder of the connector, and an authority beside it whose files are put there by hand. */
function opened(patterns: readonly string[]) {
  const [folder, made] = [makeFolder(), makeFolder()];
  const authority = createAuthority(made);
  const clock = new VirtualClock();
  const startMs = Date.now();
  let changes = 0;
  const files = new CertificateFiles(folder, clock, () => (changes += 1));
  const certificates = new Certificates({
    files,
    acme: undefined,
    builtIn: { prepare: async () => undefined, report: () => undefined } as never,
    nowMs: () => startMs + clock.nowMs(),
    served: (host) => ({ pattern: host as Pattern, web: { certificate: 'file' } as ConnectorWeb }),
  });
  certificates.watch(patterns);
  return {
    folder,
    clock,
    certificates,
    changes: () => changes,
    /** Puts a new certificate for `names` into the files of `name`. */
    put: (name: string, names: readonly string[]): void => {
      const { certFile, keyFile } = authority.issue(names);
      copyFileSync(certFile, join(folder, `${name}.pem`));
      copyFileSync(keyFile, join(folder, `${name}.key`));
    },
  };
}

test('what is told of a file is what browsers will say of it: missing, for another name, over', async () => {
  const { clock, certificates, put } = opened([wiki, '*.apps.acme.example']);
  const said = (): (string | undefined)[] =>
    certificates.report().map(({ host, state, problem }) => [host, state, problem].filter(Boolean).join(' '));
  assert.deepEqual(said(), [
    `${wiki} none there is no ${wiki}.pem in the folder of --web-certs`,
    '*.apps.acme.example none there is no _.apps.acme.example.pem in the folder of --web-certs',
  ]);
  put(wiki, ['other.acme.example']);
  put('_.apps.acme.example', ['*.apps.acme.example']);
  clock.advance(1_000);
  assert.deepEqual(said(), [
    `${wiki} failed browsers refuse ${wiki}.pem: it is not for ${wiki}`,
    '*.apps.acme.example ready',
  ]);
  put(wiki, [wiki]);
  clock.advance(1_000);
  assert.deepEqual(said(), [`${wiki} ready`, '*.apps.acme.example ready']);
  clock.advance(31 * dayMs);
  for (const text of said())
    assert.match(text ?? '', /failed browsers refuse \S+\.pem: it ended on \d{4}-\d\d-\d\d$/);
});

test('a wildcard file serves the names below it, unless they have their own', async () => {
  const { folder, certificates, clock, put } = opened(['git.apps.acme.example']);
  put('_.apps.acme.example', ['*.apps.acme.example']);
  const first = await certificates.contextFor('git.apps.acme.example');
  assert.ok(first !== undefined);
  assert.equal(await certificates.contextFor('deep.git.apps.acme.example'), undefined);
  put('git.apps.acme.example', ['git.apps.acme.example']);
  clock.advance(1_000);
  assert.notEqual(await certificates.contextFor('git.apps.acme.example'), first);
  assert.match(readFileSync(join(folder, 'git.apps.acme.example.pem'), 'utf8'), /BEGIN CERTIFICATE/);
});

test('files that are replaced are used from then on and told of; half of a pair changes nothing until the other is there', async () => {
  const { folder, certificates, clock, put, changes } = opened([wiki]);
  put(wiki, [wiki]);
  const first = await certificates.contextFor(wiki);
  // The new chain with the old key.
  const key = readFileSync(join(folder, `${wiki}.key`));
  put(wiki, [wiki, 'new.acme.example']);
  const newKey = readFileSync(join(folder, `${wiki}.key`));
  writeFileSync(join(folder, `${wiki}.key`), key);
  // Nobody has to ask for it to be noticed.
  clock.advance(60_000);
  await Promise.resolve();
  assert.equal(changes(), 1);
  assert.equal(await certificates.contextFor(wiki), first);
  assert.match(certificates.report()[0]?.problem ?? '', /no certificate and key that belong together/);
  writeFileSync(join(folder, `${wiki}.key`), newKey);
  clock.advance(60_000);
  await Promise.resolve();
  assert.equal(changes(), 2);
  assert.notEqual(await certificates.contextFor(wiki), first);
  assert.equal(certificates.report()[0]?.problem, undefined);
  certificates.close();
  assert.equal(clock.pending, 0);
});
