/** SECURITY.md's table of ids is true: what it says is held has a test of that name there, and no test's id is missing. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const id = /\b(?:SEC-[A-J]\d+|REL-\d+|AUD-\d+|K\d{1,2})\b/g;

interface Row {
  readonly id: string;
  readonly stands: 'held' | 'part' | 'not yet';
  readonly files: readonly string[];
}

const rows: Row[] = [
  ...readFileSync(join(root, 'SECURITY.md'), 'utf8').matchAll(
    /^\| (\S+) +\|[^|]*\| (?:\*\*)?(held|part|not yet)\b(.*)\|$/gm,
  ),
].map(([, name = '', stands, rest = '']) => ({
  id: name,
  stands: stands as Row['stands'],
  files: [...rest.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file),
}));

/** Ids in the names of tests, which are quoted text in the code. */
const named = new Map<string, Set<string>>();
for (const entry of readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })) {
  if (!entry.name.endsWith('.test.ts')) continue;
  const path = join(entry.parentPath, entry.name);
  if (path === fileURLToPath(import.meta.url)) continue;
  const quoted = readFileSync(path, 'utf8').match(/(?<=['"`]).*(?=['"`])/gm) ?? [];
  for (const found of quoted.flatMap((line) => line.match(id) ?? []))
    named.set(found, (named.get(found) ?? new Set()).add(relative(root, path)));
}

test('every row that is held, wholly or in part, names tests that carry its id', () => {
  assert.ok(rows.length > 80, `${rows.length} rows`);
  for (const row of rows) {
    if (row.stands === 'held') assert.ok(row.files.length > 0, `${row.id} names no test`);
    for (const file of row.files)
      assert.ok(named.get(row.id)?.has(file) === true, `${file} has no test named ${row.id}`);
  }
});

test('every id that a test carries is in the table, once, and not as something to come', () => {
  assert.equal(new Set(rows.map((row) => row.id)).size, rows.length, 'an id stands twice');
  for (const found of named.keys()) {
    const row = rows.find((each) => each.id === found);
    assert.ok(row !== undefined, `${found} is missing, which ${[...(named.get(found) ?? [])].join()} has`);
    assert.notEqual(row.stands, 'not yet', `${found} has a test`);
  }
});
