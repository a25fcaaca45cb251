/**
 * What works without the controller, and for how long: an hour of simulated time with everything restarted meanwhile,
 * and a connector that is cut off from it by silence. Real parts over real sockets; only the time of day is moved.
 */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { OutageSite, outages, type EchoFlow, type ResourceName } from '../support/outage/outage-site.ts';

const minuteMs = 60_000;
const names = Object.keys(outages) as ResourceName[];

type Flows = Record<ResourceName, EchoFlow>;

async function openAll(site: OutageSite): Promise<Flows> {
  const flows = await Promise.all(names.map(async (name) => [name, await site.open(name)] as const));
  return Object.fromEntries(flows) as Flows;
}

async function endOf(flow: EchoFlow): Promise<string> {
  return eventually('the end of a flow', () => flow.ended);
}

/** Looks so often as the connector does, that what goes on was looked at. */
async function goesOn(flow: EchoFlow): Promise<void> {
  await flow.speak();
  await assert.rejects(eventually('an end', () => flow.ended, { timeoutMs: 1_500 }));
  await flow.speak();
}

suite('the controller is away', () => {
  test('REL-3: for an hour open flows go on and new ones open, each resource for its outage or until its right ends, then out-of-contact', async (t) => {
    const site = await OutageSite.start(t);
    const until = Math.ceil(site.now() / 1_000) * 1_000 + 30 * minuteMs;
    await site.apply((document) => {
      for (const policy of document.policies ?? [])
        if (policy.name === 'ci-timed') policy.until = new Date(until).toISOString();
    });
    const flows = await eventually('a flow to each', () => openAll(site).catch(() => undefined));
    await site.stopController();
    const awayMs = site.now();
    const at = (ms: number): void => site.advance(awayMs + ms - site.now());

    at(9_000);
    for (const name of names) {
      await flows[name].speak();
      assert.equal(await site.outcome(name), 'open', name);
    }
    at(15_001);
    assert.equal(await endOf(flows.urgent), 'out-of-contact');
    assert.equal(await site.outcome('urgent'), 'out-of-contact');
    at(5 * minuteMs - 10_000);
    await goesOn(flows.brief);
    assert.equal(await site.outcome('brief'), 'open');
    at(5 * minuteMs + 1);
    assert.equal(await endOf(flows.brief), 'out-of-contact');
    assert.equal(await site.outcome('brief'), 'out-of-contact');
    at(until - awayMs - 5_000);
    await goesOn(flows.timed);
    at(until - awayMs);
    assert.equal(await endOf(flows.timed), 'expired');
    assert.notEqual(await site.outcome('timed'), 'open');
    at(60 * minuteMs - 10_000);
    await goesOn(flows.lasting);
    assert.equal(await site.outcome('lasting'), 'open');
    at(60 * minuteMs - 2_000);
    await flows.lasting.speak();
    assert.equal(await endOf(flows.lasting), 'out-of-contact');
    assert.equal(await site.outcome('lasting'), 'out-of-contact');

    await site.startController();
    for (const name of ['lasting', 'brief', 'urgent'] as const)
      await eventually(
        `${name} again`,
        async () => ((await site.outcome(name)) === 'open' ? true : undefined),
        {
          timeoutMs: 20_000,
        },
      );
    assert.notEqual(await site.outcome('timed'), 'open');
  });

  test('REL-3: client, connector and a separate relay restart while it is away and serve as before, no longer than without a restart', async (t) => {
    const site = await OutageSite.start(t);
    await site.stopController();
    const awayMs = site.now();
    site.advance(20 * minuteMs);
    await (await site.open('lasting')).speak();

    await site.stopClient();
    await site.startClient();
    await (await site.open('lasting')).speak();
    assert.equal(site.client.status().controller.connected, false);

    await site.stopConnector();
    await site.startConnector();
    await speaksAgain(site);
    assert.equal(site.connector.status().state, 'degraded');

    await site.stopRelay();
    await site.startRelay();
    await speaksAgain(site);

    // All three at once, as after a power cut on that side.
    await site.stopClient();
    await site.stopConnector();
    await site.stopRelay();
    await site.startRelay();
    await site.startConnector();
    await site.startClient();
    const flow = await site.open('lasting');
    await flow.speak();
    assert.equal(await site.outcome('urgent'), 'out-of-contact');
    for (const part of ['client', 'connector', 'relay'] as const) assertClosed(site.folder(part));

    site.advance(awayMs + 60 * minuteMs - 2_000 - site.now());
    await flow.speak();
    assert.equal(await endOf(flow), 'out-of-contact');
    assert.equal(await site.outcome('lasting'), 'out-of-contact');
  });

  test('REL-3, REL-18: a clock that is set back an hour while it is away prolongs nothing, also over a restart', async (t) => {
    const site = await OutageSite.start(t);
    await site.stopController();
    site.advance(60 * minuteMs - 4_000);
    const flow = await site.open('lasting');
    await flow.speak();
    site.advance(-50 * minuteMs);
    await flow.speak();
    assert.equal(await endOf(flow), 'out-of-contact');
    assert.equal(await site.outcome('lasting'), 'out-of-contact');
    await site.stopConnector();
    await site.stopRelay();
    await site.startRelay();
    await site.startConnector({ isAttached: false });
    assert.equal(await site.outcome('lasting'), 'out-of-contact');
  });
});

