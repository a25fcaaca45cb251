/**
 * Reads `posture-decisions.yaml`, which is written for people, and holds `decide` against every row of it: under an allow,
 * a require, and a deny that refuses unless it is known that the device is not so.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import { compilePolicies } from '../../policy/policies.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import { reasonTexts, type ReasonName } from '../../protocol/reasons.ts';

interface Row {
  readonly profile?: string;
  readonly report: string;
  readonly verdict?: string;
  readonly serial?: 'listed' | 'foreign' | 'none';
  readonly gives: string;
  readonly until?: string;
}

interface Book {
  readonly profiles: readonly PostureProfileDocument[];
  readonly tables: readonly {
    readonly about: string;
    readonly profile?: string;
    readonly rows: readonly Row[];
  }[];
}

const book = parse(readFileSync(new URL('posture-decisions.yaml', import.meta.url), 'utf8')) as Book;
const nowMs = Date.parse('2026-11-20T12:00:00Z');
const open: PolicyDocument = { name: 'open', allow: 'everyone', to: 'everything' };

describe('the table of posture', () => {
  for (const { about, profile: shared, rows } of book.tables) {
    test(about, () => {
      for (const row of rows) {
        const where = JSON.stringify(row);
        const name = row.profile ?? shared ?? assert.fail(where);
        const facts = factsFrom(row);
        const expected = row.gives.split(' ').toSorted();
        const isMet = expected.every((reason) => reasonTexts[reason as ReasonName].met);
        const when = { posture: [name] };
        const ask = (...policies: PolicyDocument[]) =>
          decide(facts, compilePolicies(policies, book.profiles));

        const allow = ask({ name: 'p', allow: 'everyone', to: 'everything', when });
        assert.equal(allow.decision, isMet ? 'allow' : 'deny', where);
        assert.deepEqual(reasonsOf(allow.reasons, 'allow-matches'), expected, where);
        if (row.until !== undefined) {
          const untilMs = row.until === 'never' ? undefined : nowMs + lengthOf(row.until);
          assert.equal(allow.untilMs, untilMs, where);
        }
        const require = ask(open, { name: 'p', require: 'everyone', to: 'everything', when });
        assert.equal(require.decision, isMet ? 'allow' : 'deny', where);
        assert.deepEqual(reasonsOf(require.reasons, 'allow-matches'), expected, where);
        const deny = ask(open, { name: 'p', deny: 'everyone', to: 'everything', when });
        assert.equal(deny.decision, expected.some(isKnownToFail) ? 'allow' : 'deny', where);
      }
    });
  }

  test('every profile of the table is asked', () => {
    const asked = new Set(
      book.tables.flatMap(({ profile, rows }) => rows.map((row) => row.profile ?? profile)),
    );
    assert.deepEqual(
      book.profiles.filter(({ name }) => !asked.has(name)),
      [],
    );
  });

  test('every reason of posture stands in the table', () => {
    const given = new Set(book.tables.flatMap(({ rows }) => rows.flatMap(({ gives }) => gives.split(' '))));
    const ofPosture = Object.keys(reasonTexts).filter((name) => name.startsWith('posture-'));
    assert.deepEqual(
      ofPosture.filter((name) => !given.has(name)),
      [],
    );
  });
});

/** What is not met and yet is no lack of knowledge. */
function isKnownToFail(reason: string): boolean {
  return !reasonTexts[reason as ReasonName].met && !/-(unknown|stale)$/.test(reason);
}

function reasonsOf(reasons: readonly { readonly name: string }[], without: string): string[] {
  return reasons
    .map(({ name }) => name)
    .filter((name) => name !== without)
    .toSorted();
}

function factsFrom({ report, verdict, serial = 'none' }: Row): Facts {
  return {
    nowMs,
    door: 'client',
    subject: { kind: 'person', name: 'alice', groups: [] },
    session: { startedMs: nowMs, amr: [] },
    device: {
      approved: true,
      ...(report === 'none' ? {} : { posture: reportFrom(report) }),
      ...(serial === 'none' ? {} : { serialListed: serial === 'listed' }),
      ...(verdict === undefined ? {} : { verdicts: verdictsFrom(verdict) }),
    },
    resource: { name: 'wiki', tags: [] },
  };
}

function reportFrom(text: string): NonNullable<Facts['device']['posture']> {
  const [, os = '', age = '', said = ''] = /^(\w+) ([^:]+) ago(?:: (.+))?$/.exec(text) ?? assert.fail(text);
  const facts: Record<string, unknown> = { os, clientVersion: '0.1.0' };
  const list = (key: string): unknown[] => (facts[key] ??= []) as unknown[];
  for (const part of said === '' ? [] : said.split(', ')) {
    const [word = '', ...rest] = part.split(' ');
    if (word === 'version') facts['osVersion'] = rest[0];
    else if (word === 'client') facts['clientVersion'] = rest[0];
    else if (word === 'distribution') {
      facts['distributionId'] = rest[0];
      if (rest[1] !== undefined) facts['distributionVersion'] = rest[1];
    } else if (word === 'antivirus') {
      facts['antivirus'] = rest[0] === 'none' ? [] : rest.filter((each) => each !== 'and');
    } else if (word === 'runs' || word === 'misses') {
      for (const name of rest) list('processes').push({ name, running: word === 'runs' });
    } else if (word === 'has' || word === 'lacks') {
      for (const path of rest) list('files').push({ path, present: word === 'has' });
    } else {
      assert.match(rest[0] ?? '', /^(on|off)$/, text);
      facts[word] = rest[0] === 'on';
      if (rest[1] === 'after') facts['screenLockAfter'] = Number(rest[2]);
    }
  }
  return {
    atMs: nowMs - lengthOf(age),
    facts: facts as unknown as NonNullable<Facts['device']['posture']>['facts'],
  };
}

/** `mdm well 30s ago and edr ill 10m ago`. */
function verdictsFrom(text: string): NonNullable<Facts['device']['verdicts']> {
  return Object.fromEntries(
    text.split(' and ').map((part) => {
      const [, source = '', health, age = ''] = /^(\w+) (well|ill) (.+) ago$/.exec(part) ?? assert.fail(part);
      return [source, { atMs: nowMs - lengthOf(age), compliant: health === 'well' }];
    }),
  );
}

function lengthOf(text: string): number {
  assert.match(text, /^\d+(ms|s|m|h)( \d+(ms|s|m|h))*$/);
  const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}
