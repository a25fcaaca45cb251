/** How the log shows the request at a public hostname that an entry is about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestIn } from '../../protocol/request-in.ts';

test('an entry about a request shows it as one short line, and any other shows none', () => {
  const shown: [unknown, string | undefined][] = [
    [{ method: 'GET', path: '/admin/x', address: '198.51.100.7' }, 'GET /admin/x from 198.51.100.7'],
    [{ method: 'GET', path: '/a', count: 12 }, 'GET /a, 12 more'],
    [{ method: 'GET', path: '/\u001b[2J\u202e' }, 'GET /?[2J?'],
    [{ count: 3 }, '3 more'],
    [{ method: 'GET', path: `/${'x'.repeat(255)}` }, `GET /${'x'.repeat(58)}…`],
    [{ device: 'dev_a', port: 443 }, undefined],
    [{ method: 1, path: {}, address: null, count: 'many' }, undefined],
    [null, undefined],
    ['text', undefined],
  ];
  for (const [detail, text] of shown) assert.equal(requestIn(detail), text, JSON.stringify(detail));
});
