/**
 * The control test of the lab's identity provider and browser: a confidential client signs a person in through a real
 * Chromium, with PKCE, and reads the claims that Postern decides by. Nothing of Postern runs in it.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { Browser, BrowserContext } from 'playwright-core';
import { openBrowser, signIn } from '../support/browser.ts';
import { IdentityProvider } from '../support/identity-provider.ts';
import { openLab, type Lab } from '../support/lab/lab.ts';

const callback = 'http://www.public.example/callback';

suite('a person, a browser and an identity provider in the lab', () => {
  let lab: Lab;
  let provider: IdentityProvider;
  let browser: Browser;
  before(async () => {
    lab = await openLab();
    const { internet, dir, authority, addresses } = lab;
    provider = await IdentityProvider.start(internet, {
      address: addresses.identityProvider,
      dir,
      authority,
      redirectUris: [callback],
    });
    browser = await openBrowser(lab);
  });
  after(async () => {
    await browser?.close();
    await lab.close();
  });

  test('every program on the laptop trusts the provider by the authority, and only by it', async () => {
    const url = `${provider.issuer}/.well-known/openid-configuration`;
    assert.equal((await lab.laptop.run('curl', ['-sSf', url])).code, 0);
    const untrusting = { env: { SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' } };
    assert.equal((await lab.laptop.run('curl', ['-sSf', url], untrusting)).code, 60);
  });

  test('alice signs in and her claims name her groups, and how and when she signed in', async () => {
    const claims = await claimsOf('alice@acme.example');
    assert.equal(claims.email, 'alice@acme.example');
    assert.equal(claims.email_verified, true);
    assert.equal(claims.name, 'Alice Example');
    assert.deepEqual(claims.groups, ['staff', 'sre']);
    assert.deepEqual(claims.amr, ['pwd']);
    assert.ok(Math.abs(Date.now() / 1000 - Number(claims.auth_time)) < 60);
  });

  test('a change of groups and of the second factor shows at the next sign-in', async () => {
    provider.setPerson('bob@acme.example', { groups: ['sre'], amr: ['pwd', 'otp', 'mfa'] });
    const claims = await claimsOf('bob@acme.example');
    assert.deepEqual(claims.groups, ['sre']);
    assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);
  });

  test('somebody signed in is not asked again, unless the client asks for a fresh sign-in', async () => {
    const context = await browser.newContext();
    const first = await claimsOf('carol@acme.example', context);
    const page = await context.newPage();
    await page.goto(await authorizationUrl());
    assert.equal(new URL(page.url()).origin, new URL(callback).origin);
    await page.goto(await authorizationUrl({ prompt: 'login' }));
    assert.equal(new URL(page.url()).origin, provider.issuer);
    await signIn(page, provider, 'carol@acme.example');
    await page.goto(await authorizationUrl({ max_age: '0' }));
    assert.equal(new URL(page.url()).origin, provider.issuer);
    assert.equal(first.sub, provider.person('carol@acme.example').subject);
    await context.close();
  });

  test('a wrong password lets nobody in', async () => {
    const page = await browser.newPage();
    await page.goto(await authorizationUrl());
    await page.getByLabel('E-mail').fill('alice@acme.example');
    await page.getByLabel('Password').fill('guess');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('E-mail or password is wrong.').waitFor();
    await page.close();
  });

  let verifier = '';

  async function authorizationUrl(more: Record<string, string> = {}): Promise<string> {
    verifier = randomBytes(32).toString('base64url');
    const url = new URL(`${provider.issuer}/auth`);
    url.search = new URLSearchParams({
      client_id: provider.client.id,
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid email profile',
      state: randomBytes(8).toString('hex'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    }).toString();
    return url.href;
  }

  async function claimsOf(email: string, context?: BrowserContext): Promise<Record<string, unknown>> {
    const page = await (context ?? browser).newPage();
    await page.goto(await authorizationUrl());
    await signIn(page, provider, email);
    const code = new URL(page.url()).searchParams.get('code') ?? '';
    await page.close();
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      code_verifier: verifier,
    });
    const { id, secret } = provider.client;
    const request = [
      '-sS',
      '--user',
      `${id}:${secret}`,
      '--data',
      form.toString(),
      `${provider.issuer}/token`,
    ];
    const answer = await lab.internet.run('curl', request);
    const { id_token: idToken } = JSON.parse(answer.stdout) as { id_token?: string };
    assert.ok(idToken !== undefined, answer.stdout);
    return decodeJwt(idToken);
  }
});
