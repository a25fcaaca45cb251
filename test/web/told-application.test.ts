/** What the page of a resource says its application is told: true to what the web door sends, and programs that the document has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { identityHeaders } from '../../connector/web/identity-headers.ts';
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import type { Right } from '../../connector/flows/right.ts';
import { toldOf } from '../../web/src/admin/resources/told-text.ts';
import { axeFindings, startDashboard } from './support/dashboard.ts';

const headers = { 'X-Webauth-User': '{{email}}', Authorization: 'Bearer {{jwt}}' };
const person = { id: 'usr_1', name: 'Alice Adeyemi', email: 'alice@acme.example', groups: ['sre', 'staff'] };
const web = { hostname: 'wiki.acme.example', origin: 'http://wiki.acme.internal:80', headers };

test('the headers are those that the connector adds, with the same values', () => {
  const told = toldOf({ person }, web, 'res_1', 1_000_000);
  const right = { sub: person.id, who: person, door: 'web' } as unknown as Right;
  const sent = identityHeaders({ headers } as unknown as ConnectorWeb, right, 'eyJhbGciOiJFUzI1NiIs...');
  const shown = told.headers.split('\n').map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
  assert.deepEqual(shown.toSorted(), sent.map(([name, value]) => `${name}: ${value}`).toSorted());
  assert.match(
    told.assertion,
    /"iss": "https:\/\/wiki\.acme\.example",\n {2}"aud": "res_1",\n {2}"sub": "usr_1"/,
  );
  assert.match(told.assertion, /"iat": 1000,\n {2}"exp": 1300/);
  assert.equal(toldOf({ person }, { ...web, audience: 'the-wiki' }, 'res_1', 0).audience, 'the-wiki');
});

test('each program is the one of docs/identity.md, which is run there', () => {
  const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const page = text('docs/identity.md');
  for (const [language, name] of [
    ['js', 'node'],
    ['python', 'python'],
    ['nginx', 'nginx'],
  ])
    assert.ok(
      page.includes(`\`\`\`${language}\n${text(`web/src/admin/resources/samples/${name}.txt`)}\`\`\`\n`),
      name,
    );
});

test('the page of a resource with a public hostname shows them, as if one opened it oneself', async (t) => {
  const dashboard = await startDashboard({ after: (done) => t.after(done) });
  const { page, complaints } = await dashboard.open();
  await page.goto(dashboard.url('/admin/resources/wiki'));
  const told = page.getByRole('region', { name: 'What the application is told of people' });
  await told.getByText('Remote-User: alice@acme.example').waitFor();
  await told.getByText('"typ": "postern-assertion+jwt"').waitFor();
  await told.getByRole('tab', { name: 'Python' }).click();
  await told.getByText('PUBLIC_HOST=wiki.acme.example').waitFor();
  await told.getByText(/AUDIENCE=res_/).waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.goto(dashboard.url('/admin/resources/databases'));
  await page.getByRole('heading', { name: 'Whether it answers' }).waitFor();
  assert.equal(await told.count(), 0);
  assert.deepEqual(complaints, []);
});
