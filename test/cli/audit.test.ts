/** What a row of `postern audit` says of an entry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditCells } from '../../cli/audit.ts';

const entry = {
  seq: 1,
  time: '2026-11-22T03:00:00.000Z',
  who: 'usr_a',
  what: 'flow.refused',
  resource: 'res_wiki',
  result: 'refused',
  reasons: ['denied'],
  cause: 'path-blocked',
  detail: { method: 'GET', path: '/closed', address: '198.51.100.7', count: 2 },
};
const start = [entry.time, entry.what, entry.result, entry.who, entry.resource];

test('a refusal at a public hostname says what was asked for, from where and how often, beside its cause', () => {
  assert.deepEqual(auditCells(entry), [
    ...start,
    'denied, cause path-blocked, GET /closed from 198.51.100.7, 2 more',
  ]);
});

test('other entries have their reasons and cause alone', () => {
  assert.deepEqual(auditCells({ ...entry, detail: { device: 'dev_a' } }), [
    ...start,
    'denied, cause path-blocked',
  ]);
  const session = { ...entry, what: 'session.end', detail: { count: 3, address: '198.51.100.7' } };
  assert.deepEqual(auditCells(session).at(-1), 'denied, cause path-blocked');
});
