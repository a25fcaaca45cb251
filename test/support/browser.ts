/**
 * A real Chromium that runs inside a place of the lab: it sees that place's network and names and trusts the lab's
 * authority like any other, by the policy file an administrator would use. Tests drive it through playwright-core.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findProgram } from '../../scripts/programs.ts';
import type { IdentityProvider } from './identity-provider.ts';
import type { Lab } from './lab/lab.ts';
import type { Place } from './lab/place.ts';

/**
 * Starts a browser in `place` that trusts the lab's authority and those in `trusted` (PEM files). The caller closes it;
 * each `newContext()` is a person's own profile.
 */
export async function openBrowser(
  lab: Lab,
  { place = lab.laptop, trusted = [] }: { place?: Place; trusted?: readonly string[] } = {},
): Promise<Browser> {
  trustAuthorities(place, [lab.authority.caFile, ...trusted]);
  const script = join(lab.dir, `chromium.${place.namespace}`);
  const command = place
    .commandLine([findProgram('chromium')])
    .map(quoted)
    .join(' ');
  writeFileSync(script, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return chromium.launch({
    executablePath: script,
    env: place.environment(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** On the identity provider's page: signs in as a person it knows, and waits until it sends the browser on. */
export async function signIn(page: Page, provider: IdentityProvider, email: string): Promise<void> {
  await page.waitForURL((url) => url.origin === provider.issuer);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(provider.person(email).password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.origin !== provider.issuer);
}

/** Lies over /etc/chromium in this place alone. */
function trustAuthorities(place: Place, files: readonly string[]): void {
  const folder = join('/etc/netns', place.namespace, 'chromium/policies/managed');
  const certificates = files.map((file) => readFileSync(file, 'utf8').replace(/-----.*-----|\s/g, ''));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'lab.json'),
    JSON.stringify({ CACertificates: certificates, DnsOverHttpsMode: 'off', QuicAllowed: false }),
  );
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
