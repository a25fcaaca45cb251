/** Reads `decisions.yaml`, which is written for people, and holds `decide` against every row of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import { compilePolicies } from '../../policy/policies.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';

interface Words {
  who?: string;
  to?: string;
  door?: Facts['door'];
  at?: string;
  session?: string;
  factors?: string;
  factorsAt?: string;
  context?: string;
  source?: string;
  device?: string;
  report?: string;
}

interface Row extends Words {
  policies?: string[];
  allow?: string;
  deny?: string;
  until?: string;
}

interface Book {
  resources: Record<string, string[]>;
  profiles: PostureProfileDocument[];
  policies: PolicyDocument[];
  tables: { about: string; policies?: string[]; facts?: Words; rows: Row[] }[];
}

const book = parse(readFileSync(new URL('decisions.yaml', import.meta.url), 'utf8')) as Book;
const usual: Required<Words> = {
  who: 'alice of staff',
  to: 'wiki',
  door: 'client',
  at: '2026-11-20T12:00:00Z',
  session: '1h ago',
  factors: 'pwd and otp',
  factorsAt: '1h ago',
  context: 'none',
  source: '10.1.2.3 in DE',
  device: 'approved',
  report: 'linux 6.1.0 30s ago',
};

describe('the decision table', () => {
  test('has at least 300 rows', () => {
    assert.ok(book.tables.flatMap(({ rows }) => rows).length >= 300);
  });

  test('uses every policy it lists', () => {
    const used = new Set(
      book.tables
        .flatMap(({ policies = [], rows }) => [policies, ...rows.map((row) => row.policies ?? [])])
        .flat(),
    );
    assert.deepEqual(
      book.policies.map(({ name }) => name).filter((name) => !used.has(name)),
      [],
    );
  });

  for (const { about, rows, policies: shared, facts: said } of book.tables) {
    test(about, () => {
      for (const row of rows) {
        const { policies = shared, allow, deny, until, ...words } = row;
        const named = (policies ?? assert.fail('no policies')).map(policyNamed);
        const facts = factsFrom({ ...usual, ...said, ...words });
        const result = decide(facts, compilePolicies(named, book.profiles));
        const { decision, reasons, untilMs } = result;
        const expected = {
          decision: allow === undefined ? 'deny' : 'allow',
          reasons: reasonsFrom(allow ?? deny ?? ''),
        };
        const found = reasons.map(({ name, policy }) => (policy === undefined ? name : `${policy} ${name}`));
        const where = JSON.stringify(row);
        assert.notEqual(allow === undefined, deny === undefined, where);
        assert.deepEqual({ decision, reasons: found.toSorted() }, expected, where);
        if (until !== undefined)
          assert.equal(untilMs, until === 'never' ? undefined : Date.parse(until), where);
      }
    });
  }
});

function policyNamed(name: string): PolicyDocument {
  return book.policies.find((policy) => policy.name === name) ?? assert.fail(`no policy ${name}`);
}

/** `all(allow-matches) needs-mfa(mfa-fresh)`, or the one reason that belongs to no policy. */
function reasonsFrom(text: string): string[] {
  if (text === 'no-allow') return [text];
  return [...text.matchAll(/(\S+)\(([^)]*)\)/g)]
    .flatMap(([, policy, reasons = '']) => reasons.split(' ').map((reason) => `${policy} ${reason}`))
    .toSorted();
}

function factsFrom(words: Required<Words>): Facts {
  const nowMs = Date.parse(words.at);
  const tags = book.resources[words.to] ?? assert.fail(`no resource ${words.to}`);
  return {
    nowMs,
    door: words.door,
    subject: subjectFrom(words.who),
    session: {
      startedMs: before(nowMs, words.session),
      amr: words.factors === 'none' ? [] : words.factors.split(' and '),
      ...(words.factorsAt === 'unknown' ? {} : { authTimeMs: before(nowMs, words.factorsAt) }),
      ...(words.context === 'none' ? {} : { acr: words.context }),
    },
    ...(words.source === 'unknown' ? {} : { source: sourceFrom(words.source) }),
    device: {
      approved: words.device === 'approved',
      ...(words.report === 'none' ? {} : { posture: postureFrom(nowMs, words.report) }),
    },
    resource: { name: words.to, tags },
  };
}

/** `alice`, `alice of staff and sre`, `alice without e-mail of staff`, `service ci of automation`. */
function subjectFrom(text: string): Facts['subject'] {
  const [, service, name = '', unverified, groups] =
    /^(service )?(\w+)( without e-mail)?(?: of (.+))?$/.exec(text) ?? assert.fail(text);
  return {
    kind: service === undefined ? 'person' : 'service',
    name,
    groups: groups?.split(' and ') ?? [],
    ...(service === undefined && unverified === undefined ? { email: `${name}@acme.example` } : {}),
  };
}

/** `linux 6.1.0 30s ago`, `linux without version 4m 59s ago`. */
function postureFrom(nowMs: number, text: string): NonNullable<Facts['device']['posture']> {
  const [, os, version, ago = ''] =
    /^(linux|macos|windows) (without version|\S+) (.+ ago)$/.exec(text) ?? assert.fail(text);
  return {
    atMs: before(nowMs, ago),
    facts: {
      os: os as 'linux',
      clientVersion: '0.1.0',
      ...(version === undefined || version === 'without version' ? {} : { osVersion: version }),
    },
  };
}

/** `10.1.2.3 in DE`, `2001:db8::1`. */
function sourceFrom(text: string): NonNullable<Facts['source']> {
  const [address = '', country] = text.split(' in ');
  return { address, ...(country === undefined ? {} : { country }) };
}

function before(nowMs: number, text: string): number {
  assert.match(text, /^(?:\d+(?:ms|s|m|h|d) )+ago$/);
  const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)];
  return nowMs - parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}
