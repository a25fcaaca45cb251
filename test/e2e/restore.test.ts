/**
 * The controller is lost and comes back from a backup that was taken while it worked: connectors, relays and services return
 * by themselves, and nothing that happened since works in anybody's favour.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { restoreBackup } from '../../controller/backup/restore-backup.ts';
import { writeBackup } from '../../controller/backup/write-backup.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { eventually } from '../support/eventually.ts';
import { OutageSite, type EchoFlow, type ResourceName } from '../support/outage/outage-site.ts';

const without = (name: string) => (document: OrganisationDocument) => {
  document.policies = (document.policies ?? []).filter((policy) => policy.name !== name);
};
const storeOf = ({ controller: { context } }: OutageSite) =>
  context.organisation(context.firstOrganisation).store;
const openSessions = async (site: OutageSite): Promise<string[]> => {
  const open = storeOf(site).select('sessions').select('id').where('ended_ms', 'is', null);
  return (await open.execute()).map(({ id }) => id);
};
const becomes = (site: OutageSite, resource: ResourceName, wanted: string) =>
  eventually(
    `${resource} ${wanted}`,
    async () => ((await site.outcome(resource)) === wanted ? true : undefined),
    { timeoutMs: 20_000 },
  );
const ended = (flow: EchoFlow) => eventually('the end of a flow', () => flow.ended, { timeoutMs: 20_000 });

suite('REL-17: a controller is restored from its backup', () => {
  test('REL-17: nodes reconnect, tokens from before and since count no more, a key that was used is used up, and epochs go on', async (t) => {
    const site = await OutageSite.start(t);
    const folder = await mkdtemp(join(tmpdir(), 'postern-backup-'));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'postern.backup');
    // While it is at work: whatever commits before or after, it is one instant.
    await site.apply(without('ci-brief'));
    const load = Promise.all(Array.from({ length: 10 }, () => site.apply(without('ci-brief'))));
    const source = {
      directory: site.folder('controller'),
      url: undefined,
      secretKey: join(site.folder('controller'), 'secret.key'),
    };
    await writeBackup(source, path, { madeMs: site.now(), version: 'test' });
    await load;

    // Since then: a right is given, another is taken away, and the epoch grows.
    await site.apply(without('ci-lasting'));
    await becomes(site, 'brief', 'open');
    const given = await site.open('brief');
    await given.speak();
    const kept = await site.open('timed');
    await kept.speak();
    await becomes(site, 'lasting', 'denied');
    const epochBefore = await storeOf(site).epoch();
    const [session, ...others] = await openSessions(site);
    assert.ok(session !== undefined && others.length === 0);

    // The device does not hear of it: what ends its flows is the connector.
    site.paths.client.pause();
    await site.stopController();
    await rm(site.folder('controller'), { recursive: true });
    const restored = await restoreBackup({
      path,
      directory: site.folder('controller'),
      keepsSessions: false,
      now: site.now,
      random: systemRandom,
    });
    assert.equal(restored.sessions, 0);
    assert.equal(restored.apiTokens, 1);
    await site.startController();

    // What the lost controller signed ends, whatever the records now know of it: all that the connector carries, and the
    // ways by the relay. Whichever of the two hears of it first, the device has its flows ended by word of the connector,
    // or by the news that it is gone from there.
    const isCut = (): true | undefined => (site.connector.status().streams === 0 ? true : undefined);
    await eventually('the end of all that the connector carries', isCut, { timeoutMs: 20_000 });
    assert.ok(
      site.log.some((line) => line.includes('"session ended"') && line.includes('"code":"revoked"')),
      'as revoked, not for want of a beat',
    );
    site.paths.client.resume();
    for (const flow of [given, kept]) assert.match(await ended(flow), /^(revoked|connector-lost)$/u);
    // The service signs in again with its key, the connector and the relay need nobody.
    await becomes(site, 'timed', 'open');
    assert.equal(await site.outcome('brief'), 'denied');
    assert.ok((await storeOf(site).epoch()) > epochBefore, 'verifiers know the older ones');
    assert.equal(site.connector.status().state, 'ready');
    assert.ok(!(await openSessions(site)).includes(session), 'the session of before has ended');
    const keys = await storeOf(site).select('enrolment_keys').select('purpose').execute();
    assert.deepEqual(
      keys.map(({ purpose }) => purpose),
      ['service'],
      'one-time keys may have been used since',
    );
    const { entries } = (await site.call('GET', '/api/v1/audit?what=store.restore')) as {
      entries: unknown[];
    };
    assert.equal(entries.length, 1);
    const behind = (await site.call('GET', '/api/v1/audit?what=store.behind')) as { entries: unknown[] };
    assert.deepEqual(behind.entries, []);
  });
});
