/** My devices in a real Chromium: exactly what a device tells about itself, how it stands, and what would mend it. */
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { reportPosture } from '../../controller/posture/report.ts';
import type { PostureFacts } from '../../protocol/posture-facts.ts';
import { newId, type DeviceId } from '../../protocol/ids.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { deviceClaim, testPortal, type TestPortal } from '../login/support/portal.ts';
import { person, startProvider } from '../login/support/provider.ts';
import { freePort } from '../support/servers/free-port.ts';
import { launchBrowser, noSidewaysScroll, signInAtCorp } from './support/portal-pages.ts';

const email = 'alice@acme.example';
const alice = person('a1', ['staff']);
const publicUrl = new URL(`http://postern.localhost:${await freePort()}`);
const corp = await startProvider({ after }, 'corp', publicUrl, { [email]: alice });
const browser = await launchBrowser({ after });

const document = {
  ...acmeDocument(),
  identityProviders: [corp.document],
  postureProfiles: [
    {
      name: 'healthy',
      linux: { minVersion: '5.10', diskEncryption: true, firewall: true, screenLock: '10m' },
      macos: { diskEncryption: true },
    },
  ],
} as const;

async function open(t: TestContext, width: number, colorScheme: 'light' | 'dark') {
  const portal = await testPortal(t, [corp], publicUrl);
  await portal.apply(structuredClone(document) as never);
  await portal.app.listen({ host: '127.0.0.1', port: Number(publicUrl.port) });
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    ignoreHTTPSErrors: true,
  });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(publicUrl.href);
  await signInAtCorp(page, publicUrl, { email, password: alice.password });
  return { portal, page };
}

/** A device of the person who has signed in, which has told these facts. */
async function device(portal: TestPortal, name: string, facts: PostureFacts): Promise<void> {
  const { context } = portal;
  const { store } = context.organisation(context.firstOrganisation);
  const { id: owner } = await store.select('people').select('id').executeTakeFirstOrThrow();
  const { boot: _boot, ...claim } = deviceClaim({ name });
  const id = newId('dev', context.random(16)) as DeviceId;
  const at = { created_ms: context.now(), seen_ms: context.now() };
  const rest = { network: null, url: null, posture: null, posture_ms: null, received_seq: 0 };
  await store
    .insert('nodes', {
      ...claim,
      ...at,
      ...rest,
      id,
      kind: 'device',
      owner,
      approval: 'approved',
      state: 'active',
    })
    .execute();
  await reportPosture(context, context.firstOrganisation, id, facts);
}

async function told(page: Page, name: string): Promise<string> {
  const row = page.getByRole('listitem').filter({ hasText: name });
  await row.locator('summary').click();
  return row.innerText();
}

const laptop: PostureFacts = {
  os: 'linux',
  osVersion: '6.1.0-13-amd64',
  distribution: 'Debian GNU/Linux 12 (bookworm)',
  clientVersion: '0.1.0',
  diskEncryption: true,
  firewall: false,
  screenLock: true,
  screenLockAfter: 1_800,
};

for (const [width, colorScheme] of [
  [1_280, 'light'],
  [390, 'dark'],
] as const) {
  test(`a person sees all that a device tells, what is not met and its remedy, ${width} wide and ${colorScheme}`, async (t) => {
    const { portal, page } = await open(t, width, colorScheme);
    await device(portal, 'alice-laptop', laptop);
    await device(portal, 'alice-mac', {
      os: 'macos',
      osVersion: '15.1',
      clientVersion: '0.1.0',
      diskEncryption: true,
    });
    await page.reload();
    await page.getByText('alice-laptop').first().waitFor();
    const text = await told(page, 'alice-laptop');
    assert.match(text, /2 checks are not met/);
    assert.match(text, /Operating system: ?\s*Debian GNU\/Linux 12 \(bookworm\), 6\.1\.0-13-amd64/);
    assert.match(text, /Disk encryption: ?\s*on/);
    assert.match(text, /Firewall: ?\s*off\s+The firewall is off\. Turn the firewall on: sudo ufw enable/);
    assert.match(text, /Screen lock: ?\s*on, after 30m\s+The screen locks itself too late\./);
    assert.match(text, /This is all that your organisation collects from this device\./);
    assert.doesNotMatch(text, /untested|10m|Antivirus/);
    const mac = await told(page, 'alice-mac');
    assert.match(mac, /What it tells about itself/);
    assert.match(mac, /untested on a real machine/);
    await noSidewaysScroll(page);
    const shots = process.env['POSTERN_SCREENSHOTS'];
    if (shots !== undefined)
      await page.screenshot({ path: `${shots}/posture-${width}-${colorScheme}.png`, fullPage: true });
  });
}

test('SEC-J7 what a device calls its programs and system is inert', async (t) => {
  const { portal, page } = await open(t, 390, 'light');
  await device(portal, 'odd', {
    os: 'linux',
    osVersion: '<img src=x onerror="alert(1)">',
    distribution: `\u202e${'w'.repeat(200)}`,
    clientVersion: '</dd><script>alert(2)</script>',
  });
  await page.reload();
  await page.getByText('odd').first().waitFor();
  assert.match(await told(page, 'odd'), /<img src=x onerror="alert\(1\)">/);
  assert.equal(await page.locator('img').count(), 0);
  const wider = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
  assert.ok(Number(wider) <= 0);
});
