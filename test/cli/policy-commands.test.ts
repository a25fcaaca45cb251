/** plan, apply --from, and the policy commands as a person types them, against a controller that runs. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { StartedController } from '../controller/support/started-controller.ts';
import { runPostern, type Ended } from './support/program.ts';

const folder = await mkdtemp(join(tmpdir(), 'postern-policy-'));
after(() => rm(folder, { recursive: true }));
const controller = await StartedController.start({ after }, { tls: false });
const env = {
  POSTERN_CONTROLLER: `http://127.0.0.1:${controller.url.port}`,
  POSTERN_TOKEN: controller.admin,
  CORP_SECRET: 'a secret of the provider',
};

const file = (policies: string, tests = ''): string => `organisation: acme
zones: [acme.internal]
groups: [staff, sre]
identityProviders:
  - { name: corp, issuer: "https://idp.acme.example", clientId: postern, clientSecret: { env: CORP_SECRET } }
networks: [{ name: hq }]
serviceAccounts: [{ name: ci }]
resources:
  - { name: wiki, network: hq, address: wiki.acme.internal, ports: [tcp/80], tags: [staging] }
  - { name: db, network: hq, address: db.acme.internal, ports: [tcp/5432], tags: [prod] }
policies:
  - { name: ci-db, allow: { serviceAccounts: [ci] }, to: { tags: [prod] }, doors: [client] }
${policies}
${tests}`;
const open = file('  - { name: staff-wiki, allow: { groups: [staff] }, to: { resources: [wiki] } }');
const closed = file(
  '  - { name: sre-wiki, allow: { groups: [sre] }, to: { resources: [wiki] }, when: { mfa: 12h } }',
);

function postern(args: string[], input = ''): Promise<Ended> {
  return runPostern(args, { env, input });
}

test('plan shows in words and as JSON who loses and gains what, and the next command carries its revision', async () => {
  const first = await postern(['apply', '-f', '-'], open);
  assert.equal(first.exit, 0, first.stderr);
  await controller.cookie();
  const { exit, stdout, stderr } = await postern(['plan', '-f', '-'], closed);
  assert.equal(exit, 0, stderr);
  for (const line of [
    /^ {2}created {2}policy {2}sre-wiki$/m,
    /^ {2}removed {2}policy {2}staff-wiki$/m,
    /^Loses now\n {2}alice@acme\.example {2}wiki {2}browser +by staff-wiki$/m,
    /^Could not have it any more, signed in or not\n {2}alice@acme\.example {2}wiki {2}client +by staff-wiki$/m,
    /^ {2}anyone of sre {2}wiki {2}client, browser {2}takes mfa {2}by sre-wiki$/m,
  ])
    assert.match(stdout, line);
  const next = /Nothing was changed\. Next: postern apply -f - --from (\d+)/.exec(stderr)?.[1];
  assert.ok(next !== undefined, stderr);

  const json = await postern(['plan', '-f', '-', '--json'], closed);
  const plan = JSON.parse(json.stdout) as { schema: string; revision: number; access: { change: string }[] };
  assert.deepEqual([plan.schema, String(plan.revision)], ['postern.plan/v1', next]);
  assert.deepEqual(
    plan.access.map(({ change }) => change),
    ['loses', 'loses', 'gains'],
  );
  assert.equal(json.stderr, '');

  // Somebody else is faster: what was planned from is no longer in force.
  assert.equal((await postern(['apply', '-f', '-', '--from', next], closed)).exit, 0);
  const late = await postern(['apply', '-f', '-', '--from', next], open);
  assert.equal(late.exit, 2);
  assert.match(late.stderr, new RegExp(`is in force, not ${next}: somebody else changed the document`));
});

test('a plan whose tests fail ends with 2 and names the place, the policy and the condition', async () => {
  const failing = `${closed}tests:\n  - { user: sue@acme.example, groups: [sre], can: [wiki] }\n`;
  const text = await postern(['plan', '-f', '-'], failing);
  assert.equal(text.exit, 2);
  const place =
    /^ {2}-:\d+:\d+ this test fails: sue@acme\.example of sre cannot use "wiki" by the client; sre-wiki mfa: mfa-unknown$/m;
  assert.match(text.stdout, place);
  const json = await postern(['plan', '-f', '-', '--json'], failing);
  assert.equal(json.exit, 2);
  const { tests } = JSON.parse(json.stdout) as { tests: { passed: number; failed: { index: number }[] } };
  assert.deepEqual([tests.passed, tests.failed.map(({ index }) => index)], [0, [0]]);
});

test('history, show and rollback tell what happened, and put back what was', async () => {
  const listed = await postern(['policy', 'history', '--json']);
  const { schema, revisions } = JSON.parse(listed.stdout) as {
    schema: string;
    revisions: { revision: number; changes: number }[];
  };
  assert.equal(schema, 'postern.policy-history/v1');
  const [newest, previous] = revisions;
  assert.ok(newest !== undefined && previous !== undefined);
  const text = await postern(['policy', 'history', '--last', '1']);
  assert.match(text.stdout, new RegExp(`^${newest.revision}  \\d{4}-\\S+Z  2 changes  token tok_\\w+\\n$`));
  assert.match(text.stderr, new RegExp(`postern policy show ${newest.revision}`));

  const shown = await postern(['policy', 'show', String(newest.revision)]);
  assert.match(
    shown.stdout,
    /created policy sre-wiki\n {2}\+ name: sre-wiki\n {2}\+ allow: \{ groups: \[ sre \] \}/,
  );
  assert.match(shown.stdout, /removed policy staff-wiki\n {2}- name: staff-wiki\n/);
  const json = await postern(['policy', 'show', String(newest.revision), '--json']);
  assert.equal((JSON.parse(json.stdout) as { schema: string }).schema, 'postern.policy-revision/v1');

  // The whole document of a revision is a file that apply takes.
  const document = await postern(['policy', 'show', String(newest.revision), '--document']);
  const again = await runPostern(['apply', '-f', '-', '--json'], {
    env: { ...env, CORP_CLIENT_SECRET: env.CORP_SECRET },
    input: document.stdout,
  });
  assert.deepEqual((JSON.parse(again.stdout) as { changes: unknown[] }).changes, []);

  const back = await postern(['policy', 'rollback', String(previous.revision)]);
  assert.equal(back.exit, 0, back.stderr);
  assert.match(back.stdout, /created {2}policy {2}staff-wiki\nremoved {2}policy {2}sre-wiki/);
  assert.match(
    back.stderr,
    new RegExp(
      `2 changes in force, as revision ${newest.revision + 1}, which says what revision ${previous.revision} said`,
    ),
  );
  const unchanged = await postern(['apply', '-f', '-'], open);
  assert.match(unchanged.stderr, /Nothing changed\./);
  const same = await postern(['policy', 'rollback', String(previous.revision), '--json']);
  assert.deepEqual(JSON.parse(same.stdout), {
    schema: 'postern.policy-rollback/v1',
    changes: [],
    revision: newest.revision + 1,
  });
});

test('policy test needs neither a controller nor secrets', async () => {
  const path = join(folder, 'postern.yaml');
  const tests = 'tests:\n  - { user: a@acme.example, groups: [staff], can: [wiki], cannot: [db] }\n';
  await writeFile(path, open + tests);
  const passed = await runPostern(['policy', 'test'], { cwd: folder });
  assert.equal(passed.exit, 0, passed.stderr);
  assert.equal(passed.stdout, 'passed  a@acme.example of staff  can wiki; cannot db\n');
  assert.match(passed.stderr, /1 test passed, 0 failed/);
  await writeFile(path, open + tests.replace('cannot: [db]', 'cannot: [wiki]'));
  const failed = await runPostern(['policy', 'test', '--json'], { cwd: folder });
  assert.equal(failed.exit, 2);
  const result = JSON.parse(failed.stdout) as { schema: string; passed: number; failed: { index: number }[] };
  assert.deepEqual([result.schema, result.passed, result.failed.length], ['postern.policy-test/v1', 0, 1]);
  await writeFile(path, open);
  const none = await runPostern(['policy', 'test'], { cwd: folder });
  assert.equal(none.exit, 0);
  assert.match(none.stderr, /postern\.yaml has no tests; add some under tests:/);
});
