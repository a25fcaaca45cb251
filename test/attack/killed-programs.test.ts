/**
 * Each program is killed again and again with flows running, as a crash would end it: flows go on over a relay that returns
 * and end with their reason where an end of theirs is gone, new flows come within a second of its return, nothing that
 * was acknowledged is lost, what was revoked stays revoked, and the laptop's names are right after each.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { curl, dig, titleOf } from '../../scripts/demo/ask.ts';
import { systemPicture } from '../../scripts/demo/system-picture.ts';
import { eventually } from '../support/eventually.ts';
import { applyWithout } from '../support/fleet/measure-revocation.ts';
import { Origin, withOrigin } from '../support/fleet/origin.ts';
import { timedCall } from '../support/fleet/timed-call.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import type { Program } from '../support/lab/program.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { times } from '../support/length.ts';
import { labSite } from '../support/organisation/site.ts';

/** Kills of each program; the full length is `npm run soak -- killed-programs`. */
const kills = times(8, 125);
const returnMs = 1_000;
/** By then a flow whose other end is gone for good has ended at both ends. */
const endMs = 8_000;

suite('a program that is killed again and again under load', () => {
  let lab: Lab;
  let origin: Origin;
  let organisation: Organisation;
  let client: Client;
  let load: Program;
  let picture: string;
  let flows = 0;

  before(async () => {
    lab = await openLab();
    origin = await Origin.start(lab);
    organisation = await Organisation.start(labSite(lab), { adapt: withOrigin });
    picture = await eventually('a laptop whose addresses are settled', async () => {
      const now = await systemPicture(lab.laptop);
      return now.includes('tentative') ? undefined : now;
    });
    client = new Client(lab.laptop, 'ci');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
    // What stays revoked throughout: the bastion, which worked before.
    assert.equal((await dig(lab.laptop, 'bastion.acme.internal')).status, 'NOERROR');
    organisation.document.policies = [
      ...(organisation.document.policies ?? []).map((policy) =>
        policy.name === 'automation-origin' ? { ...policy, to: { resources: ['origin'] } } : policy,
      ),
      { name: 'automation-wiki', allow: { groups: ['automation'] }, to: { resources: ['wiki'] } },
    ];
    await applyWithout(organisation);
    await eventually('the wiki, and no bastion', async () => {
      const fetched = titleOf(await curl(lab.laptop, 'http://wiki.acme.internal/'));
      return fetched === lab.wiki.title && (await bastionIsGone()) ? true : undefined;
    });
    const fetches =
      'while :; do curl -s -o /dev/null -w "%{http_code}\\n" --max-time 2 http://wiki.acme.internal/bytes?n=100000; sleep 0.05; done';
    load = lab.laptop.spawn('sh', ['-c', fetches], { name: 'load' });
  });
  after(() => lab?.close());

  test('REL-1: the relay: one flow goes on through all of it, and new ones come within a second of its return', async (context) => {
    const waits: number[] = [];
    const flow = await openFlow();
    for (let time = 0; time < kills; time += 1) {
      organisation.relay.kill('SIGKILL');
      await organisation.relay.ended;
      waits.push(await newFlowAfter(await organisation.startRelay()));
      await flow.ticksOn();
      assert.ok(await bastionIsGone(), 'what was revoked stays revoked');
    }
    flow.program.kill('SIGKILL');
    await flow.endedAtOrigin();
    context.diagnostic(summary(waits));
  });

  test('the connector: flows end with their reason, new ones come within a second of its return, and each is in the audit log', async (context) => {
    const waits: number[] = [];
    for (let time = 0; time < kills; time += 1) {
      const flow = await openFlow();
      organisation.connector.kill('SIGKILL');
      await organisation.connector.ended;
      await flow.endedAtOrigin();
      await organisation.startConnector();
      waits.push(await newFlowAfter(performance.now()));
      await flow.ended('connector-lost');
      assert.ok(await bastionIsGone(), 'what was revoked stays revoked');
    }
    await eventually('a record of every flow that the origin saw', async () => {
      const records = await organisation.audit('flow.open');
      return records.filter(({ resource }) => resource === 'origin').length >= flows ? true : undefined;
    });
    context.diagnostic(summary(waits));
  });

  test('REL-14: the controller: flows go on and new ones open without it, and no acknowledged change or record is lost', async (context) => {
    const flow = await openFlow();
    const acknowledged: string[] = [];
    for (let time = 0; time < kills; time += 1) {
      const group = `group-${time}`;
      organisation.document.groups = [...(organisation.document.groups ?? []), group];
      const change = applyWithout(organisation).then(
        () => acknowledged.push(group),
        () => undefined,
      );
      // Every other time it is killed somewhere within the change, before its answer or at any moment after.
      const moment = new Promise((resolve) => setTimeout(resolve, 150 + time * 20));
      await (time % 2 === 0 ? change : moment);
      organisation.controller.kill('SIGKILL');
      await organisation.controller.ended;
      await change;
      assert.equal(titleOf(await curl(lab.laptop, 'http://wiki.acme.internal/')), lab.wiki.title);
      await organisation.startController();
      const { body } = await timedCall(organisation, 'GET', '/api/v1/document');
      const { groups } = (body as { document: { groups: string[] } }).document;
      for (const each of acknowledged) assert.ok(groups.includes(each), `${each} was acknowledged`);
      assert.equal((await dig(lab.laptop, 'www.public.example')).status, 'NOERROR');
      assert.ok(await bastionIsGone(), 'what was revoked stays revoked');
    }
    assert.ok(acknowledged.length >= kills / 2, `${acknowledged.length} changes were acknowledged`);
    assert.ok(flow.isOpen(), 'the flow went on through all of it');
    await eventually('a client in contact', async () =>
      (await client.status()).controller.connected ? true : undefined,
    );
    await applyWithout(organisation, 'policy');
    await flow.ended('revoked');
    await applyWithout(organisation);
    await eventually('a record of every flow that the origin saw', async () => {
      const records = await organisation.audit('flow.open');
      return records.filter(({ resource }) => resource === 'origin').length >= flows ? true : undefined;
    });
    context.diagnostic(`${acknowledged.length} of ${kills} changes acknowledged, all there`);
  });

  test('a right that was revoked while its client was dead stays revoked with connector and controller killed after that', async () => {
    const leaseFile = join(lab.dir, 'connector/lease.json');
    const epoch = (): number => (JSON.parse(readFileSync(leaseFile, 'utf8')) as { epoch: number }).epoch;
    const flow = await openFlow();
    client.program.kill('SIGKILL');
    await flow.program.ended;
    const before = epoch();
    await applyWithout(organisation, 'policy');
    await eventually('the revocation at the connector', () => (epoch() > before ? true : undefined));
    // The connector kept it for a client that might come back over another relay.
    await flow.endedAtOrigin();
    organisation.controller.kill('SIGKILL');
    organisation.connector.kill('SIGKILL');
    await Promise.all([organisation.controller.ended, organisation.connector.ended]);
    await organisation.startConnector('degraded');

    // The client knows nothing of it: it still holds the grant, and the other one serves.
    client.up();
    await eventually('the wiki, without the controller', async () =>
      titleOf(await curl(lab.laptop, 'http://wiki.acme.internal/')) === lab.wiki.title ? true : undefined,
    );
    const url = `http://${origin.host}:${origin.port}/tick/revoked`;
    assert.notEqual((await curl(lab.laptop, url)).code, 0);
    assert.equal(origin.ends('revoked').size + origin.open('revoked').length, 0);
    const refused = (await client.status()).recent.find(({ host }) => host === origin.host);
    assert.deepEqual([refused?.event, refused?.code], ['refused', 'revoked']);

    await organisation.startController();
    await eventually('a client in contact', async () =>
      (await client.status()).controller.connected ? true : undefined,
    );
    assert.notEqual((await curl(lab.laptop, url)).code, 0);
    await applyWithout(organisation);
    await eventually('the right again', async () =>
      (await dig(lab.laptop, origin.host)).status === 'NOERROR' ? true : undefined,
    );
  });

  test('the client: flows end, names are given back to a system that cannot fail closed, and new flows come within a second of its return', async (context) => {
    const waits: number[] = [];
    await eventually('the right is back', async () =>
      titleOf(await curl(lab.laptop, 'http://wiki.acme.internal/')) === lab.wiki.title ? true : undefined,
    );
    assert.equal((await client.status()).dns?.fails_closed, false, 'this laptop routes no names by suffix');
    for (let time = 0; time < kills; time += 1) {
      const flow = await openFlow();
      const { program } = client;
      program.kill('SIGKILL');
      await program.ended;
      await flow.program.ended;
      await eventually(
        'names given back within two seconds',
        async () => {
          const { answers } = await dig(lab.laptop, origin.host);
          assert.deepEqual(answers, [], 'a protected name never resolves without its client');
          const { status } = await dig(lab.laptop, 'www.public.example');
          return status === 'NOERROR' ? true : undefined;
        },
        { timeoutMs: 2_000 },
      );
      await eventually('rules and routes as before', async () =>
        (await systemPicture(lab.laptop)) === picture ? true : undefined,
      );
      client.up();
      await client.ready();
      waits.push(await newFlowAfter(performance.now()));
      // A new process of the device begins anew, and what the old one left behind ends.
      await flow.endedAtOrigin();
      assert.ok(await bastionIsGone(), 'what was revoked stays revoked');
    }
    await load.stop('SIGKILL');
    await client.down();
    assert.equal(await systemPicture(lab.laptop), picture);
    context.diagnostic(summary(waits));
  });

  /** A connection on which the origin prints. */
  async function openFlow() {
    flows += 1;
    const label = `flow-${flows}.`;
    const script = `exec 3<>/dev/tcp/${origin.host}/${origin.port}; echo tick ${label} >&3; exec cat <&3`;
    const program = lab.laptop.spawn('bash', ['-c', script], { name: 'flow' });
    await program.waitFor(/^\d{13}$/m);
    const openedAt = Date.now();
    const endedAtOrigin = () =>
      eventually(`the end of ${label} at the origin`, () => origin.ends(label).get(label), {
        timeoutMs: endMs,
      });
    return {
      program,
      isOpen: () => origin.open(label).length === 1,
      endedAtOrigin,
      /** Resolves once the origin is heard again. */
      async ticksOn(): Promise<void> {
        const heard = program.output.length;
        await eventually(`more of ${label}`, () => (program.output.length > heard ? true : undefined));
      },
      /** Both ends are over, and the laptop knows why. */
      async ended(code: string): Promise<void> {
        await Promise.all([program.ended, endedAtOrigin()]);
        await eventually(`the reason of ${label}`, async () => {
          const { recent } = await client.status();
          const ended = recent.find(
            ({ event, host, at }) => event === 'ended' && host === origin.host && Date.parse(at) >= openedAt,
          );
          if (ended !== undefined) assert.equal(ended.code, code);
          return ended;
        });
      },
    };
  }

  /** How long after `sinceMs`, of `performance.now()`, a page came by a new flow; fails beyond a second. */
  async function newFlowAfter(sinceMs: number): Promise<number> {
    await eventually(
      'a new flow',
      async () => {
        const fetched = await curl(lab.laptop, 'http://wiki.acme.internal/', '--max-time', '1');
        return titleOf(fetched) === lab.wiki.title ? true : undefined;
      },
      { everyMs: 10 },
    );
    const tookMs = Math.round(performance.now() - sinceMs);
    assert.ok(tookMs <= returnMs, `${tookMs} ms`);
    return tookMs;
  }

  async function bastionIsGone(): Promise<boolean> {
    return (await dig(lab.laptop, 'bastion.acme.internal')).status === 'NXDOMAIN';
  }
});

function summary(waits: readonly number[]): string {
  const rising = waits.toSorted((a, b) => a - b);
  return `a new flow after ${rising[Math.floor(rising.length / 2)]} ms, at most ${rising.at(-1)} ms`;
}
