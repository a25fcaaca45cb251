/**
 * What becomes of a request over HTTP/2 on its way to an origin that speaks HTTP/1.1: heads that would end, or begin, a request
 * there are refused, and the origin hears nothing of them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { field, flags, frame, frames, framesIn, preface } from '../web-door/support/h2-frames.ts';
import { inFrontOf } from '../web-door/support/in-front-of.ts';
import { git, wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
let cookie: string;
/** Everything that the origin was sent. */
let heard = '';
const origin = createServer((socket) => {
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
    if (chunk.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
});

before(async () => {
  bench = await inFrontOf(origin, [wiki, git]);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());
beforeEach(() => {
  heard = '';
});

type Head = readonly (readonly [name: string, value: string])[];

const usual = (): Head => [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', `${wiki}:${bench.port}`],
  [':path', '/'],
];

/** The usual head with these values in place of its own. */
function changed(changes: Readonly<Record<string, string>>, further: Head = []): Head {
  return [...usual().map(([name, value]) => [name, changes[name] ?? value] as const), ...further];
}

/** Sends one request over a connection of its own; resolves once it was answered, refused, or let go. */
async function send(head: Head, body?: string): Promise<'answered' | 'refused'> {
  const socket = bench.raw(wiki, 'h2');
  await once(socket, 'secureConnect');
  const block = Buffer.concat(
    [...head, ['cookie', cookie] as const].map(([name, value]) => field(name, value)),
  );
  const ends = body === undefined ? flags.endStream : 0;
  socket.write(
    Buffer.concat([
      preface,
      frame(frames.settings, 0, 0, Buffer.alloc(0)),
      frame(frames.headers, flags.endHeaders | ends, 1, block),
      ...(body === undefined ? [] : [frame(frames.data, flags.endStream, 1, Buffer.from(body))]),
    ]),
  );
  let came: Buffer = Buffer.alloc(0);
  const outcome = await new Promise<'answered' | 'refused'>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      came = Buffer.concat([came, chunk]);
      const found = framesIn(came);
      if (found.some(({ type }) => type === frames.reset || type === frames.goAway)) resolve('refused');
      else if (found.some(({ type, stream }) => type === frames.headers && stream === 1)) resolve('answered');
    });
    socket.on('close', () => resolve('refused'));
  });
  socket.destroy();
  return outcome;
}

/** What the origin heard until another person's request, which comes after, had been answered. */
async function heardOf(): Promise<string> {
  const before = heard;
  assert.equal((await bench.ask('/after', { cookie })).status, 200);
  return before;
}

test('SEC-C1 the control: a plain request over HTTP/2 reaches the origin, as one of HTTP/1.1', async () => {
  assert.equal(await send(usual()), 'answered');
  assert.match(await heardOf(), /^GET \/ HTTP\/1\.1\r\n/);
  heard = '';
  assert.equal(await send(changed({ ':method': 'POST' }, [['content-length', '3']]), 'a=1'), 'answered');
  assert.match(await heardOf(), /^POST \/ HTTP\/1\.1\r\n[^]*\r\n\r\na=1/);
});

test('SEC-C1 a head that says two things over HTTP/1.1 is refused over HTTP/2, and the origin hears nothing', async () => {
  const smuggled = ' HTTP/1.1\r\nhost: x\r\n\r\nGET /smuggled';
  for (const [what, head, body] of [
    ['a line end in a path', changed({ ':path': `/${smuggled}` })],
    ['a space in a path', changed({ ':path': '/a HTTP/1.1' })],
    ['a fragment in a path', changed({ ':path': '/#/smuggled' })],
    ['an empty path', changed({ ':path': '' })],
    ['a path that is a URL', changed({ ':path': `http://${git}/smuggled` })],
    ['a line end in a method', changed({ ':method': `GET /${smuggled}` })],
    ['a space in a method', changed({ ':method': 'GET /smuggled' })],
    ['a line end in an authority', changed({ ':authority': `${wiki}\r\nx: y` })],
    ['somebody in an authority', changed({ ':authority': `smuggled@${wiki}` })],
    ['another scheme', changed({ ':scheme': `http://${git}/smuggled?`, ':path': '//x' })],
    ['a name in capitals', [...usual(), ['X-Smuggled', '1']]],
    [
      'Transfer-Encoding',
      [...changed({ ':method': 'POST' }), ['transfer-encoding', 'chunked']],
      '0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n',
    ],
    ['Connection', [...usual(), ['connection', 'x-forwarded-for'], ['x-smuggled', '1']]],
    ['Upgrade', [...usual(), ['upgrade', 'websocket'], ['x-smuggled', '1']]],
    ['a second Host', [...usual(), ['host', git]]],
    ['a second authority', [...usual(), [':authority', git]]],
    ['a second path', [...usual(), [':path', '/smuggled']]],
    ['a pseudo-header at the end', [...usual(), ['x-a', 'b'], [':path', '/smuggled']]],
    [
      'two lengths',
      [...changed({ ':method': 'POST' }), ['content-length', '0'], ['content-length', '3']],
      'abc',
    ],
    ['a length that is none', [...changed({ ':method': 'POST' }), ['content-length', '+3']], 'abc'],
  ] as readonly (readonly [string, Head, string?])[]) {
    heard = '';
    const outcome = await send(head, body);
    assert.equal(await heardOf(), '', `${what}: ${outcome}`);
  }
});

test('SEC-C1 a field that no message of HTTP/1.1 can carry gets no further, and takes nothing else with it', async () => {
  for (const [what, further] of [
    ['a line end in a value', ['x-a', 'b\r\nx-smuggled: 1']],
    ['a line feed in a value', ['x-a', 'b\nx-smuggled: 1']],
    ['a zero in a value', ['x-a', 'b\0smuggled']],
    ['a line end in a name', ['x-a\r\nx-smuggled', '1']],
    ['a colon in a name', ['x-a: smuggled\r\nx', '1']],
    ['a space in a name', ['content-length ', '0']],
  ] as readonly (readonly [string, readonly [string, string]])[]) {
    heard = '';
    await send([...usual(), further]);
    const before = await heardOf();
    assert.match(before, /^(GET \/ HTTP\/1\.1\r\n[^]*\r\n\r\n)?$/, what);
    assert.equal(before.split('\r\n\r\n').length <= 2, true, what);
    assert.ok(!/smuggled|^x-a|^content-length/im.test(before), `${what}: ${before}`);
  }
});

test('SEC-C1 a body over HTTP/2 that is not as long as it says is no request of its own at the origin', async () => {
  const next = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const [length, body] of [
    ['0', next],
    ['3', `abc${next}`],
    ['500', `abc${next}`],
  ] as const) {
    heard = '';
    await send(changed({ ':method': 'POST' }, [['content-length', length]]), body);
    const before = await heardOf();
    assert.equal((before.match(/\r\n\r\n/g) ?? []).length <= 1, true, before);
    assert.ok(!/\r\n\r\n(?:abc)?GET \/smuggled/.test(before), `${length}: ${before}`);
    assert.match(heard.slice(before.length), /^GET \/after HTTP\/1\.1\r\n/, 'what comes after begins anew');
  }
});
