/** Data of earlier versions: each copy beside this file is opened by this version, with everything that was in it. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildApp } from '../../controller/api/app.ts';
import { clientSecretOf } from '../../controller/organisation/apply-document.ts';
import { revocationsAfter } from '../../controller/decisions/revocations.ts';
import { login } from '../../controller/login/login.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import { fromBase64Url } from '../../protocol/encoding.ts';
import { agreementKeyFrom, signingKeyFrom } from '../../protocol/keys.ts';
import { testController } from '../controller/support/controller.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { TestNode } from '../controller/support/node.ts';
import type { KeptStore } from './make.ts';

const here = import.meta.dirname;
const versions = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test('at least the first version’s data is kept', () => {
  assert.ok(versions.some(({ name }) => name === '0.1.0'));
});

for (const { name: version } of versions) {
  test(`the data of a controller ${version} opens: people, devices, policies, revocations, audit, tokens and keys`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'postern-kept-'));
    t.after(() => rm(directory, { recursive: true }));
    await cp(join(here, version), directory, { recursive: true });
    const kept = JSON.parse(await readFile(join(directory, 'kept.json'), 'utf8')) as KeptStore;
    const controller = await testController(t, { directory });
    const { context, attempts, time } = controller;
    time.ms = kept.madeMs + 60_000;
    const app = await buildApp({ context, ...login(context, attempts) });
    t.after(() => app.close());
    const get = async <T>(path: string): Promise<T> => {
      const headers = { authorization: `Bearer ${kept.apiToken}` };
      const answer = await app.inject({ url: `/api/v1/${path}`, headers });
      assert.equal(answer.statusCode, 200, `${path}: ${answer.body}`);
      return answer.json<T>();
    };

    const { document, revision } = await get<{ document: Record<string, unknown>; revision: number }>(
      'document',
    );
    assert.equal(revision, 1);
    assert.deepEqual(document['policies'], acmeDocument().policies);
    const [person] = await get<{ email: string; groups: string[] }[]>('people');
    assert.equal(person?.email, 'alice@acme.example');
    assert.deepEqual(person.groups, ['staff']);
    const [device] =
      await get<{ id: string; name: string; ownerName: string; approval: string }[]>('devices');
    assert.deepEqual(
      [device?.id, device?.name, device?.ownerName, device?.approval],
      [kept.device, 'ci-runner', 'ci', 'approved'],
    );
    assert.deepEqual(
      (await get<{ name: string }[]>('connectors')).map(({ name }) => name),
      ['hq-1'],
    );
    assert.equal((await get<unknown[]>('relays')).length, 1);
    assert.equal((await get<unknown[]>('enrolment-keys')).length, 3);
    const { entries } = await get<{ entries: { what: string; seq: number }[] }>('audit');
    for (const what of [
      'connector.enrol',
      'relay.enrol',
      'device.enrol',
      'key.create',
      'session.end',
      'sign-in',
    ])
      assert.ok(
        entries.some((entry) => entry.what === what),
        `the audit log lost ${what}`,
      );
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      entries.map((_, index) => index + 1),
    );

    const { store } = context.organisation(context.firstOrganisation);
    const revocations = await revocationsAfter(store, 0);
    assert.ok(revocations.some(({ ids }) => ids.includes(kept.endedSession)));
    assert.equal(await store.epoch(), Math.max(...revocations.map(({ epoch }) => epoch)));
    assert.equal(await clientSecretOf(store, context.secretKey, 'corp'), 'a secret of the provider');

    // A browser's session goes on, and a connector of that time is let in and told what was revoked.
    const me = await app.inject({
      url: '/api/v1/me',
      headers: { cookie: `__Host-postern-session=${kept.personSession}` },
    });
    assert.equal(me.statusCode, 200);
    const connector = new TestNode(controller, 'connector');
    const key = (text: string): Buffer => fromBase64Url(text) ?? Buffer.alloc(0);
    Object.assign(connector, {
      id: kept.connector.id,
      machineKey: signingKeyFrom(key(kept.connector.machineKey)),
      nodeKey: agreementKeyFrom(key(kept.connector.nodeKey)),
    });
    await connector.hello();
    assert.equal((connector.snapshot as ConnectorSnapshot).network.name, 'hq');
    assert.ok(connector.last('snapshot')?.revoked.includes(kept.endedSession) === true);

    // And it can be changed.
    const changed = await app.inject({
      method: 'PUT',
      url: '/api/v1/document',
      headers: { authorization: `Bearer ${kept.apiToken}` },
      payload: { ...acmeDocument(), policies: [] },
    });
    assert.equal(changed.statusCode, 200, changed.body);
  });
}
