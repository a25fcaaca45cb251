/**
 * A person's open flow under an approved request ends with it: within a second of its expiry, and of the approval that is taken
 * back. Real controller, relay, connector and client over real sockets; only the time of day is moved.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { startClient } from '../../client/client.ts';
import { recordSignIn } from '../../controller/login/record-sign-in.ts';
import { toFault } from '../../protocol/errors.ts';
import { encodeKey } from '../../protocol/keys.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { eventually } from '../support/eventually.ts';
import { OutageSite } from '../support/outage/outage-site.ts';

const issuer = 'https://idp.acme.example';
const secondMs = 1_000;

interface Alice {
  /** Opens a flow to the resource now, or rejects. */
  readonly dial: () => Promise<Duplex>;
  /** A request that is approved for so long; its id, and when it ends. */
  readonly approved: (life: string) => Promise<{ readonly id: string; readonly untilMs: number }>;
  /** A flow to the resource, once she may: how it ended, and when. */
  readonly open: () => Promise<Flow>;
}

interface Flow {
  readonly stream: Duplex;
  readonly ended: { readonly code: string; readonly atMs: number } | undefined;
  speak(): Promise<void>;
}

async function alice(t: TestContext, site: OutageSite): Promise<Alice> {
  let port = 0;
  await site.apply((document) => {
    document.groups = ['staff', 'leads'];
    document.identityProviders = [
      { name: 'corp', issuer, clientId: 'postern', clientSecret: 'secret', groupsClaim: 'groups' },
    ];
    document.requests = [
      {
        name: 'for-a-while',
        who: { groups: ['staff'] },
        to: { resources: ['lasting'] },
        approvers: { groups: ['leads'] },
        longest: '8h',
      },
    ];
    port = Number(/\d+/.exec(document.resources?.[0]?.ports?.[0] ?? '')?.[0]);
  });
  const { app, context } = site.controller;
  const { cookie } = await recordSignIn(context, context.organisation(context.firstOrganisation), {
    issuer,
    provider: 'corp',
    identity: {
      subject: 'alice',
      name: 'alice',
      email: 'alice@acme.example',
      groups: ['staff'],
      authMs: site.now(),
      amr: ['pwd'],
    },
    address: '127.0.0.1',
  });
  const call = async (path: string, payload: object): Promise<{ readonly id?: string }> => {
    const answer = await app.inject({
      method: 'POST',
      url: `/api/v1/me/${path}`,
      headers: {
        cookie: `postern-session=${cookie}`,
        origin: context.publicUrl.origin,
        'sec-fetch-site': 'same-origin',
      },
      payload,
    });
    assert.ok(answer.statusCode < 300, `${path}: ${answer.body}`);
    return answer.json();
  };
  const folder = mkdtempSync(join(tmpdir(), 'postern-request-ends-'));
  t.after(async () => rmSync(folder, { recursive: true, force: true }));
  const state = openStateDirectory(join(folder, 'laptop'));
  const root = encodeKey(context.keys.root.key.publicKey);
  openIdentity(state).enrol({ schema: 'postern.enrolment/v1', url: context.publicUrl.origin, root });
  const code = Promise.withResolvers<string>();
  const client = await startClient({
    state,
    browser: false,
    uids: [],
    onEvent: (event) => {
      if (event.kind === 'prompt' && event.prompt.kind === 'code') code.resolve(event.prompt.userCode);
    },
    wallClock: site.now,
  });
  t.after(() => client.stop());
  await call('logins/approve', { code: await code.promise });
  await client.ready;
  const dial = (): Promise<Duplex> => client.open({ host: 'lasting.acme.internal', port });
  return {
    dial,
    async approved(life) {
      const asked = { resource: 'lasting', for: life, reason: 'Restore the backup' };
      const { id = '' } = await call('requests', asked);
      await site.call('POST', `/api/v1/requests/${id}/approve`, {});
      const list = (await site.call('GET', '/api/v1/requests')) as {
        requests: { id: string; until?: string }[];
      };
      const until = list.requests.find((each) => each.id === id)?.until;
      assert.ok(until !== undefined);
      return { id, untilMs: Date.parse(until) };
    },
    async open() {
      const stream = await eventually('a flow', () => dial().catch(() => undefined));
      return flowOf(stream, site);
    },
  };
}

function flowOf(stream: Duplex, site: OutageSite): Flow {
  let ended: Flow['ended'];
  let heard = '';
  stream.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  stream.on('error', (error) => (ended = { code: toFault(error).code, atMs: site.now() }));
  stream.on('close', () => (ended ??= { code: 'end', atMs: site.now() }));
  return {
    stream,
    get ended() {
      return ended;
    },
    async speak() {
      heard = '';
      stream.write('word');
      await eventually('an echo', () => (heard === 'word' ? true : undefined), { everyMs: 5 });
    },
  };
}

test('a flow under a request that was approved for a while is cut within a second of its end', async (t) => {
  const site = await OutageSite.start(t);
  const { approved, open, dial } = await alice(t, site);
  // Less than the connector may go without hearing from its controller, which it does not while the clock is moved.
  const { untilMs } = await approved('30m');
  const flow = await open();
  await flow.speak();
  site.advance(untilMs - 2 * secondMs - site.now());
  await flow.speak();
  assert.equal(flow.ended, undefined);
  const { code, atMs } = await eventually('the end', () => flow.ended, { everyMs: 5 });
  assert.equal(code, 'expired');
  // What is signed says its end in whole seconds, never later than it was approved for.
  assert.ok(Math.abs(atMs - untilMs) < secondMs, `${atMs - untilMs} ms after its end`);
  await assert.rejects(dial(), 'nothing more opens under it');
});

test('a flow is cut within a second of its request’s approval being taken back, and what others have goes on', async (t) => {
  const site = await OutageSite.start(t);
  const { approved, open } = await alice(t, site);
  const { id } = await approved('2h');
  const flow = await open();
  await flow.speak();
  const others = await site.open('lasting');
  const takenMs = site.now();
  await site.call('POST', `/api/v1/requests/${id}/withdraw`);
  const { code, atMs } = await eventually('the end', () => flow.ended, { everyMs: 5 });
  assert.equal(code, 'revoked');
  assert.ok(atMs - takenMs < secondMs, `${atMs - takenMs} ms after it was taken back`);
  await others.speak();
});
