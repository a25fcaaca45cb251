/**
 * SEC-C1: the public corpus of HTTP desync cases, through the whole web door as somebody who is signed in. What is severe is
 * refused and the connection closed, alone and behind another request, and the origin accepts no byte of it.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readVectors } from '../support/vectors.ts';
import { exchange } from '../web-door/support/raw-exchange.ts';
import { inFrontOf, webSocket } from '../web-door/support/in-front-of.ts';
import { wiki, type WebBench } from '../web-door/support/web-bench.ts';

interface Case {
  readonly name: string;
  readonly uri: string;
  readonly method: string;
  readonly version: string;
  readonly headers: readonly { readonly name: string; readonly value: string | number }[];
  readonly expected: { readonly tier: string };
}

const folder = join(process.env['POSTERN_VECTORS'] ?? '', 'http-desync');
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => readVectors('http-desync', file) as Case[]);
const severe = cases.filter(({ expected }) => expected.tier === 'Severe');

let bench: WebBench;
let cookie = '';
let heard = 0;
const origin = createServer((request, response) => {
  heard++;
  request.resume();
  request.on('error', () => undefined);
  request.on('end', () => response.end('ok'));
});
let connections = 0;
origin.on('connection', () => connections++);

before(async () => {
  bench = await inFrontOf(origin);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());

/** As it goes over the wire, with what a request at this door needs where the case says nothing of it. */
function text({ method, uri, version, headers }: Case, further = ''): string {
  const has = (name: string): boolean => headers.some((each) => each.name.trim().toLowerCase() === name);
  const lines = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  const host = has('host') ? '' : `Host: ${wiki}:${bench.port}\r\n`;
  return `${method} ${uri} ${version}\r\n${host}Cookie: ${cookie}\r\n${further}${lines}\r\n`;
}

const plain = (): string => `GET /first HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n\r\n`;

test('SEC-C1: the corpus holds its 58 severe cases', () => assert.equal(severe.length, 58));

for (const [index, each] of severe.entries()) {
  test(`SEC-C1 ${index + 1}: ${each.name} is refused alone, behind another request and as an upgrade`, async () => {
    for (const [what, parts] of [
      ['alone', [text(each)]],
      ['behind another', [plain(), text(each)]],
      ['as an upgrade', [text(each, webSocket)]],
    ] as const) {
      [heard, connections] = [0, 0];
      const { statuses, closed } = await exchange(bench.raw(), parts);
      const last = statuses.at(-1) ?? 0;
      assert.equal(last, 400, `${what}: answered ${statuses.join(', ')}`);
      assert.ok(closed, `${what}: the connection stays open`);
      assert.equal(heard, parts.length - 1, `${what}: the origin heard ${heard} requests`);
      if (parts.length === 1) assert.equal(connections, 0, `${what}: the origin was connected to`);
    }
  });
}

test('SEC-C1: of what is ambiguous, the origin hears as many requests as the door answers', async () => {
  for (const each of cases.filter(({ expected }) => expected.tier === 'Ambiguous')) {
    heard = 0;
    const probe = `${text(each)}${plain()}`;
    const { statuses } = await exchange(bench.raw(), [probe], 300);
    const passed = statuses.filter((status) => status === 200).length;
    // The last may wait for a body that the corpus does not send.
    const answered = Math.max(statuses.length, 1);
    assert.ok(heard <= answered, `${each.name}: ${heard} heard, ${statuses.join(', ')} answered`);
    assert.ok(passed <= heard, `${each.name}: ${passed} answered with success of ${heard} heard`);
  }
});
