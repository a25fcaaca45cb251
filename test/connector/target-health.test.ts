/** What became of dials is remembered by resource and port: as codes and times, bounded, and of what is served alone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { OriginTlsError } from '../../connector/dial/origin-tls.ts';
import { TargetHealth } from '../../connector/dial/target-health.ts';
import { TargetTests } from '../../connector/dial/target-tests.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { maxHealthChanges } from '../../protocol/resource-health.ts';

const [wiki, printer] = [newId('res', systemRandom(16)), newId('res', systemRandom(16))];
const ask = (resource?: typeof wiki) =>
  ({ t: 'health', question: 'q'.repeat(22), ...(resource === undefined ? {} : { resource }) }) as const;

test('a port answers or fails since when it came to be so, and is told with how it changed when it is asked for', () => {
  let now = 1_000;
  const health = new TargetHealth(() => now);
  health.note(wiki, 80);
  now = 2_000;
  health.note(wiki, 80);
  now = 3_000;
  health.note(wiki, 80, new Fault('refused'));
  now = 4_000;
  health.note(wiki, 80, new Fault('refused'));
  health.note(wiki, 443, new OriginTlsError(Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' })));
  health.note(printer, 9100);
  assert.deepEqual(health.tell(ask()).list, [
    { resource: wiki, port: 80, code: 'refused', since: 3_000, ok: 2_000 },
    { resource: wiki, port: 443, code: 'certificate', since: 4_000 },
    { resource: printer, port: 9100, since: 4_000, ok: 4_000 },
  ]);
  assert.deepEqual(health.failing, [
    { resource: wiki, port: 80, code: 'refused', since: 3_000 },
    { resource: wiki, port: 443, code: 'certificate', since: 4_000 },
  ]);
  const [told] = health.tell(ask(wiki)).list;
  assert.deepEqual(told?.changes, [{ at: 1_000 }, { at: 3_000, code: 'refused' }]);
  health.follow({ [printer]: {} });
  assert.deepEqual(
    health.tell(ask()).list.map(({ resource }) => resource),
    [printer],
  );
});

test('what says nothing of the target is not noted, and what is noted is bounded', () => {
  let now = 0;
  const health = new TargetHealth(() => ++now);
  health.note(wiki, 80, new Fault('cancelled'));
  health.note(wiki, 80, new Error('connect ECONNREFUSED 10.20.0.9:80'));
  assert.deepEqual(health.tell(ask()).list, []);
  for (let n = 0; n < 100; n++) health.note(wiki, 80, n % 2 === 0 ? undefined : new Fault('timeout'));
  for (let port = 1; port <= 40; port++) health.note(printer, port);
  const { list } = health.tell(ask(wiki));
  assert.equal(list[0]?.changes?.length, maxHealthChanges);
  assert.equal(list[0]?.changes?.at(-1)?.code, 'timeout');
  assert.equal(health.tell(ask(printer)).list.length, 16);
});

test('a test of a resource’s own target counts for it, and one that the connector had no time for does not', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const health = new TargetHealth(Date.now);
  const answered = Promise.withResolvers<void>();
  let left = 6;
  const tests = new TargetTests({
    resolve: async () => ['127.0.0.1'],
    clock: systemClock,
    found: (...found) => health.found(...found),
    send: () => {
      left -= 1;
      if (left === 0) answered.resolve();
    },
  });
  const target = { host: '127.0.0.1', port, speak: 'tcp' } as const;
  // Four run at once; the fifth is told that the connector is busy.
  for (let n = 0; n < 4; n++) tests.take({ t: 'probe', question: '', target, resource: wiki });
  tests.take({ t: 'probe', question: '', target, resource: printer });
  tests.take({ t: 'probe', question: '', target });
  await answered.promise;
  assert.deepEqual(
    health.tell(ask()).list.map(({ resource, code }) => [resource, code]),
    [[wiki, undefined]],
  );
});
