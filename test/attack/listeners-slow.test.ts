/**
 * SEC-D7, SEC-D1: whoever is slow, silent or endless is let go by the server's own clock, the number of connections stays
 * within its bound, and everyone else is served meanwhile. With small bounds, so that no test waits for ten seconds.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { serveProxy } from '../../client/proxies/proxy-server.ts';
import { localSocket, serveLocalApi } from '../../protocol/node/local-api.ts';
import { peerBounds, type PeerBounds } from '../../protocol/slow-peers.ts';
import { until } from '../support/until.ts';
import { ordinary, partOfClientHello, Raw, targets, type Target } from './listeners-raw.ts';

const small: PeerBounds = {
  headersMs: 1_000,
  requestMs: 1_000,
  silenceMs: 1_000,
  answerMs: 2_000,
  connections: 24,
};
/** Far longer than any bound, far shorter than what Node does by itself. */
const patienceMs = 6_000;
const head = (line: string): string => `${line}\r\nHost: localhost\r\n`;

function* endless(piece: string, count = 1_000): Generator<string> {
  for (let index = 0; index < count; index++) yield piece;
}

/** Waits until the connection is gone, or the time is. */
async function within(raw: Raw, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([raw.closed, late]);
  clearTimeout(timer);
}

/** Each opens a connection and keeps at it until it is let go. */
const attacks: Record<string, (target: Target) => Promise<Raw>> = {
  'a connection that never speaks': (target) => Raw.open(target, 'tcp'),
  'a handshake that stops': async (target) => {
    const raw = await Raw.open(target, 'tcp');
    raw.write(partOfClientHello());
    return raw;
  },
  'a connection that is silent after its handshake': (target) => Raw.open(target),
  'header lines that come slowly': async (target) => {
    const raw = await Raw.open(target);
    raw.write(head('GET /livez HTTP/1.1'));
    void raw.drip(endless('X-A: b\r\n'), 25);
    return raw;
  },
  'a request line that comes letter by letter': async (target) => {
    const raw = await Raw.open(target);
    void raw.drip(['GET /', ...endless('a')], 25);
    return raw;
  },
  'a body that comes slowly': async (target) => {
    const raw = await Raw.open(target);
    raw.write(`${head('POST /api/v1/enrolment-keys HTTP/1.1')}Content-Type: application/json\r\n`);
    raw.write('Content-Length: 100000\r\n\r\n');
    void raw.drip(endless(' '), 25);
    return raw;
  },
  'a chunked body without end': async (target) => {
    const raw = await Raw.open(target);
    raw.write(`${head('POST /api/v1/me/logins/approve HTTP/1.1')}Transfer-Encoding: chunked\r\n\r\n`);
    void raw.drip(endless('1\r\n \r\n'), 25);
    return raw;
  },
  'a peer that does not read its answers': async (target) => {
    const raw = await Raw.open(target);
    raw.socket.pause();
    for (let request = 0; request < 100; request++) raw.write(`${head(`GET ${target.long} HTTP/1.1`)}\r\n`);
    return raw;
  },
  'a request that is followed by silence': async (target) => {
    const raw = await Raw.open(target);
    raw.write(`${head('GET /livez HTTP/1.1')}\r\n`);
    return raw;
  },
  'an upgrade that nobody takes and that does not close': async (target) => {
    const raw = await Raw.open(target);
    raw.write(`${head('GET /elsewhere HTTP/1.1')}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    return raw;
  },
};

test('SEC-D7: the controller and the relay let every slow peer go, and serve the others meanwhile', async (t) => {
  const list = await targets(t, small);
  const attacked = list.map(async (target) => {
    const under = Object.entries(attacks).map(async ([name, begin]) => {
      const raw = await begin(target);
      t.after(() => raw.destroy());
      const since = performance.now();
      // Somebody who does not read does not see the end either, until they do.
      const paused = raw.socket.isPaused() ? setTimeout(() => raw.socket.resume(), 4_000) : undefined;
      await within(raw, patienceMs);
      clearTimeout(paused);
      assert.ok(
        raw.isClosed,
        `${name} holds ${target.name} after ${Math.round(performance.now() - since)} ms`,
      );
    });
    const served = (async () => {
      for (let count = 0; count < 20; count++) assert.equal(await ordinary(target), 200, target.name);
    })();
    await Promise.all([...under, served]);
  });
  await Promise.all(attacked);
});

test('SEC-D7: more connections than the bound cost the oldest their place, and an ordinary request has one', async (t) => {
  const list = await targets(t, { ...small, headersMs: 60_000, requestMs: 60_000, silenceMs: 60_000 });
  for (const target of list) {
    const crowd: Raw[] = [];
    for (let count = 0; count < 3 * small.connections; count++) {
      crowd.push(await Raw.open(target, count % 2 === 0 ? 'tcp' : 'whole'));
      if (count % 10 === 9) assert.equal(await ordinary(target), 200, target.name);
    }
    t.after(() => {
      for (const raw of crowd) raw.destroy();
    });
    await Promise.all(crowd.slice(0, small.connections).map(({ closed }) => closed));
    // Also the last of those that had to go is told within a moment.
    await until(() => crowd.filter(({ isClosed }) => !isClosed).length <= small.connections);
  }
});

test('SEC-D1: header lines, names, values, targets and chunk extensions without end end the connection early', async (t) => {
  const list = await targets(t);
  const chunked = `${head('POST /api/v1/me/logins/approve HTTP/1.1')}Transfer-Encoding: chunked\r\n\r\n`;
  const floods: Record<string, [string, string]> = {
    'header lines': [head('GET /livez HTTP/1.1'), 'X-A: b\r\n'],
    'one header value': [`${head('GET /livez HTTP/1.1')}X-A: `, 'a'.repeat(512)],
    'one header name': [head('GET /livez HTTP/1.1'), 'a'.repeat(512)],
    'one target': ['GET /', 'a'.repeat(512)],
    'one method': ['', 'A'.repeat(512)],
    'one chunk extension': [`${chunked}1;`, 'a'.repeat(512)],
    'chunk extensions': [`${chunked}1`, ';a=b'.repeat(128)],
    trailers: [`${chunked}0\r\n`, 'X-A: b\r\n'.repeat(64)],
  };
  for (const target of list) {
    for (const [name, [first, more]] of Object.entries(floods)) {
      const raw = await Raw.open(target);
      t.after(() => raw.destroy());
      raw.write(first);
      let sent = 0;
      while (!raw.isClosed && sent < 4 * 1_024 * 1_024) {
        raw.write(more);
        sent += more.length;
        if (sent % 16_384 < more.length) await new Promise(setImmediate);
      }
      await within(raw, patienceMs);
      assert.ok(raw.isClosed, `${name} at ${target.name} go on after ${sent} bytes`);
      assert.ok(raw.status === undefined || raw.status >= 400, `${name} at ${target.name}: ${raw.status}`);
    }
    assert.equal(await ordinary(target), 200, target.name);
  }
});

// These wait for bounds as the programs have them, and for nothing else: side by side.
suite('by the bounds as they are', { concurrency: true }, () => {
  test('SEC-D7: a channel that was upgraded and says nothing more is let go within ten seconds', async (t) => {
    const list = await targets(t);
    const since = performance.now();
    const raws = await Promise.all(
      list.flatMap((target) =>
        target.upgrades.map(async ([path, subprotocol]) => {
          const raw = await Raw.open(target);
          raw.write(
            `${head(`GET ${path} HTTP/1.1`)}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
              `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
          );
          return { raw, place: `${path} of ${target.name}` };
        }),
      ),
    );
    for (const { raw, place } of raws) {
      await within(raw, 12_000);
      assert.equal(raw.status, 101, place);
      assert.ok(raw.isClosed && performance.now() - since < 11_000, place);
    }
  });

  test('SEC-D7: the proxies of a laptop let a program go that asks for nothing, slowly or not at all', async (t) => {
    for (const kind of ['socks', 'http'] as const) {
      const proxy = await serveProxy({
        kind,
        address: '127.0.0.1',
        port: 0,
        uids: new Set([process.getuid?.() ?? 0]),
        openFlow: () => Promise.reject(new Error('nobody asks')),
        requestTimeoutMs: 300,
      });
      t.after(() => proxy.close());
      const target = { name: kind, port: proxy.port, upgrades: [], long: '' };
      const silent = await Raw.open(target);
      const slow = await Raw.open(target);
      const bytes =
        kind === 'socks'
          ? ['\u0005', '\u00ff', ...endless('\u0001', 200)]
          : ['CONNECT ', ...endless('a', 200)];
      void slow.drip(bytes, 50);
      for (const [what, raw] of Object.entries({ silent, slow })) {
        await within(raw, patienceMs);
        assert.ok(raw.isClosed, `${kind}: ${what}`);
      }
    }
  });

  test('SEC-D7: the local socket is held to the same bounds as every listener', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-local-'));
    const api = await serveLocalApi(folder, { 'GET /v1/status': () => ({ ok: true }) });
    t.after(async () => {
      await api.close();
      await rm(folder, { recursive: true });
    });
    const raw = new Raw(connect(localSocket(folder)));
    t.after(() => raw.destroy());
    raw.write('GET /v1/status HTTP/1.1\r\n');
    await raw.drip(endless('X-A: b\r\n', 24), 500);
    await within(raw, 1_000);
    assert.ok(raw.isClosed, 'a slow request holds the local socket');
  });
});

test('SEC-D7: nobody who is slow has more than ten seconds, by the bounds that the programs use', () => {
  const { headersMs, requestMs, silenceMs } = peerBounds;
  for (const bound of [headersMs, requestMs, silenceMs]) assert.ok(bound <= 10_000);
});
