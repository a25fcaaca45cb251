/**
 * Conditions as people meet them: a country that the laptop leaves, a second factor that both doors ask for, a device pass that is
 * revoked while a program uses it. Every program is a process of its own in the lab, the provider and the browser real.
 */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser, signIn } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { Origin, withOrigin } from '../support/fleet/origin.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';
import { startWebApplication, webOrigin } from '../support/lab/web-application.ts';
import type { OrganisationFile } from '../support/organisation/acme-document.ts';
import { Client } from '../support/organisation/client.ts';
import { Organisation } from '../support/organisation/organisation.ts';
import { Person } from '../support/organisation/person.ts';
import { labSite } from '../support/organisation/site.ts';

const wiki = 'https://wiki.acme.example';
const boundMs = 1_000;

/** The origin from Germany alone; the wiki, at both doors, with a second factor of the last hour. */
function withConditions(document: OrganisationFile): OrganisationFile {
  const open = withOrigin(document);
  return {
    ...open,
    resources: (open.resources ?? []).map((resource) =>
      resource.name === 'wiki'
        ? { ...resource, web: { hostname: 'wiki.acme.example', origin: webOrigin } }
        : resource,
    ),
    policies: [
      ...(open.policies ?? []).filter(({ name }) => name !== 'staff-wiki'),
      {
        name: 'staff-wiki',
        allow: { groups: ['staff'] },
        to: { resources: ['wiki'] },
        doors: ['client', 'web'],
        when: { mfa: '1h' },
      },
      {
        name: 'from-germany',
        require: 'everyone',
        to: { resources: ['origin'] },
        when: { country: ['DE'] },
      },
    ],
  };
}

