/** What a device remembers of what its flows found: of the target alone, so much and no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachedText } from '../../cli/resources.ts';
import { ReachedTargets } from '../../client/flows/reached-targets.ts';
import type { ResourceId } from '../../protocol/ids.ts';
import type { Pattern } from '../../protocol/names.ts';

const one = (id: string, host = `${id}.acme.internal`) => ({
  id: id as ResourceId,
  hosts: [host as Pattern],
});

test('a refusal that says nothing of the target, or of one name below a wildcard, changes nothing', () => {
  const reached = new ReachedTargets(() => 5);
  reached.note(one('wiki'), 443);
  for (const code of ['denied', 'connector-lost', 'no-peer', 'limit']) reached.note(one('wiki'), 443, code);
  assert.deepEqual(reached.of('wiki' as ResourceId), [{ port: 443, atMs: 5 }]);
  reached.note(one('databases', '*.db.acme.internal'), 5432, 'no-name');
  assert.deepEqual(reached.of('databases' as ResourceId), []);
  reached.note(one('databases', '*.db.acme.internal'), 5432);
  assert.deepEqual(reached.of('databases' as ResourceId), [{ port: 5432, atMs: 5 }]);
});

test('the ports and resources tried longest ago give way', () => {
  const reached = new ReachedTargets(() => 0);
  for (let port = 1; port <= 16; port += 1) reached.note(one('wiki'), port);
  reached.note(one('wiki'), 1, 'refused');
  reached.note(one('wiki'), 17);
  const ports = reached.of('wiki' as ResourceId).map(({ port }) => port);
  assert.deepEqual([ports.length, ports[0], ports[1], ports.at(-1)], [16, 1, 3, 17]);
  for (let index = 0; index < 2_000; index += 1) reached.note(one(`many-${index}`), 1);
  assert.deepEqual(reached.of('wiki' as ResourceId), []);
  assert.equal(reached.of('many-0' as ResourceId).length, 1);
});

test('a terminal is told of what failed, and else that it answers', () => {
  const at = new Date(0).toISOString();
  assert.equal(reachedText([], 0), '');
  assert.equal(reachedText([{ port: 80, answers: true, at }], 60_000), 'answers');
  assert.equal(
    reachedText(
      [
        { port: 80, answers: true, at },
        { port: 443, answers: false, code: 'timeout', at },
      ],
      60_000,
    ),
    'port 443 did not answer 1m ago: no answer in time',
  );
});
