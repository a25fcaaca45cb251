/** REL-16: what the web door remembers on a disk that takes nothing, and how often it writes on one that does. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Assertions } from '../../connector/web/assertion.ts';
import { WebSessions } from '../../connector/web/web-sessions.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { newSigningKey } from '../../protocol/keys.ts';
import { Lease } from '../../protocol/lease.ts';
import type { Name } from '../../protocol/names.ts';
import { openStateDirectory, type StateDirectory } from '../../protocol/node/state-directory.ts';
import { tokenSigner } from '../../protocol/tokens.ts';
import { signWebSession } from '../../protocol/web.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { sampleCard } from '../support/sample-card.ts';

const id = <K extends 'tok' | 'org' | 'net' | 'res' | 'usr' | 'ses'>(kind: K) =>
  newId(kind, systemRandom(16));

function stateOf(t: TestContext): StateDirectory {
  const folder = mkdtempSync(join(tmpdir(), 'postern-web-kept-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return openStateDirectory(folder);
}

test('REL-16 web sessions are written every ten seconds and at the end, and again once the disk takes them', async (t) => {
  const state = stateOf(t);
  let nowMs = 1_800_000_000_000;
  let monotonicMs = 0;
  const pass = (ms: number): void => {
    nowMs += ms;
    monotonicMs += ms;
  };
  const signer = await tokenSigner(newSigningKey());
  const nowS = nowMs / 1_000;
  const card = sampleCard(signer, nowS);
  const network = id('net');
  const token = (): Promise<string> =>
    signWebSession(signer, {
      iss: card.iss,
      aud: 'wiki.acme.example' as Name,
      jti: id('tok'),
      org: id('org'),
      net: network,
      res: id('res'),
      sub: id('usr'),
      ses: id('ses'),
      ch: 'c'.repeat(43),
      who: { name: 'Alice', groups: ['staff'] },
      amr: ['pwd'],
      cav: { until: nowS + 600, out: 3_600 },
      iat: nowS,
      exp: nowS + 600,
    });
  let alarms = 0;
  const sessions = new WebSessions({
    state,
    lease: new Lease(
      () => nowMs,
      undefined,
      () => monotonicMs,
    ),
    card: () => card,
    network: () => network,
    refused: () => assert.fail('refused'),
    notKept: () => (alarms += 1),
  });
  const written = (): number => ((state.readJson('web-sessions.json') as string[] | undefined) ?? []).length;
  await sessions.take([await token()]);
  sessions.tidy();
  assert.equal(written(), 1);
  await sessions.take([await token()]);
  pass(9_999);
  sessions.tidy();
  assert.equal(written(), 1);
  pass(1);
  sessions.tidy();
  assert.equal(written(), 2);

  const blocked = join(state.path, '.web-sessions.json.new');
  mkdirSync(blocked);
  await sessions.take([await token()]);
  pass(10_000);
  sessions.tidy();
  assert.equal(alarms, 1);
  sessions.tidy();
  assert.equal(alarms, 1);
  rmdirSync(blocked);
  pass(10_000);
  sessions.tidy();
  assert.equal(written(), 3);
  await sessions.take([await token()]);
  sessions.tidy(true);
  assert.equal(written(), 4);
});

test('REL-16 a connector that cannot write its assertion key down signs with it all the same', async (t) => {
  const state = stateOf(t);
  mkdirSync(join(state.path, '.assertion-keys.json.new'));
  let alarms = 0;
  const assertions = await Assertions.open({
    state,
    clock: new VirtualClock(),
    nowMs: () => 1,
    random: systemRandom,
    replaced: () => undefined,
    notKept: () => (alarms += 1),
  });
  assert.equal(alarms, 1);
  assert.equal(assertions.jwks.length, 1);
  assertions.close();
});
