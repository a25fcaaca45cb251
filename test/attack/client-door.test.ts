/**
 * A public hostname by the client door: what a page of another site, or a device that asks for more than it was granted, tries
 * there. Real TLS over a stream of a session's mux; the origin writes down whatever reaches it.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { decodeJwt } from 'jose';
import type { DeviceFlow } from '../../connector/flows/device-flow.ts';
import type { Right } from '../../connector/flows/right.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { CodeName } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { exchange, type RawAnswer } from '../web-door/support/raw-exchange.ts';
import { inFrontOf, urlOf, webSocket } from '../web-door/support/in-front-of.ts';
import { git, wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
const heard: IncomingMessage[] = [];
const origin = createServer((request, response) => {
  heard.push(request);
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    return;
  }
  request.resume();
  request.on('end', () => response.end('from the origin'));
});
origin.on('upgrade', (request, socket) => {
  heard.push(request);
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
  socket.pipe(socket);
});

before(async () => {
  bench = await inFrontOf(origin, [wiki, git]);
});
after(() => bench.close());
beforeEach(() => {
  heard.length = 0;
  bench.publish(wiki, [urlOf(origin)]);
});

const device = newId('dev', systemRandom(16));
const own = (): string => `https://${wiki}:${bench.port}`;

function flow(
  {
    objection = () => undefined,
    ...change
  }: Partial<Right> & { objection?: () => CodeName | undefined } = {},
  host: string = wiki,
): DeviceFlow {
  const right: Right = {
    door: 'client',
    device,
    id: newId('tok', systemRandom(16)),
    resource: bench.resourceOf(host),
    sub: newId('usr', systemRandom(16)),
    ids: [],
    who: { name: 'Bob', email: 'bob@acme.example', groups: ['sre'] },
    signedInS: Date.now() / 1_000,
    now: () => objection() ?? right,
    endsMs: () => Number.POSITIVE_INFINITY,
    ...change,
  };
  return {
    host: parseName(host) as Name,
    resource: bench.resourceOf(host) as DeviceFlow['resource'],
    device,
    right: () => right.now(),
  };
}

function ask(line: string, headers = '', of: DeviceFlow = flow(), host: string = wiki): Promise<RawAnswer> {
  const request = `${line} HTTP/1.1\r\nHost: ${host}:${bench.port}\r\n${headers}\r\n`;
  return exchange(bench.device(of), [request], 2_000, true);
}

function fetching(site: string, mode = 'cors', dest = 'empty'): string {
  return `Sec-Fetch-Site: ${site}\r\nSec-Fetch-Mode: ${mode}\r\nSec-Fetch-Dest: ${dest}\r\n`;
}

test('a device comes in without a sign-in, as the person of its grant, and the origin is told by which door', async () => {
  const { statuses } = await ask('GET /', 'Remote-User: root\r\nX-Forwarded-For: 127.0.0.1\r\n');
  assert.deepEqual(statuses, [200]);
  const [{ headers } = {}] = heard;
  assert.equal(headers?.['remote-user'], 'bob@acme.example');
  assert.equal(headers?.['remote-groups'], 'sre');
  assert.equal(headers?.['x-forwarded-for'], undefined);
  const { door, dev, aud } = decodeJwt(String(headers?.['postern-assertion']));
  assert.deepEqual([door, dev, aud], ['client', device, bench.resourceOf(wiki)]);
  assert.deepEqual(
    bench.records.filter(({ device: by }) => by === device),
    [],
    'the flow is recorded where it was accepted',
  );
});

test('SEC-J8 by the client door a page of another site gets no further than a link does', async () => {
  const refused: [string, string][] = [
    ['GET /', fetching('cross-site')],
    ['GET /', fetching('same-site')],
    ['GET /', fetching('nonsense')],
    ['GET /', fetching('cross-site', 'no-cors', 'image')],
    ['GET /', fetching('cross-site', 'navigate', 'iframe')],
    ['GET /', fetching('same-site', 'navigate', 'embed')],
    ['POST /', `${fetching('cross-site', 'navigate', 'document')}Content-Length: 0\r\n`],
    ['POST /', 'Origin: https://evil.example\r\nContent-Length: 0\r\n'],
    ['GET /', 'Origin: https://evil.example\r\n'],
    ['GET /', 'Origin: null\r\n'],
    ['GET /', `Origin: ${own()}.evil.example\r\n`],
    ['GET /', `Origin: ${own()}\r\nOrigin: https://evil.example\r\n`],
    ['GET /', `Origin: http://${wiki}:${bench.port}\r\n`],
    ['OPTIONS /', `Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n`],
  ];
  for (const [line, headers] of refused)
    assert.deepEqual((await ask(line, headers)).statuses, [403], `${line} ${headers}`);
  assert.equal(heard.length, 0);
  const passed: [string, string][] = [
    ['GET /', fetching('cross-site', 'navigate', 'document')],
    ['HEAD /', fetching('same-site', 'navigate', 'document')],
    ['GET /', fetching('same-origin')],
    ['GET /', fetching('none', 'navigate', 'document')],
    ['POST /', `Origin: ${own()}\r\n${fetching('same-origin')}Content-Length: 0\r\n`],
    ['GET /', ''],
  ];
  for (const [line, headers] of passed)
    assert.deepEqual((await ask(line, headers)).statuses, [200], `${line} ${headers}`);
});

test('SEC-J8 a listed origin may ask, and a public path is open to all pages but tells them of nobody', async () => {
  bench.publish(wiki, [urlOf(origin)], {
    allowOrigins: ['https://docs.acme.example'],
    rules: [{ paths: ['/hook/*'], effect: 'public' }],
  });
  const listed = `Origin: https://docs.acme.example\r\n${fetching('same-site')}`;
  assert.deepEqual((await ask('PUT /', `${listed}Content-Length: 0\r\n`)).statuses, [200]);
  assert.equal(heard.pop()?.headers['remote-user'], 'bob@acme.example');
  const other = `Origin: https://evil.example\r\n${fetching('cross-site')}`;
  assert.deepEqual((await ask('GET /hook/1', other)).statuses, [200]);
  assert.equal(heard.pop()?.headers['remote-user'], undefined);
  assert.deepEqual((await ask('GET /hooked', other)).statuses, [403]);
});

test('SEC-J8 what a listed site may do its preflight asks the application, which is told of nobody', async () => {
  bench.publish(wiki, [urlOf(origin)], { allowOrigins: ['https://docs.acme.example'] });
  const preflight =
    'Origin: https://docs.acme.example\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\n';
  const held = await ask('OPTIONS /notes', `${preflight}${fetching('same-site')}`);
  assert.deepEqual(held.statuses, [200]);
  const [{ method, headers } = {}] = heard.splice(0);
  assert.equal(method, 'OPTIONS');
  assert.equal(headers?.['access-control-request-headers'], 'x-a');
  for (const name of ['remote-user', 'remote-email', 'remote-groups', 'postern-assertion'])
    assert.equal(headers?.[name], undefined, name);
  assert.deepEqual((await ask('OPTIONS /', `${preflight}Content-Length: 2\r\n\r\nhi`)).statuses, [200]);
  assert.equal(heard.pop()?.headers['remote-user'], 'bob@acme.example', 'with a body it is the device’s');
  const over = flow({ objection: () => 'revoked' });
  assert.deepEqual((await ask('OPTIONS /', preflight, over)).statuses, [403]);
  assert.equal(heard.length, 0);
});

test('SEC-J8 an upgrade needs the own or a listed Origin by this door, too', async () => {
  bench.publish(wiki, [urlOf(origin)], { allowOrigins: ['https://docs.acme.example'] });
  for (const [from, status] of [
    [own(), 101],
    ['https://docs.acme.example', 101],
    ['https://evil.example', 403],
    ['null', 403],
  ] as const)
    assert.deepEqual((await ask('GET /', `${webSocket}Origin: ${from}\r\n`)).statuses, [status], from);
  assert.deepEqual(
    (await ask('GET /', `${webSocket}${fetching('cross-site', 'websocket')}`)).statuses,
    [403],
  );
});

test('SEC-J8 by the web door the cookie of a site is worth nothing to its other hosts', async () => {
  const { cookie } = await bench.signIn(wiki);
  const headers = {
    cookie: '',
    'sec-fetch-site': 'same-site',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
  };
  const { status } = await bench.ask('/', { headers: { ...headers, cookie } });
  assert.equal(status, 403);
  const upgrade = { ...headers, cookie, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  assert.equal((await bench.ask('/', { headers: upgrade })).status, 200);
});

test('a flow that was granted for one hostname gets no certificate, and no answer, for another', async () => {
  for (const sni of [git, 'nothing.acme.example']) {
    const socket = bench.device(flow(), sni);
    const seen: string[] = [];
    for (const event of ['secureConnect', 'data']) socket.once(event, () => seen.push(event));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    assert.deepEqual(seen, [], sni);
  }
  assert.deepEqual((await ask('GET /', '', flow(), git)).statuses, [421]);
  const moved: DeviceFlow = { ...flow(), resource: bench.resourceOf(git) as DeviceFlow['resource'] };
  assert.deepEqual((await ask('GET /', '', moved)).statuses, [421]);
  assert.equal(heard.length, 0);
});

test('path rules and maintenance hold by this door as by the other, and an old sign-in is told how to become new', async () => {
  bench.publish(wiki, [urlOf(origin)], {
    rules: [
      { paths: ['/admin/*'], effect: 'block' },
      { paths: ['/staff/*'], effect: 'require', groups: ['staff'] },
      { paths: ['/sre/*'], effect: 'require', groups: ['sre'] },
      { paths: ['/money/*'], effect: 'require', signIn: 600 },
    ],
  });
  assert.deepEqual((await ask('GET /admin/x')).statuses, [403]);
  assert.deepEqual((await ask('GET /staff/x')).statuses, [403]);
  assert.deepEqual((await ask('GET /sre/x')).statuses, [200]);
  assert.deepEqual((await ask('GET /money/x')).statuses, [200]);
  const old = await ask(
    'GET /money/x',
    'Accept: text/html\r\n',
    flow({ signedInS: Date.now() / 1_000 - 700 }),
  );
  assert.deepEqual(old.statuses, [403]);
  assert.match(old.text, /postern login/);
  bench.publish(wiki, [urlOf(origin)], { maintenance: 'Back at noon.' });
  assert.deepEqual((await ask('GET /')).statuses, [503]);
});

test('REL-6 what is open by this door ends with its right: a request, an event stream and a WebSocket', async () => {
  const state: { over?: 'revoked' } = {};
  const objection = (): 'revoked' | undefined => state.over;
  const answers = [
    ask('GET /events', '', flow({ objection })),
    ask('GET /', `${webSocket}Origin: ${own()}\r\n`, flow({ objection })),
  ];
  const opened = await Promise.all(answers);
  assert.deepEqual(
    opened.flatMap(({ statuses }) => statuses),
    [200, 101],
  );
  const events = bench.device(flow({ objection }));
  const ended = new Promise<void>((resolve) => events.once('close', () => resolve()));
  events.write(`GET /events HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\n\r\n`);
  await new Promise<void>((resolve) => events.once('data', () => resolve()));
  state.over = 'revoked';
  bench.door.recheck();
  await ended;
  assert.deepEqual((await ask('GET /', '', flow({ objection }))).statuses, [403]);
});
