/** Lists are found, sorted and saved as files as they are shown, in a real Chromium; no cell of a sheet becomes a formula. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { appendAudit } from '../../controller/audit/append-audit.ts';
import { toCsv, toNdjson } from '../../web/src/ui/export-rows.ts';
import { startDashboard } from './support/dashboard.ts';

const dashboard = await startDashboard({ after });
const { portal } = dashboard;
const organisation = portal.context.organisation(portal.context.firstOrganisation);
const { page, complaints } = await dashboard.open();

const go = (path: string) => dashboard.go(page, path);

const inForce = async () => (await organisation.reader.current()).document;
const press = (name: string | RegExp) => page.getByRole('button', { name }).last().click();

test('a list is saved as CSV, in which nothing is a formula, and as NDJSON, as it is found and sorted', async () => {
  const rows = [
    { name: '=HYPERLINK("http://evil.example")', count: -1, on: true },
    { name: '+1', count: 2, on: false },
    { name: '-2', count: 3, on: false },
    { name: '@SUM(A1)', count: 4, on: false },
    { name: '\tx', count: 5, on: false },
    { name: '\rx', count: 6, on: false },
    { name: 'a "quoted", name\nof two lines', count: 7, on: false },
    { name: 'a=b', count: 8, on: false },
  ];
  assert.equal(
    toCsv(rows),
    [
      'name,count,on',
      `"'=HYPERLINK(""http://evil.example"")",-1,true`,
      "'+1,2,false",
      "'-2,3,false",
      "'@SUM(A1),4,false",
      "'\tx,5,false",
      `"'\rx",6,false`,
      '"a ""quoted"", name\nof two lines",7,false',
      'a=b,8,false',
      '',
    ].join('\r\n'),
  );
  assert.deepEqual(
    toNdjson(rows)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    rows,
  );
  await organisation.store.update('people').set({ name: '=1+1' }).where('subject', '=', 'person1').execute();
  await go('/admin/people?q=person&sort=name&dir=desc');
  await page.getByText('10 of 11 people').waitFor();
  const saved = async (as: string): Promise<string> => {
    await press('Save people as a file');
    const [download] = await Promise.all([page.waitForEvent('download'), press(as)]);
    return readFile(await download.path(), 'utf8');
  };
  const csv = (await saved('CSV, for sheets')).split('\r\n');
  assert.equal(csv[0], 'name,groups,provider,sessions,signedIn');
  assert.equal(csv.length, 12);
  assert.ok(csv.some((line) => line.startsWith("'=1+1 person1@acme.example,")));
  const ndjson = (await saved('NDJSON, for programs')).trimEnd().split('\n');
  assert.equal(ndjson.length, 10);
  const first = ndjson.map((line) => (JSON.parse(line) as { name: string }).name);
  assert.deepEqual(
    first,
    first.toSorted((a, b) => new Intl.Collator(undefined, { numeric: true }).compare(b, a)),
  );
});

test('policies, groups, profiles, revisions and the log are found, sorted and saved like every other list', async () => {
  const saved = async (...buttons: string[]): Promise<string[]> => {
    for (const name of buttons.slice(0, -1)) await press(name);
    const [download] = await Promise.all([page.waitForEvent('download'), press(buttons.at(-1) ?? '')]);
    return (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
  };
  const document = await inForce();
  const csv = 'CSV, for sheets';
  await go('/admin/policies?sort=name&dir=desc&effect=allow');
  const allows = (document.policies ?? []).filter(({ allow }) => allow !== undefined);
  await page
    .getByText(`${allows.length} of ${document.policies?.length ?? 0} policies`, { exact: true })
    .waitFor();
  const policies = await saved('Save policies as a file', csv);
  assert.equal(policies[0], 'name,effect,who,to,doors,when,until');
  assert.deepEqual(
    policies.slice(1).map((line) => line.split(',')[0]),
    allows.map(({ name }) => name).toSorted((a, b) => b.localeCompare(a)),
  );
  await page.getByLabel('Order').selectOption('name');
  await page.waitForURL(/sort=name(?!.*dir=)/);

  await go('/admin/people?tab=groups&sort=people&dir=desc');
  const groups = await saved('Save groups as a file', csv);
  assert.equal(groups[0], 'name,people,policies');
  const counts = groups.slice(1).map((line) => Number(line.split(',')[1]));
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => b - a),
  );
  await go('/admin/posture?q=healthy');
  assert.equal((await saved('Save profiles as a file', csv))[1]?.startsWith('healthy,'), true);
  await go('/admin/history?sort=number');
  const revisions = await saved('Save revisions as a file', csv);
  assert.equal(revisions[1]?.split(',')[0], '1');

  await appendAudit(organisation.store, [
    { atMs: portal.context.now(), who: '=cmd()', what: 'session.end', result: 'done', detail: {} },
  ]);
  await go('/admin/log?kind=session.end');
  const log = await saved('Save as CSV');
  assert.equal(log[0], 'seq,time,who,what,resource,result,reasons,detail');
  assert.ok(log.some((line) => line.includes(",'=cmd(),session.end,")));
});

test('nothing went wrong in the browser meanwhile', () => {
  assert.deepEqual(complaints, []);
});
