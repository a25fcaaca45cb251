/**
 * SEC-A15, SEC-D2: other protocols, unknown upgrades and bytes without sense at the controller's and the relay's ports.
 * Nothing of it opens anything, and the process goes on as before.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { signInByBrowser } from '../../client/sign-in/sign-in.ts';
import { relayUrl } from '../../controller/control/admit-node.ts';
import { parseUserCode } from '../../controller/enrolment/user-code.ts';
import { returnPath } from '../../controller/login/return-path.ts';
import { sameNetwork } from '../../controller/login/same-network.ts';
import { plainAddress } from '../../protocol/source-address.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { parseDuration } from '../../protocol/durations.ts';
import { fromBase64Url } from '../../protocol/encoding.ts';
import { decodeAttach, decodeChallenge, decodeFrom, decodePeer } from '../../protocol/hop.ts';
import { parseId } from '../../protocol/ids.ts';
import { decodeKey } from '../../protocol/keys.ts';
import { decodeApiToken, decodeEnrolmentKey } from '../../protocol/secrets.ts';
import { ordinary, Raw, targets, type Target } from './listeners-raw.ts';

const line = (text: string): string => `${text}\r\nHost: localhost\r\n`;
const upgrade = (path: string, protocol: string, more = ''): string =>
  `${line(`GET ${path} HTTP/1.1`)}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`;
const webSocket = (subprotocol: string): string =>
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n`;
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00';

/** Sends it and waits until the other side has ended the connection; what came. */
async function send(target: Target, text: string | Buffer): Promise<Raw> {
  const raw = await Raw.open(target);
  raw.write(text);
  await Promise.race([raw.closed, new Promise((resolve) => setTimeout(resolve, 5_000).unref())]);
  return raw;
}

test('SEC-A15: h2c, CONNECT, HTTP/0.9, HTTP/2 and upgrades that nobody knows are refused and the connection ends', async (t) => {
  for (const target of await targets(t)) {
    const cases: Record<string, string> = {
      'prior-knowledge HTTP/2': preface,
      CONNECT: line('CONNECT wiki.acme.internal:443 HTTP/1.1') + '\r\n',
      'CONNECT to itself': line(`CONNECT 127.0.0.1:${target.port} HTTP/1.1`) + '\r\n',
      'HTTP/0.9': 'GET /livez\r\n\r\n',
      'HTTP/3.0 by name': line('GET /livez HTTP/3.0') + '\r\n',
      'no host': 'GET /livez HTTP/1.1\r\n\r\n',
      'two lengths': `${line('POST /livez HTTP/1.1')}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      'length and chunks': `${line('POST /livez HTTP/1.1')}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'an unknown coding': `${line('POST /livez HTTP/1.1')}Transfer-Encoding: gzip\r\n\r\n`,
      'a bare line feed': 'GET /livez HTTP/1.1\nHost: localhost\n\n',
      'a space in a name': `${line('GET /livez HTTP/1.1')}X A: b\r\n\r\n`,
      'a folded line': `${line('GET /livez HTTP/1.1')}X-A: b\r\n c\r\n\r\n`,
    };
    const paths = [
      '/',
      '/livez',
      '/api/v1/networks',
      '/elsewhere',
      '/CONTROL',
      '/control/',
      '//control',
      '/hop/',
    ];
    for (const path of [...paths, ...target.upgrades.map(([own]) => own)]) {
      cases[`h2c at ${path}`] = upgrade(path, 'h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n');
      cases[`foo at ${path}`] = upgrade(path, 'foo');
      cases[`a foreign subprotocol at ${path}`] = upgrade(path, 'websocket', webSocket('chat'));
    }
    for (const path of paths)
      for (const [, subprotocol] of target.upgrades)
        cases[`${subprotocol} at ${path}`] = upgrade(path, 'websocket', webSocket(subprotocol));
    for (const [own, subprotocol] of target.upgrades) {
      const good = webSocket(subprotocol);
      cases[`${own} by POST`] = upgrade(own, 'websocket', good).replace('GET ', 'POST ');
      cases[`${own} of version 7`] = upgrade(own, 'websocket', good.replace('13', '7'));
      cases[`${own} with a short key`] = upgrade(
        own,
        'websocket',
        good.replace('AAAAAAAAAAAAAAAAAAAAAA==', 'AAA='),
      );
    }
    if (target.upgrades.some(([own]) => own === '/control'))
      cases['the control channel from a page'] = upgrade(
        '/control',
        'websocket',
        `${webSocket('postern.control.v1')}Origin: https://evil.example\r\n`,
      );
    await Promise.all(
      Object.entries(cases).map(async ([name, text]) => {
        const raw = await send(target, text);
        const place = `${name} at ${target.name}: ${raw.received.slice(0, 200)}`;
        assert.ok(raw.isClosed, place);
        assert.ok(raw.status === undefined || raw.status >= 400, place);
      }),
    );
    assert.equal(await ordinary(target), 200, target.name);
  }
});

