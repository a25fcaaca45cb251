/** The list of what is clicked in a browser names all that the pages can send, and each file on it holds itself to it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { doneIn } from './support/done-in.ts';
import { inSource, mutations } from './support/mutations.ts';

test('everything that a page can send is named by a test that clicks it, and nothing that no page sends', () => {
  const listed = Object.keys(doneIn).toSorted();
  assert.deepEqual(mutations(), listed);
  assert.ok(listed.length > 70);
});

test('each file that is named looks at the end whether all of it was done', () => {
  for (const file of new Set(Object.values(doneIn).map((done) => done.in))) {
    const text = readFileSync(new URL(`./${file}.test.ts`, import.meta.url), 'utf8');
    assert.match(text, /assert\.deepEqual\(undone\(import\.meta\.filename\), \[\]\)/, file);
  }
});

test('an address is read with each side of a choice and each member of a union, and its query left out', () => {
  const source = `export const some = {
  read: () => call<X>('GET', 'things'),
  act: (action: 'stop' | 'go', thing: string) =>
    call<undefined>('POST', \`things/\${id(thing)}/\${action}\`),
  set: (kind: 'cats' | 'dogs', on: boolean) => call<undefined>('POST', \`\${kind}/\${on ? 'on' : 'off'}\`),
  leave: (all: boolean) => call<X>('POST', all ? 'leave/all' : 'leave'),
  drop: (thing: string) => call<X>('DELETE', withQuery(\`things/\${id(thing)}\`, { force: 'true' })),
};`;
  assert.deepEqual(inSource(source), [
    'POST things/:/stop',
    'POST things/:/go',
    'POST cats/on',
    'POST cats/off',
    'POST dogs/on',
    'POST dogs/off',
    'POST leave/all',
    'POST leave',
    'DELETE things/:',
  ]);
});
