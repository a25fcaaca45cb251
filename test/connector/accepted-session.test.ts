import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { closed, ConnectorBench, id, outcome, removeBenches } from './support/connector-bench.ts';

let bench: ConnectorBench;
beforeEach(async () => {
  bench = new ConnectorBench();
  await bench.start();
});
afterEach(() => bench.close());
after(removeBenches);

describe('a session at the connector', () => {
  test('carries what is granted to the application and back, and records the flow with its bytes', async () => {
    const { session } = await bench.dial([await bench.grant()]);
    const stream = session.openStream({ r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' });
    stream.end('hello');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), 'hello');
    await bench.recorded('close');
    const [opened, ended] = bench.records();
    assert.deepEqual([opened?.event, opened?.resource, opened?.device], ['open', bench.wiki, bench.deviceId]);
    assert.deepEqual(
      [ended?.event, ended?.bytesUp, ended?.bytesDown, ended?.code],
      ['close', 5, 5, undefined],
    );
    assert.equal(opened?.flow, ended?.flow);
  });

  test('SEC-A13 refuses every other resource, host, port, kind and spelling, and records each', async () => {
    const { session } = await bench.dial([await bench.grant()]);
    const granted = { r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' };
    const attempts: [object, CodeName][] = [
      [{ ...granted, r: bench.databases, h: 'db1.db.acme.internal' }, 'denied'],
      [{ ...granted, r: id('res') }, 'denied'],
      [{ ...granted, h: 'other.acme.internal' }, 'denied'],
      [{ ...granted, h: '127.0.0.1' }, 'denied'],
      [{ ...granted, h: 'wiki.acme.internal.evil.example' }, 'denied'],
      [{ ...granted, p: bench.port + 1 }, 'port-not-listed'],
      [{ ...granted, p: bench.port - 1 }, 'port-not-listed'],
      [{ ...granted, p: 0 }, 'port-not-listed'],
      [{ ...granted, k: 'udp' }, 'port-not-listed'],
      [{ ...granted, k: 'peer' }, 'denied'],
      [{ ...granted, r: undefined }, 'denied'],
      [{ ...granted, p: '22' }, 'denied'],
      [[], 'denied'],
    ];
    for (const [payload, code] of attempts) {
      assert.equal(await outcome(session, payload), code, JSON.stringify(payload));
    }
    assert.equal(bench.dialled.length, 0);
    const refused = bench.records().filter(({ event }) => event === 'refused');
    assert.deepEqual(
      refused.map(({ code }) => code),
      attempts.map(([, code]) => code),
    );
    assert.equal(new Set(refused.map(({ flow }) => flow)).size, attempts.length);
    assert.equal(await outcome(session, granted), 'accepted');
  });

  test('an administrator is told of what is open, and cuts one flow; the right to open another stays', async () => {
    const { session } = await bench.dial([await bench.grant()]);
    const granted = { r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' };
    const [first, second] = [session.openStream(granted), session.openStream(granted)];
    await Promise.all([first.accepted(), second.accepted()]);
    const open = bench.accepted?.liveFlows() ?? [];
    assert.deepEqual(
      open.map(({ resource, device, port }) => [resource, device, port]),
      [1, 2].map(() => [bench.wiki, bench.deviceId, bench.port]),
    );
    const ended = new Promise((resolve) => first.once('error', resolve));
    assert.equal(bench.accepted?.cutFlow(open[0]?.flow ?? ''), true);
    assert.equal(((await ended) as Fault).code, 'revoked');
    assert.equal(bench.accepted.cutFlow('another'), false);
    await bench.recorded('close');
    const cut = bench.records().find(({ event }) => event === 'close');
    assert.deepEqual(
      [cut?.flow, cut?.code, cut?.cause],
      [open[0]?.flow, 'revoked', 'ended-by-administrator'],
    );
    assert.equal(second.destroyed, false);
    assert.equal(await outcome(session, granted), 'accepted');
  });

  test('K8 a grant is worth nothing to another key, another network, or when it is none', async () => {
    const granted = { r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' };
    const stolen = await bench.dial([await bench.grant()], newAgreementKey());
    assert.equal(await outcome(stolen.session, granted), 'denied');
    const elsewhere = await bench.dial([await bench.grant({ aud: id('net') })]);
    assert.equal(await outcome(elsewhere.session, granted), 'denied');
    const nonsense = await bench.dial(['a.b.c']);
    assert.equal(await outcome(nonsense.session, granted), 'denied');
    assert.equal(bench.dialled.length, 0);
  });

  test('what has expired, was revoked or lost contact is refused by its own name', async () => {
    const granted = { r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' };
    const { session } = await bench.dial([await bench.grant()]);
    assert.equal(await outcome(session, granted), 'accepted');
    bench.wallMs += 606_000;
    bench.lease.beat(1);
    assert.equal(await outcome(session, granted), 'expired');
    bench.wallMs -= 606_000;
    const again = await bench.dial([
      await bench.grant({ cav: [{ until: bench.wallMs / 1_000 + 7_200, out: 0 }] }),
    ]);
    bench.wallMs += 700_000;
    assert.equal(await outcome(again.session, granted), 'out-of-contact');
    bench.lease.beat(1);
    assert.equal(await outcome(again.session, granted), 'accepted');
    bench.lease.revoke({ epoch: 2, ids: [`${bench.grantId}/${bench.wiki}`], reason: 'policy' });
    assert.equal(await outcome(again.session, granted), 'revoked');
  });

  test('REL-6 a revocation ends the open flow on both sides, with a note that says why', async () => {
    const { session, notes } = await bench.dial([await bench.grant()]);
    const stream = session.openStream({ r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' });
    await stream.accepted();
    const ended = closed(stream);
    const applicationEnded = closed(bench.dialled[0] as Socket);
    bench.lease.revoke({ epoch: 2, ids: [bench.grantId], reason: 'policy' });
    bench.accepted?.recheck();
    await ended;
    await applicationEnded;
    assert.ok(stream.errored instanceof Fault);
    assert.equal(stream.errored.code, 'revoked');
    await bench.recorded('close');
    const { flow } = bench.records()[0] ?? {};
    assert.deepEqual(notes, [{ flow, resource: bench.wiki, code: 'revoked', reason: 'policy' }]);
    const last = bench.records().at(-1);
    assert.deepEqual([last?.event, last?.code, last?.cause], ['close', 'revoked', 'policy']);
  });

  test('REL-6 whoever looks at open flows is told when time ends the first of them: its until, its grant, or contact', async () => {
    const untilS = Math.floor(bench.wallMs / 1_000) + 300;
    const wiki = { r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' };
    const open = async (grant: object): Promise<void> => {
      const { session } = await bench.dial([await bench.grant(grant)]);
      const stream = session.openStream(wiki);
      stream.on('error', () => undefined);
      await stream.accepted();
    };
    await open({ cav: [{ until: untilS, out: 3_600 }], exp: untilS + 60 });
    assert.equal(bench.accepted?.recheck(), untilS * 1_000);
    await open({ cav: [{ until: untilS + 60, out: 3_600 }], exp: untilS - 60 });
    assert.equal(bench.accepted?.recheck(), (untilS - 60) * 1_000);
    await open({ cav: [{ until: untilS, out: 60 }], exp: untilS });
    assert.equal(bench.accepted?.recheck(), bench.lease.honouredUntilMs(60) + 1);
    bench.lease.revoke({ epoch: 2, ids: [bench.grantId], reason: 'policy' });
    assert.equal(bench.accepted?.recheck(), Number.POSITIVE_INFINITY);
  });

  test('REL-6 a grant that is narrowed ends flows to what it lost, and no flow to what is left of it before its new end', async () => {
    const wiki = { r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' };
    const { session, notes } = await bench.dial([await bench.grant()]);
    const stream = session.openStream(wiki);
    await stream.accepted();
    const ended = closed(stream);
    const [grants, resources] = [[bench.grantId], [bench.wiki]];
    const endS = bench.wallMs / 1_000 + 100;
    const other = { grants: [id('tok')], resources };
    const narrowed = [other, { grants, resources: [bench.databases] }];
    bench.lease.revoke({ epoch: 2, ids: [], narrowed, reason: 'policy' });
    bench.lease.revoke({
      epoch: 3,
      ids: [],
      narrowed: [{ grants, resources, left: { until: endS, out: 3_600 } }],
      reason: 'policy',
    });
    assert.equal(bench.accepted?.recheck(), endS * 1_000);
    assert.equal(await outcome(session, wiki), 'accepted');
    assert.equal(bench.accepted?.openFlows, 2);
    bench.wallMs = endS * 1_000;
    bench.lease.beat(3);
    bench.accepted?.recheck();
    await ended;
    assert.equal((stream.errored as Fault).code, 'expired');
    bench.wallMs -= 50_000;
    bench.lease.beat(3, bench.wallMs / 1_000);
    const again = session.openStream(wiki);
    await again.accepted();
    const cut = closed(again);
    bench.lease.revoke({ epoch: 4, ids: [], narrowed: [{ grants, resources }], reason: 'posture' });
    bench.accepted?.recheck();
    await cut;
    assert.equal((again.errored as Fault).code, 'revoked');
    assert.equal((notes.at(-1) as { reason?: string }).reason, 'posture');
    assert.equal(await outcome(session, wiki), 'revoked');
  });

  test('a resource that now lists other ports, or is gone, ends what was open to it', async () => {
    const { session } = await bench.dial([await bench.grant()]);
    const stream = session.openStream({ r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' });
    await stream.accepted();
    const ended = closed(stream);
    delete bench.resources[bench.wiki];
    bench.accepted?.recheck();
    await ended;
    await bench.recorded('close');
    assert.equal(bench.accepted?.openFlows, 0);
  });

  test('SEC-F2 a wildcard that leads to loopback or outside its networks is refused before any connection', async () => {
    const { session } = await bench.dial([await bench.grant({ res: { [bench.databases]: 0 } })]);
    const ask = (host: string): Promise<string> =>
      outcome(session, { r: bench.databases, h: host, p: bench.port, k: 'tcp' });
    bench.names = { 'a.db.acme.internal': ['127.0.0.1'], 'b.db.acme.internal': ['203.0.113.9'] };
    assert.equal(await ask('a.db.acme.internal'), 'address-forbidden');
    assert.equal(await ask('b.db.acme.internal'), 'address-forbidden');
    assert.equal(await ask('db.acme.internal'), 'denied');
    assert.equal(bench.dialled.length, 0);
  });

  test('says whether a name exists without connecting to it', async () => {
    const { session } = await bench.dial([await bench.grant({ res: { [bench.databases]: 0 } })]);
    bench.names = { 'a.db.acme.internal': ['10.1.2.3'], 'b.db.acme.internal': ['127.0.0.1'] };
    const ask = (h: string): Promise<string> =>
      outcome(session, { r: bench.databases, h, p: 0, k: 'dns', q: 'A' });
    assert.equal(await ask('a.db.acme.internal'), 'accepted');
    assert.equal(await ask('b.db.acme.internal'), 'address-forbidden');
    assert.equal(bench.dialled.length, 0);
  });

  test('an application that refuses is told as refused, and nothing of it is', async () => {
    bench.application?.close();
    const { session } = await bench.dial([await bench.grant()]);
    const granted = { r: bench.wiki, h: 'wiki.acme.internal', p: bench.port, k: 'tcp' };
    assert.equal(await outcome(session, granted), 'refused');
  });
});

describe('the flow log', () => {
  test('SEC-D3: a session that asks without end for what it may not use ends, and others go on', async () => {
    const { session } = await bench.dial([await bench.grant()]);
    const other = await bench.dial([await bench.grant()]);
    const ended = session.closed;
    let outcomes = 0;
    for (; outcomes < 2_000 && !session.isOver; outcomes++)
      await outcome(session, { ...bench.request(), p: 1 }).catch(() => undefined);
    assert.equal((await ended).code, 'limit');
    assert.ok(outcomes >= 1_000, `${outcomes}`);
    assert.ok(bench.flows.batch().length <= 110);
    assert.equal(await outcome(other.session, bench.request()), 'accepted');
  });

  test('a connector that has room for no further record opens no flow', async () => {
    for (let seq = 1; !bench.flows.full; seq++) bench.flows.record({ at: seq, event: 'open', flow: 'a' });
    bench.flows.received(0);
    const { session } = await bench.dial([await bench.grant()]);
    assert.equal(await outcome(session, bench.request()), 'busy');
    assert.equal(bench.dialled.length, 0);
    bench.flows.received(10);
    assert.equal(await outcome(session, bench.request()), 'accepted');
  });
});