test('SEC-D2: altered requests, upgrades and frames, by a fixed seed, end no process and open nothing', async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => {
    process.off('unhandledRejection', note);
  });
  const random = seeded(20_261_121);
  for (const target of await targets(t)) {
    const seeds = [
      `${line('GET /livez HTTP/1.1')}\r\n`,
      `${line('POST /api/v1/me/logins/approve HTTP/1.1')}Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"code":"AB"}`,
      `${line('PUT /api/v1/document HTTP/1.1')}Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n0\r\n\r\n`,
      `${line('GET /oidc/corp/callback?state=a&code=b HTTP/1.1')}Cookie: __Host-postern-signin=a; __proto__=b\r\n__proto__: x\r\n\r\n`,
      ...target.upgrades.map(([path, subprotocol]) => upgrade(path, 'websocket', webSocket(subprotocol))),
    ].map((text) => Buffer.from(text, 'latin1'));
    // Header bytes, lengths of every size and masks, as a WebSocket peer could send them.
    const frames = [
      '8200',
      '82fe0010',
      '82ff7fffffffffffffff00000000',
      '82ffffffffffffffffff',
      'f28100000000ff',
      '8a00',
      '88fd',
      '0180',
      'c10100',
      '81850000000041424344',
    ];
    const batch: Promise<void>[] = [];
    for (let round = 0; round < 150; round++) {
      const seed = seeds[round % seeds.length] ?? Buffer.alloc(0);
      const isUpgrade = seed.includes('websocket') && round % 3 !== 0;
      const tail = Buffer.from(frames[Math.floor(random() * frames.length)] ?? '', 'hex');
      const bytes = isUpgrade
        ? Buffer.concat([seed, altered(tail, random), randomBytes(random, 40)])
        : altered(seed, random);
      batch.push(
        Raw.open(target).then(async (raw) => {
          raw.write(bytes);
          await new Promise((resolve) => setTimeout(resolve, 30));
          assert.ok(!/^HTTP\/1\.1 2\d\d [^]*"(token|key|id)"/.test(raw.received), raw.received);
          raw.destroy();
        }),
      );
      if (batch.length === 25) await Promise.all(batch.splice(0));
    }
    await Promise.all(batch);
    assert.equal(await ordinary(target), 200, target.name);
  }
  assert.deepEqual(unhandled, []);
});

test('SEC-D2: targets that are no URL find nothing where a browser comes back to sign in, and it goes on for the one that does', async (t) => {
  const sent: unknown[] = [];
  const signIn = await signInByBrowser(systemRandom, (message) => sent.push(message));
  t.after(() => signIn.close());
  assert.ok('loopback' in signIn.credential);
  const { port } = signIn.credential.loopback;
  const target: Target = { name: 'a sign-in', port, upgrades: [], long: '/' };
  const state = 'a state of the controller';
  signIn.receive({ t: 'open', url: 'https://controller.example/device', state });
  const visit = `/?code=abc&state=${encodeURIComponent(state)}`;
  const odd = [
    '//',
    '///',
    '/\\\\',
    'http://',
    'http://[',
    `http://[${visit}`,
    `//${visit}`,
    '/%',
    '/?%',
    '/?code=%&state=%',
    '*',
    '/?',
  ];
  for (const path of odd) {
    const raw = await send(target, `${line(`GET ${path} HTTP/1.1`)}\r\n`);
    assert.ok(raw.isClosed && raw.status !== undefined && raw.status >= 400, `${path}: ${raw.received}`);
  }
  for (const text of [
    preface,
    upgrade('/', 'h2c'),
    upgrade('//', 'websocket', webSocket('chat')),
    line('CONNECT // HTTP/1.1') + '\r\n',
  ])
    assert.ok((await send(target, text)).isClosed, text);
  assert.deepEqual(sent, []);
  assert.equal(await ordinary(target, visit), 200);
  assert.equal(sent.length, 1);
  assert.equal(await ordinary(target, visit), 404);
  signIn.close();
  assert.equal((await Raw.open(target)).received, '');
});

test('SEC-D2: what reads a stranger’s text takes it or refuses it, and never throws', () => {
  const readers: Record<string, (text: string) => unknown> = {
    decodeAttach,
    decodeChallenge,
    decodePeer: (text) => decodePeer(Buffer.from(text)),
    decodeFrom: (text) => decodeFrom(Buffer.from(text)),
    decodeApiToken,
    decodeEnrolmentKey: (text) => decodeEnrolmentKey('pk', text),
    decodeKey,
    fromBase64Url,
    parseId: (text) => parseId('dev', text),
    parseDuration,
    parseUserCode,
    relayUrl,
    returnPath,
    plainAddress,
    sameNetwork: (text) => sameNetwork(text, '192.0.2.1'),
  };
  const json = fc.json({ maxDepth: 4 });
  const shaped = fc
    .record({
      nonce: fc.anything(),
      relay: fc.anything(),
      ticket: fc.anything(),
      sig: fc.anything(),
      peer: fc.anything(),
    })
    .map((value) => JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? 1 : each)) ?? '');
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl(),
    fc.ipV6(),
    json,
    shaped,
    fc.base64String().map((each) => `pk_${each}`),
  );
  for (const read of Object.values(readers)) {
    fc.assert(
      fc.property(text, (given) => {
        read(given);
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
  }
});

/** Numbers from 0 to 1, the same for the same seed (a linear congruence, as in Numerical Recipes). */
function seeded(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomBytes(random: () => number, most: number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 256)));
}

/** Some bytes changed, put in, taken out or doubled. */
function altered(bytes: Buffer, random: () => number): Buffer {
  let result = Buffer.from(bytes);
  for (let change = 0; change < 1 + random() * 4; change++) {
    const at = Math.floor(random() * result.length);
    const [before, after] = [result.subarray(0, at), result.subarray(at)];
    const parts = [
      [before, randomBytes(random, 8), after],
      [before, after.subarray(1)],
      [before, after.subarray(0, 16), after],
      [before, randomBytes(random, 2), after.subarray(1)],
    ][Math.floor(random() * 4)];
    result = Buffer.concat(parts ?? []);
  }
  return result;
}
