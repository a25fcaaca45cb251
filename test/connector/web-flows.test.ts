/** Flows of kind `web` at the connector: who is let through to the TLS endpoint of a public hostname, as whom, and until when. */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { DeviceFlow } from '../../connector/flows/device-flow.ts';
import type { CodeName } from '../../protocol/errors.ts';
import { Fault } from '../../protocol/errors.ts';
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import { closed, ConnectorBench, id, outcome, removeBenches } from './support/connector-bench.ts';

let bench: ConnectorBench;
let taken: DeviceFlow[];
beforeEach(async () => {
  bench = new ConnectorBench();
  await bench.start();
  taken = [];
  bench.takeWeb = (stream, device) => {
    taken.push(device);
    stream.pipe(stream);
    return true;
  };
  open(bench.wiki, ['wiki.acme.example', '*.apps.acme.example']);
  open(bench.databases, ['db.apps.acme.example']);
});
afterEach(() => bench.close());
after(removeBenches);

function open(resource: string, hostnames: string[]): void {
  const web: ConnectorWeb = {
    hostnames,
    origins: ['http://wiki.acme.internal:80'],
    host: 'hostname',
    headers: {},
    audience: resource,
    rules: [],
    allowOrigins: [],
    bySource: false,
  };
  const known = bench.resources[resource];
  if (known !== undefined) bench.resources = { ...bench.resources, [resource]: { ...known, web } };
}

const asked = (change: object = {}): object => ({
  r: bench.wiki,
  h: 'wiki.acme.example',
  p: 443,
  k: 'web',
  ...change,
});

describe('a flow to a public hostname', () => {
  test('goes to the TLS endpoint as the device and person of its grant, and is recorded as a flow of the client door', async () => {
    const sub = id('usr');
    const who = { name: 'Bob', email: 'bob@acme.example', groups: ['sre'] };
    const { session } = await bench.dial([await bench.grant({ sub, who, auth_time: 1_700_000_000 })]);
    const stream = session.openStream(asked({ door: 'web', dev: id('dev') }));
    stream.end('hello');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), 'hello');
    assert.equal(bench.dialled.length, 0);
    const [flow] = taken;
    const right = flow?.right();
    assert.ok(typeof right === 'object');
    assert.deepEqual(
      [right.door, right.device, right.sub, right.who, right.signedInS],
      ['client', bench.deviceId, sub, who, 1_700_000_000],
    );
    await bench.recorded('close');
    const [opened, ended] = bench.records();
    assert.deepEqual(
      [opened?.event, opened?.door, opened?.kind, opened?.device, opened?.subject, opened?.host],
      ['open', undefined, 'web', bench.deviceId, sub, 'wiki.acme.example'],
    );
    assert.deepEqual([ended?.event, ended?.bytesUp, ended?.bytesDown], ['close', 5, 5]);
  });

  test('SEC-A13 is for the hostnames of the granted resource at the door’s own port, and for nothing else', async () => {
    const { session } = await bench.dial([await bench.grant()]);
    const attempts: [object, CodeName | 'accepted'][] = [
      [{}, 'accepted'],
      [{ h: 'x.apps.acme.example' }, 'accepted'],
      // The exact hostname is another resource's, which the wildcard does not lead to.
      [{ h: 'db.apps.acme.example' }, 'denied'],
      [{ r: bench.databases, h: 'db.apps.acme.example' }, 'denied'],
      [{ h: 'wiki.acme.internal' }, 'denied'],
      [{ h: 'apps.acme.example' }, 'denied'],
      [{ p: 80 }, 'port-not-listed'],
      [{ p: bench.port }, 'port-not-listed'],
      [{ k: 'tcp' }, 'port-not-listed'],
      [{ k: 'tcp', p: bench.port }, 'denied'],
    ];
    for (const [change, result] of attempts)
      assert.equal(await outcome(session, asked(change)), result, JSON.stringify(change));
    const ports = [{ until: bench.wallMs / 1_000 + 600, out: 3_600, ports: ['tcp/22'] }];
    const narrow = await bench.dial([await bench.grant({ cav: ports })]);
    assert.equal(await outcome(narrow.session, asked()), 'port-not-listed');
  });

  test('REL-6 is cut when its right is revoked, when its hostname leads elsewhere, and when time ends it', async () => {
    const ends: [string, () => void, CodeName][] = [
      ['revoked', () => bench.lease.revoke({ epoch: 2, ids: [bench.grantId], reason: 'policy' }), 'revoked'],
      ['moved', () => open(bench.wiki, ['other.acme.example']), 'denied'],
      ['over', () => (bench.wallMs += 601_000), 'expired'],
    ];
    for (const [what, end, code] of ends.toReversed()) {
      const grant = await bench.grant(what === 'revoked' ? {} : { jti: id('tok') });
      open(bench.wiki, ['wiki.acme.example']);
      const { session } = await bench.dial([grant]);
      const stream = session.openStream(asked());
      await stream.accepted();
      const over = closed(stream);
      end();
      bench.lease.beat(1);
      bench.accepted?.recheck();
      await over;
      assert.ok(stream.errored instanceof Fault);
      assert.equal(stream.errored.code, code, what);
      assert.equal(taken.at(-1)?.right(), code, what);
    }
  });

  test('a question says whether a name below the wildcard is its resource’s own, and is no flow', async () => {
    const { session } = await bench.dial([await bench.grant()]);
    const ask = (change: object): Promise<string> =>
      outcome(session, asked({ k: 'dns', q: 'web', p: 0, ...change }));
    assert.equal(await ask({ h: 'plans.apps.acme.example' }), 'accepted');
    assert.equal(await ask({ h: 'wiki.acme.example' }), 'accepted');
    for (const h of ['db.apps.acme.example', 'apps.acme.example', 'wiki.acme.internal', 'other.example'])
      assert.equal(await ask({ h }), 'no-name', h);
    assert.equal(await ask({ r: id('res') }), 'denied');
    assert.equal(taken.length, 0);
    assert.equal(bench.accepted?.openFlows, 0);
  });

  test('is refused as busy where the endpoint has no room, and holds no place then', async () => {
    bench.takeWeb = () => false;
    const { session } = await bench.dial([await bench.grant()]);
    assert.equal(await outcome(session, asked()), 'busy');
    assert.equal(bench.accepted?.openFlows, 0);
    assert.equal(bench.quota.people, 0);
  });
});
