/** What the controller serves to browsers, and under which headers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPortal } from './support/portal.ts';

const html = { accept: 'text/html,application/xhtml+xml' };

test('SEC-J4 pages, files, errors and the API stand under a policy that allows nothing inline or from elsewhere', async (t) => {
  const { app } = await testPortal(t, []);
  const page = await app.inject({ url: '/', headers: html });
  assert.equal(page.statusCode, 200);
  const script = /src="(\/assets\/[\w-]+\.js)"/.exec(page.body)?.[1] ?? '';
  assert.doesNotMatch(page.body, /<script(?![^>]+src=)|<style|style=|\son\w+=|https?:\/\//);
  for (const url of [
    '/',
    '/login?error=x',
    '/nothing',
    script,
    '/favicon.svg',
    '/api/v1/sign-in',
    '/api/v1/me',
    '/livez',
  ]) {
    const { headers } = await app.inject({ url, headers: html });
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'/, url);
    assert.match(policy, /frame-ancestors 'none'/, url);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/, url);
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['referrer-policy'], 'no-referrer', url);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', url);
    assert.match(String(headers['strict-transport-security']), /max-age=31536000/, url);
  }
});

test('SEC-J4 a page runs what carries the nonce of its own answer; no two answers share one, and no other answer has any', async (t) => {
  const { app } = await testPortal(t, []);
  const nonces = new Set<string>();
  for (const url of ['/', '/', '/login', '/admin/log', '/nothing/at/all']) {
    const { body, headers } = await app.inject({ url, headers: html });
    const policy = String(headers['content-security-policy']);
    const nonce = /script-src 'nonce-([\w+/=]{24})' 'strict-dynamic'/.exec(policy)?.[1] ?? '';
    assert.match(policy, new RegExp(`style-src 'nonce-${RegExp.escape(nonce)}'`), url);
    nonces.add(nonce);
    const tags = body.match(/<(script|link rel="(stylesheet|modulepreload)")[^>]*>/g) ?? [];
    assert.ok(tags.length >= 2, url);
    for (const tag of tags) assert.ok(tag.includes(`nonce="${nonce}"`), tag);
    assert.doesNotMatch(body, /POSTERN-NONCE/);
  }
  assert.equal(nonces.size, 5);
  const script = /src="(\/assets\/[\w-]+\.js)"/.exec((await app.inject({ url: '/' })).body)?.[1] ?? '';
  for (const url of [script, '/api/v1/me', '/favicon.svg', '/livez']) {
    const policy = String((await app.inject({ url })).headers['content-security-policy']);
    assert.doesNotMatch(policy, /nonce|script-src|'self'/, url);
  }
});

test('SEC-J1 no answer repeats what it was asked for', async (t) => {
  const { app } = await testPortal(t, []);
  const marker = 'MARKER<script>alert(1)</script>';
  const quoted = encodeURIComponent(marker);
  for (const url of [
    `/login?error=${quoted}&rd=${quoted}`,
    `/${quoted}`,
    `/oidc/${quoted}/start?rd=${quoted}`,
    `/oidc/corp/callback?error=${quoted}&error_description=${quoted}&state=${quoted}`,
    `/api/v1/${quoted}`,
    `/assets/${quoted}.js`,
    `/refused?resource=${quoted}`,
  ]) {
    const answer = await app.inject({ url, headers: html });
    assert.ok(answer.statusCode < 500, url);
    assert.doesNotMatch(`${answer.body}${JSON.stringify(answer.headers)}`, /MARKER/, url);
  }
});

test('an unknown page is a page that says so, an unknown call of the API and an unknown file are problems', async (t) => {
  const { app } = await testPortal(t, []);
  const page = await app.inject({ url: '/no/such/page', headers: html });
  assert.equal(page.statusCode, 404);
  assert.match(String(page.headers['content-type']), /text\/html/);
  for (const url of [
    '/api/v1/nothing',
    '/assets/nothing.js',
    '/assets/..%2findex.html',
    '/.programs.digest',
  ]) {
    const answer = await app.inject({ url });
    assert.equal(answer.statusCode, 404, url);
    assert.match(String(answer.headers['content-type']), /problem\+json/, url);
  }
});

test('pages and answers about a person are stored nowhere, files that carry a digest for long', async (t) => {
  const { app } = await testPortal(t, []);
  const page = await app.inject({ url: '/', headers: html });
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal((await app.inject({ url: '/api/v1/me' })).headers['cache-control'], 'no-store');
  const script = /src="(\/assets\/[\w-]+\.js)"/.exec(page.body)?.[1] ?? '';
  assert.match(
    String((await app.inject({ url: script })).headers['cache-control']),
    /max-age=31536000.*immutable/,
  );
});
