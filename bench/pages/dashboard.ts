/**
 * What the dashboard costs whoever uses it, in a real Chromium before a real controller with 10,000 resources and 1,000
 * policies, all on this machine: `dashboard.load.kB` (compressed scripts until the signed-in home is idle),
 * `dashboard.interactive.ms` (until that home can be used), `dashboard.scroll.ms` (the longest gap between two frames while
 * a list of 10,000 is scrolled through), `dashboard.policies.ms` (from the click to the page of policies).
 */
import type { Page } from 'playwright-core';
import { startDashboard, type Dashboard } from '../../test/web/support/dashboard.ts';
import { busyDocument } from '../../test/web/support/busy-organisation.ts';
import type { Measurement, RunOptions } from '../comparison.ts';

const resources = 10_000;
const policies = 1_000;

export const dashboardFigures: readonly Measurement[] = [
  figure('dashboard.load.kB', 'kB', async (page, url) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    const scripts = new Set<string>();
    let bytes = 0;
    session.on('Network.responseReceived', ({ requestId, type }) => {
      if (type === 'Script') scripts.add(requestId);
    });
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (scripts.has(requestId)) bytes += encodedDataLength;
    });
    await home(page, url);
    return bytes / 1_000;
  }),
  figure('dashboard.interactive.ms', 'ms', async (page, url) => {
    await home(page, url);
    // When the browser had nothing left to do after the home stood there.
    return page.evaluate<number>('new Promise((done) => requestIdleCallback(() => done(performance.now())))');
  }),
  figure('dashboard.scroll.ms', 'ms', async (page, url) => {
    await page.goto(url('/admin/resources'));
    await page.getByText(`${resources + 6} resources`).waitFor();
    return page.evaluate<number>(`new Promise((done) => {
      let last; let longest = 0; let frames = 0;
      const step = (now) => {
        // The first frames begin the scrolling; gaps count from then on.
        if (last !== undefined && frames > 3) longest = Math.max(longest, now - last);
        last = now; frames += 1;
        window.scrollBy(0, frames % 40 === 0 ? 20000 : 400);
        if (frames < 240) requestAnimationFrame(step); else done(longest);
      };
      requestAnimationFrame(step);
    })`);
  }),
  figure('dashboard.policies.ms', 'ms', async (page, url) => {
    await home(page, url);
    await page.waitForLoadState('networkidle').catch(() => undefined);
    return page.evaluate<number>(`new Promise((done) => {
      const begun = performance.now();
      const watch = new MutationObserver(() => {
        if (!document.querySelector('main')?.textContent.includes('staff-wiki')) return;
        watch.disconnect();
        requestAnimationFrame(() => done(performance.now() - begun));
      });
      watch.observe(document.body, { childList: true, subtree: true, characterData: true });
      document.querySelector('nav a[href="/admin/policies"]').click();
    })`);
  }),
];

function figure(
  name: string,
  unit: string,
  measure: (page: Page, url: Dashboard['url']) => Promise<number>,
): Measurement {
  return {
    name,
    async run({ rounds, progress }: RunOptions) {
      const values = await withDashboard(async (dashboard) => {
        const found: number[] = [];
        for (let round = 0; round < rounds; round += 1) {
          const { page, context } = await dashboard.open();
          found.push(await measure(page, dashboard.url));
          await context.close();
          progress(`  round ${round + 1}: ${(found.at(-1) ?? 0).toFixed(1)} ${unit}`);
        }
        return found;
      });
      return { kind: 'figure', name, unit, values };
    },
  };
}

async function home(page: Page, url: Dashboard['url']): Promise<void> {
  await page.goto(url('/admin'));
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
}

async function withDashboard<T>(use: (dashboard: Dashboard) => Promise<T>): Promise<T> {
  const ends: (() => Promise<void>)[] = [];
  try {
    const dashboard = await startDashboard({ after: (end) => void ends.push(end) });
    const document = busyDocument();
    await dashboard.portal.apply({
      ...document,
      resources: [
        ...(document.resources ?? []),
        ...Array.from({ length: resources }, (_, index) => ({
          name: `service-${index}`,
          network: 'hq',
          address: `service-${index}.acme.internal`,
          ports: ['tcp/443'],
          tags: [index % 3 === 0 ? 'everyday' : 'internal'],
        })),
      ],
      policies: [
        ...(document.policies ?? []),
        ...Array.from({ length: policies }, (_, index) => ({
          name: `policy-${index}`,
          allow: { groups: [index % 2 === 0 ? 'staff' : 'sre'] },
          to: { resources: [`service-${index}`, `service-${index + policies}`] },
        })),
      ],
    });
    return await use(dashboard);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}
