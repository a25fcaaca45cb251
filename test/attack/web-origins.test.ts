/**
 * T5, the evil origin: an application that answers whatever it likes. The door lives, its cookies stay its own, and nobody
 * gets what was meant for somebody else (SEC-A17, SEC-J5, SEC-J6, SEC-D2).
 */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { exchange } from '../web-door/support/raw-exchange.ts';
import { inFrontOf, urlOf, webSocket } from '../web-door/support/in-front-of.ts';
import { wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
let answer: (socket: Socket, head: string) => void;
const origin = createServer((socket) => {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      answer(socket, head);
    }
  });
});

before(async () => {
  bench = await inFrontOf(origin);
});
after(() => bench.close());

const ok = 'HTTP/1.1 200 OK\r\n';
const long = 'x'.repeat(100_000);
const framings = [
  'Content-Length: 2\r\n',
  'Content-Length: 2\r\nContent-Length: 3\r\n',
  'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: 5\r\n',
  'Connection: close\r\n',
];
const extras = [
  '',
  'Trailer: x-late\r\n',
  'Set-Cookie: __Host-postern=stolen; Path=/; Secure\r\n',
  'Clear-Site-Data: "*"\r\n',
  'Alt-Svc: h2="evil.example:443"\r\n',
  'Connection: keep-alive, set-cookie\r\nKeep-Alive: timeout=9999\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade\r\n',
  'X-Bad: \u0001\u0002\u00ff\r\n',
  `X-Long: ${long}\r\n`,
  'Location: //evil.example\r\nRefresh: 0\r\n',
  'Content-Encoding: gzip, gzip, gzip\r\n',
];
const statuses = [
  ok,
  'HTTP/1.0 200 OK\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n',
  'HTTP/1.1 204 No Content\r\n',
  'HTTP/1.1 304 Not Modified\r\n',
  'HTTP/1.1 999 What\r\n',
  'HTTP/1.1 000 Nothing\r\n',
  'HTTP/9.9 200 OK\r\n',
  `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50)}${ok}`,
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n',
  'nonsense\r\n',
  '\u0000\u0001\u0002',
];
const bodies = ['ok', '2\r\nok\r\n0\r\nx-late: 1\r\n\r\n', 'ffffffffffffffff\r\nok', `0\r\n${long}`, ''];

/** Three hundred of the combinations, spread over all of them, always the same. */
function hostile(): string[] {
  const all = statuses.flatMap((status) =>
    framings.flatMap((framing) =>
      extras.flatMap((extra) => bodies.map((body) => `${status}${framing}${extra}\r\n${body}`)),
    ),
  );
  return Array.from({ length: 300 }, (_, index) => all[(index * 7_919) % all.length] ?? '');
}

test('T5: three hundred hostile answers to GET, HEAD and HTTP/1.0, each again to an upgrade, leave the door as it was', async () => {
  const { cookie } = await bench.signIn(wiki);
  const problems: unknown[] = [];
  const caught = (error: unknown): void => void problems.push(error);
  process.on('unhandledRejection', caught);
  const lines = ['GET / HTTP/1.1', 'HEAD / HTTP/1.1', 'GET / HTTP/1.0'];
  const headers = `Host: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n`;
  for (const [index, bytes] of hostile().entries()) {
    answer = (socket) => {
      socket.write(bytes, 'latin1');
      // Some stop there, some go.
      if (index % 3 !== 0) socket.end();
      else setImmediate(() => socket.destroy());
    };
    for (const [line, more] of [
      [lines[index % 3], 'Connection: close\r\n'],
      [lines[0], webSocket],
    ]) {
      const request = `${line}\r\n${headers}${more}\r\n`;
      const { text } = await exchange(bench.raw(), [request], 1_500, true);
      assert.ok(!/set-cookie:[^\n]*__host-postern/i.test(text), bytes.slice(0, 200));
      assert.ok(
        !/alt-svc|clear-site-data|^trailer:/im.test(text.split('\r\n\r\n')[0] ?? ''),
        bytes.slice(0, 200),
      );
    }
  }
  answer = (socket) => socket.write(`${ok}Content-Length: 2\r\n\r\nok`);
  const { status, body } = await bench.ask('/', { cookie });
  assert.deepEqual([status, body], [200, 'ok']);
  process.off('unhandledRejection', caught);
  assert.deepEqual(problems, []);
});