/** Everything that is kept is for its owner alone, and nothing half written lies about. */
function assertClosed(folder: string): void {
  assert.equal(statSync(folder).mode & 0o777, 0o700, folder);
  const files = readdirSync(folder, { withFileTypes: true });
  assert.ok(files.length >= 3, folder);
  for (const { name } of files) {
    const place = join(folder, name);
    assert.equal(statSync(place).mode & 0o777, 0o600, place);
    assert.ok(!name.endsWith('.new'), place);
  }
}

async function speaksAgain(site: OutageSite): Promise<void> {
  const flow = await eventually('a flow', () => site.open('lasting').catch(() => undefined), {
    timeoutMs: 20_000,
  });
  await flow.speak();
}

suite('the connector is cut off from the controller', () => {
  test('REL-6: a right that was taken away meanwhile ends with the outage of its resource, and at once when the link is back', async (t) => {
    const site = await OutageSite.start(t);
    const flows = await openAll(site);
    site.paths.connector.pause();
    // A device that does not want to know either.
    site.paths.client.pause();
    const cutMs = site.now();
    const at = (ms: number): void => site.advance(cutMs + ms - site.now());
    await site.apply((document) => {
      document.policies = [];
    });
    at(5_000);
    for (const name of names) await flows[name].speak();
    at(15_001);
    assert.equal(await endOf(flows.urgent), 'out-of-contact');
    at(5 * minuteMs + 1);
    assert.equal(await endOf(flows.brief), 'out-of-contact');
    await goesOn(flows.lasting);
    assert.equal(await site.outcome('lasting'), 'open', 'said openly: cutting the link stretches the right');

    site.paths.connector.resume();
    assert.equal(await endOf(flows.lasting), 'revoked');
    assert.equal(await site.outcome('lasting'), 'revoked');
    assert.equal(await endOf(flows.timed), 'revoked');
  });

  test('REL-6: what the connector knew to be revoked stays revoked over its restart, cut off or not', async (t) => {
    const site = await OutageSite.start(t);
    await site.stopClient();
    site.copy('client', 'aside');
    await site.startClient();
    const flow = await site.open('lasting');
    await flow.speak();
    await site.apply((document) => {
      document.policies = (document.policies ?? []).filter(({ name }) => name !== 'ci-lasting');
    });
    assert.equal(await endOf(flow), 'revoked');
    site.paths.connector.pause();
    site.paths.client.pause();
    await site.stopConnector();
    await site.startConnector();
    // The device as it was before, with the grants that it had then.
    await site.stopClient();
    site.copy('client', 'back');
    await site.startClient();
    assert.equal(await site.outcome('lasting'), 'revoked');
    assert.equal(await site.outcome('brief'), 'open');
  });

  test('REL-6: in real time, a resource without outage ends fifteen seconds after the last beat', async (t) => {
    const site = await OutageSite.start(t);
    const flow = await site.open('urgent');
    const other = await site.open('lasting');
    site.paths.connector.pause();
    site.paths.client.pause();
    const cutMs = performance.now();
    await site.apply((document) => {
      document.policies = [];
    });
    await flow.speak();
    const code = await eventually('the end', () => flow.ended, { timeoutMs: 20_000, everyMs: 10 });
    const tookMs = performance.now() - cutMs;
    assert.equal(code, 'out-of-contact');
    t.diagnostic(`ended ${Math.round(tookMs)} ms after the link fell silent`);
    // The last beat came before the silence, and beats come every five seconds.
    assert.ok(tookMs > 5_000 && tookMs <= 15_500, `${tookMs} ms`);
    await other.speak();
  });
});

suite('the controller’s data is put back to an earlier state', () => {
  test('REL-6: what was revoked since stays refused, nothing lasts longer than without contact, and the operator is told', async (t) => {
    const site = await OutageSite.start(t);
    await site.stopController();
    site.copy('controller', 'aside');
    await site.startController();
    await eventually('contact', () => (site.connector.status().state === 'ready' ? true : undefined));
    const flow = await site.open('lasting');
    const brief = await site.open('brief');
    await site.apply((document) => {
      document.policies = (document.policies ?? []).filter(({ name }) => name !== 'ci-lasting');
    });
    assert.equal(await endOf(flow), 'revoked');
    await brief.speak();

    await site.stopController();
    site.copy('controller', 'back');
    await site.startController();
    const fault = await eventually(
      'the connector says what is wrong',
      () => {
        const { controller, state } = site.connector.status();
        return controller.connected && state === 'degraded' ? controller.fault : undefined;
      },
      { timeoutMs: 20_000 },
    );
    assert.match(fault, /data is older than what it said before, so its beats are ignored; put its newest/);
    const { entries } = (await site.call('GET', '/api/v1/audit?what=store.behind')) as {
      entries: { result: string; who: string }[];
    };
    assert.ok(entries.length > 0 && entries.every(({ result }) => result === 'failed'));
    assert.ok(site.log.some((line) => line.includes('the data of this controller is older')));

    // The document has the policy again: but the connector knows better, and so does a device that heard of the revocation.
    await eventually('a refusal by whoever knows better', async () => {
      const found = await site.outcome('lasting');
      assert.notEqual(found, 'open');
      const { alarms = [] } = site.client.status();
      return found === 'revoked' || alarms.some(({ name }) => name === 'older-epoch') ? true : undefined;
    });
    await brief.speak();
    site.advance(5 * minuteMs);
    assert.equal(await endOf(brief), 'out-of-contact');
    assert.equal(await site.outcome('urgent'), 'out-of-contact');
  });
});