suite('conditions in the lab', () => {
  let lab: Lab;
  let origin: Origin;
  let organisation: Organisation;
  let browser: Browser;
  before(async () => {
    lab = await openLab();
    origin = await Origin.start(lab);
    await startWebApplication(lab);
    countries('DE');
    organisation = await Organisation.start(labSite(lab), {
      adapt: withConditions,
      controllerArgs: ['--countries', countriesFile()],
    });
    browser = await openBrowser(lab, { trusted: [organisation.caFile] });
  });
  after(async () => {
    await browser?.close();
    await lab?.close();
  });

  function countriesFile(): string {
    return join(lab.dir, 'countries.csv');
  }

  /** Says which country the laptop's network is in, as an operator does: a new file in the place of the old one. */
  function countries(laptop: string): void {
    const draft = `${countriesFile()}.new`;
    writeFileSync(draft, `network,country\n${lab.addresses.laptopNat}/32,${laptop}\n`);
    renameSync(draft, countriesFile());
  }

  function decisionOn(client: Client, resource: string, wanted: 'granted' | 'refused'): Promise<string[]> {
    return eventually(
      `${resource} ${wanted}`,
      async () => {
        const { decision, reasons } = await client.why(resource);
        return decision === wanted ? reasons.flatMap(({ met, name }) => (met ? [] : [name])) : undefined;
      },
      { timeoutMs: 15_000 },
    );
  }

  test('REL-6: a laptop whose address is in another country now loses its open connection, and why says so', async (context) => {
    const client = new Client(lab.laptop, 'travelling');
    client.up(['--key-file', await organisation.serviceKey('ci')]);
    await client.ready();
    await decisionOn(client, 'origin', 'granted');
    const program = lab.laptop.spawn('bash', [
      '-c',
      `exec 3<>/dev/tcp/${origin.host}/${origin.port}; echo idle country >&3; exec cat <&3`,
    ]);
    await eventually('the flow at the origin', () =>
      origin.open('country').length === 1 ? true : undefined,
    );
    countries('FR');
    await program.ended;
    const endedAt = origin.ends('country').get('country')?.endedAt ?? assert.fail('open at the origin');
    const [taken] = await eventually('the end in the log', async () => {
      const entries = (await organisation.audit('access.end')).filter(({ cause }) => cause === 'countries');
      return entries.length > 0 ? entries : undefined;
    });
    const cutMs = endedAt - Date.parse(taken?.time ?? '');
    context.diagnostic(`the origin saw its end ${cutMs} ms after the decision`);
    assert.ok(cutMs <= boundMs, `${cutMs} ms`);
    assert.deepEqual(await decisionOn(client, 'origin', 'refused'), ['country-not-listed']);
    const said = await client.run('why', 'origin');
    assert.match(said.stdout, /The country you are in is not one that this resource may be used from/);
    assert.ok(!/\b(DE|FR)\b|from-germany/.test(said.stdout), `nothing configured is told: ${said.stdout}`);
    const [record] = await eventually('the record of the cut', async () => {
      const entries = (await organisation.audit('flow.close')).filter(({ cause }) => cause === 'countries');
      return entries.length > 0 ? entries : undefined;
    });
    assert.deepEqual([record?.resource, record?.reasons], ['origin', ['revoked']]);
    await client.down();
  });

  test('a second factor is asked for at the provider, and both doors return to what was asked', async () => {
    const { provider } = organisation;
    const alice = await Person.at(browser, organisation, 'alice@acme.example');
    const client = new Client(lab.laptop, 'second-factor');
    await alice.upByBrowser(client);
    const before = await client.why('wiki');
    assert.deepEqual(
      before.reasons.flatMap(({ met, name }) => (met ? [] : [name])),
      ['mfa-missing'],
    );
    const curl = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', 'http://wiki.acme.internal/'];
    assert.notEqual((await lab.laptop.run('curl', curl)).code, 0);

    // At the web door a browser that is signed in with a password alone is sent to the provider by itself.
    const elsewhere = await Person.at(browser, organisation, alice.email);
    await elsewhere.read('/', 'What you may use');
    provider.setPerson(alice.email, { amr: ['pwd', 'otp', 'mfa'] });
    const page = await elsewhere.open(`${wiki}/?asked=this`);
    await signIn(page, provider, alice.email);
    await page.waitForURL(`${wiki}/?asked=this`);
    assert.equal(await page.textContent('h1'), 'Acme wiki');
    await page.close();
    await elsewhere.close();

    // At the client door it is the person who asks, and the device goes on as it was.
    await alice.stepUpByBrowser(client, 'wiki');
    assert.deepEqual(await decisionOn(client, 'wiki', 'granted'), []);
    const answered = await lab.laptop.run('curl', curl);
    assert.deepEqual([answered.code, answered.stdout], [0, '200']);
    await client.down();
    await alice.close();
  });

  test('REL-6: a program that uses a device pass is cut within a second of its revocation, and let in no more', async (context) => {
    const { provider } = organisation;
    provider.setPerson('alice@acme.example', { amr: ['pwd', 'otp', 'mfa'] });
    const alice = await Person.at(browser, organisation, 'alice@acme.example');
    await alice.read('/', 'What you may use');
    const page = await alice.open(organisation.url);
    const passes = page.getByRole('region', { name: 'Device passes' });
    await passes.getByRole('button', { name: 'Make one' }).click();
    await page.getByLabel('What it is for').fill('Calendar');
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByText('Copy it now').waitFor();
    const [user, password] = await passes.locator('code').allTextContents();
    await page.getByRole('button', { name: 'Done' }).click();
    const call = [
      ...['-sS', '--fail-with-body', '--cacert', organisation.caFile],
      ...['-u', `${user}:${password}`],
    ];
    const calendar = lab.laptop.spawn('curl', [...call, '-N', `${wiki}/events`], { name: 'calendar' });
    await calendar.waitFor(/^data: 2$/m);
    const revokedAt = Date.now();
    await page.getByRole('button', { name: 'Revoke Calendar' }).click();
    await calendar.ended;
    const cutMs = Date.now() - revokedAt;
    context.diagnostic(`ended ${cutMs} ms after the click`);
    assert.ok(cutMs <= boundMs, `${cutMs} ms`);
    const again = await lab.laptop.run('curl', [...call, `${wiki}/headers`]);
    assert.notEqual(again.code, 0);
    assert.match(again.stdout + again.stderr, /401/);
    await page.close();
    await alice.close();
  });
});
