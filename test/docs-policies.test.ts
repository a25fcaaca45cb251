/** docs/policies.md is true: every key of policies and tests is on the page, and every example is a document that applies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { checkDocument } from '../controller/organisation/document-issues.ts';
import { failedTestIssues, runPolicyTests } from '../policy/policy-tests.ts';
import type { OrganisationDocument } from '../protocol/organisation-document.ts';
import { PolicyDocument, PolicyTestDocument } from '../protocol/policy-document.ts';
import { reasonTexts } from '../protocol/reasons.ts';
import { keysOfSchema } from './support/full-document.ts';

const page = readFileSync(new URL('../docs/policies.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(
  ([, text = '']) => parse(text) as Partial<OrganisationDocument>,
);
const [around, ...parts] = examples;

test('each example of the page is a part of a document that nothing is wrong with, and its tests pass', () => {
  assert.ok(parts.length >= 7);
  for (const part of parts) {
    const checked = checkDocument(
      { ...around, ...part },
      { controllerHost: '', organisationName: undefined },
    );
    if ('issues' in checked) assert.fail(JSON.stringify(checked.issues));
    const results = runPolicyTests(checked.document, Date.parse('2026-11-20T12:00:00Z'));
    assert.deepEqual(failedTestIssues(results), []);
  }
});

test('every key of a policy and of a test has an example', () => {
  for (const [list, schema] of [
    ['policies', PolicyDocument],
    ['tests', PolicyTestDocument],
  ] as const) {
    const shown = new Set(parts.flatMap((part) => keysOf(part[list])));
    const keys = keysOfSchema(JSON.parse(JSON.stringify(schema)) as object)
      // Who is written alike under each of the three effects.
      .map((key) => key.replace(/^(deny|require)\.(?=.)/, 'allow.'));
    assert.deepEqual(
      keys.filter((key) => !shown.has(key)),
      [],
      list,
    );
  }
});

test('no reason that a policy gives contains a configured value or a placeholder for one', () => {
  for (const { text, fix = '' } of Object.values(reasonTexts)) assert.doesNotMatch(text + fix, /[{}$%]|\d/);
});

function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return (value as unknown[]).flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => [
    key,
    ...keysOf(below).map((rest) => `${key}.${rest}`),
  ]);
}
