/** The pure parts of the web door by themselves: targets, headers, cookies and return paths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originCookie, readCookies, ShownCookies } from '../../connector/web/cookies.ts';
import { originHeaders } from '../../connector/web/origin-request.ts';
import { targetOf, type RawRequest } from '../../connector/web/request-target.ts';
import { safeReturn } from '../../connector/web/sign-in.ts';

const host = 'wiki.acme.example';
const secret = Buffer.alloc(32, 7).toString('base64url');

/** A request as the parser hands it on. */
function request(...rawHeaders: string[]): RawRequest {
  const raw = { method: 'GET', url: '/a', httpVersion: '1.1', httpVersionMajor: 1, rawHeaders };
  return raw as unknown as RawRequest;
}

test('a request is for one host, the one its TLS connection is for', () => {
  const target = targetOf(request('Host', `${host}:8443`), host);
  assert.deepEqual(target, { host, authority: `${host}:8443`, path: '/a', query: '' });
  assert.equal(targetOf(request('Host', 'git.acme.example'), host), 421);
  assert.equal(targetOf(request('Host', host, 'hOST', host), host), 400);
  assert.equal(targetOf(request('Host', host, 'Transfer-Encoding', 'chunked\u00a0'), host), 400);
});

test('headers that name somebody, or that Connection names, go no further', () => {
  const target = targetOf(request('Host', host), host);
  assert.ok(typeof target === 'object');
  const raw = request(
    'Host',
    host,
    'Remote_User',
    'mallory',
    'connection',
    'close, X-Mine',
    'X-Mine',
    '1',
    'X-Kept',
    '2',
  );
  const told = {
    identity: [],
    address: '192.0.2.7',
    cookie: undefined,
    host: 'origin',
    reserved: [],
    ownAuthorization: false,
  };
  assert.deepEqual(originHeaders(raw, target, told), [
    'host', 'origin', 'x-kept', '2', 'x-forwarded-for', '192.0.2.7', 'x-forwarded-proto', 'https',
    'x-forwarded-host', host, 'x-forwarded-port', '443',
  ]); // prettier-ignore
});

test('a connection that shows another cookie is somebody else', () => {
  const shown = new ShownCookies();
  const [one, other] = [secret, secret.replace(/^./, 'Z')].map((each) => `__Host-postern=${each}; a=1`);
  assert.deepEqual(shown.read(one), readCookies(one));
  assert.deepEqual(shown.read(other), readCookies(other));
  assert.notEqual(shown.read(one).session, shown.read(other).session);
  assert.equal(shown.read(undefined).session, undefined);
});

test('of two session cookies none counts, and an origin sets none', () => {
  const one = `__Host-postern=${secret}`;
  assert.equal(readCookies(one).session?.length, 43);
  assert.equal(readCookies(`${one}; ${one}`).session, undefined);
  assert.equal(originCookie('__Host-postern=x; Secure'), undefined);
  assert.equal(originCookie('=__Host-postern=x; Secure'), undefined);
  assert.equal(originCookie('a=1; Domain=acme.example'), 'a=1');
});

test('a return target is never another host', () => {
  assert.equal(safeReturn('//evil.example'), '/');
  assert.equal(safeReturn('/a?b=//c'), '/a?b=//c');
});