test('SEC-J5, SEC-J6: an origin keeps its own cookies, without Domain, and cannot touch those of the door', async () => {
  const { cookie } = await bench.signIn(wiki);
  answer = (socket) =>
    socket.write(
      `${ok}Content-Length: 0\r\nSet-Cookie: theme=dark; Domain=acme.example; Path=/\r\nSet-Cookie: __Host-postern=x; Path=/; Secure\r\nSet-Cookie: __host-POSTERN-pre-0000=x; Secure\r\nSet-Cookie: =__Host-postern=x; Secure\r\nSet-Cookie: __Host-postern; Secure\r\nSet-Cookie: own=1; domain = .acme.example; HttpOnly\r\nClear-Site-Data: "cookies", "cache"\r\nService-Worker-Allowed: /\r\n\r\n`,
    );
  const { headers } = await bench.ask('/', { cookie });
  assert.deepEqual(headers['set-cookie'], ['theme=dark; Path=/', 'own=1; HttpOnly']);
  assert.equal(headers['clear-site-data'], '"cache"');
  assert.equal(headers['service-worker-allowed'], undefined);
});

test('an origin that names its own address in a redirect is not believed to be reachable there', async () => {
  const { cookie } = await bench.signIn(wiki);
  const inside = urlOf(origin);
  const to = async (location: string): Promise<string | undefined> => {
    answer = (socket) =>
      socket.write(`HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ${location}\r\n\r\n`);
    return (await bench.ask('/', { cookie })).headers.location;
  };
  const outside = `https://${wiki}:${bench.port}`;
  assert.equal(await to(`${inside}/next?a=1#b`), `${outside}/next?a=1#b`);
  assert.equal(await to(`http://${wiki}:${bench.port}/next`), `${outside}/next`);
  assert.equal(await to('/next'), '/next');
  assert.equal(await to('https://other.example/next'), 'https://other.example/next');
});

test('SEC-A17: two people never get what the other was answered, whatever becomes of their exchanges', async () => {
  const people = await Promise.all(
    ['alice', 'bob'].map(async (name) => ({
      name,
      ...(await bench.signIn(wiki, { who: { name, email: `${name}@acme.example`, groups: [] } })),
    })),
  );
  let count = 0;
  const seen = new Map<Socket, string>();
  answer = (socket, head) => {
    const user = /^remote-name: (.*)$/im.exec(head)?.[1] ?? 'nobody';
    const before = seen.get(socket);
    assert.ok(
      before === undefined || before === user,
      'a connection to the origin is used by one person alone',
    );
    seen.set(socket, user);
    const body = `for ${user}`;
    switch (count++ % 7) {
      case 0:
        // More than was asked for: what is left lies in wait for whoever uses the connection next.
        return void socket.write(
          `${ok}Content-Length: ${body.length}\r\n\r\n${body}${ok}Content-Length: 9\r\n\r\nfor alice`,
        );
      case 1:
        return void socket.write(
          `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: ${body.length}\r\n\r\n${body}`,
        );
      case 2:
        return void socket.end(`${ok}Content-Length: 100\r\n\r\n${body}`);
      case 3:
        return void socket.destroy();
      default:
        return void socket.write(`${ok}Content-Length: ${body.length}\r\n\r\n${body}`);
    }
  };
  for (let round = 0; round < 30; round++) {
    await Promise.all(
      people.map(async ({ name, cookie }) => {
        const { body, status } = await bench
          .ask(`/${round}`, {
            cookie,
            method: round % 5 === 0 ? 'POST' : 'GET',
            ...(round % 5 === 0 ? { body: 'x' } : {}),
          })
          .catch(() => ({ body: '', status: 0 }));
        assert.ok(status !== 200 || body === `for ${name}`, `${name} got: ${body}`);
      }),
    );
  }
});
