/**
 * What is open through the web door is judged for as long as it is open: a rule, a group, a sign-in that grows old or a site
 * that is no longer listed ends it as it would refuse it, for answers that stream and for upgraded connections, by both doors.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { DeviceFlow } from '../../connector/flows/device-flow.ts';
import type { Right } from '../../connector/flows/right.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId } from '../../protocol/ids.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import type { ConnectorWeb, PathRule } from '../../protocol/web-resource.ts';
import { inFrontOf, urlOf, webSocket } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

const origin = createServer((request, response) => {
  request.resume();
  if (request.url === '/groups') {
    response.end(request.headers['remote-groups']);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: 1\n\n');
});
origin.on('upgrade', (_request, socket) => {
  socket.on('error', () => undefined);
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
  socket.pipe(socket);
});

let bench: WebBench;
let opened: TLSSocket[] = [];
before(async () => {
  bench = await inFrontOf(origin);
});
after(() => bench.close());
beforeEach(() => {
  opened = [];
  bench.records.length = 0;
});
afterEach(() => {
  for (const socket of opened) socket.destroy();
});

const nowS = (): number => Math.floor(Date.now() / 1_000);
const rules = (...list: PathRule[]): Partial<ConnectorWeb> => ({ rules: list });
const publish = (changes: Partial<ConnectorWeb> = {}): void => bench.publish(wiki, [urlOf(origin)], changes);

/** Who comes, and how their connection begins. */
interface Comer {
  readonly headers: string;
  readonly connect: () => TLSSocket;
}

const stranger: Comer = { headers: '', connect: () => bench.raw() };

async function browser(groups: readonly string[], signedInS = nowS()): Promise<Comer> {
  const { cookie } = await bench.signIn(wiki, {
    who: { name: 'Alice', email: 'alice@acme.example', groups },
    auth_time: signedInS,
  });
  return { headers: `Cookie: ${cookie}\r\n`, connect: () => bench.raw() };
}

/** A device whose right says at any time what `who` says then. */
function device(who: () => Pick<Right, 'who' | 'signedInS'>): Comer {
  const id = newId('dev', systemRandom(16));
  const resource = bench.resourceOf(wiki) as DeviceFlow['resource'];
  const jti = newId('tok', systemRandom(16));
  const sub = newId('usr', systemRandom(16));
  const right = (): Right => ({
    door: 'client',
    device: id,
    id: jti,
    resource,
    sub,
    ids: [],
    ...who(),
    now: right,
    endsMs: () => Number.POSITIVE_INFINITY,
  });
  const flow = { host: parseName(wiki) as Name, resource, device: id, right };
  return { headers: '', connect: () => bench.device(flow) };
}

/** An answer that streams, or a WebSocket, once it has begun; `isOver` says whether it has been cut. */
async function begin(
  { headers, connect }: Comer,
  path: string,
  further = '',
  method = 'GET',
): Promise<{ readonly isOver: () => boolean; readonly ended: Promise<void>; readonly status: number }> {
  const socket = connect();
  opened.push(socket);
  let isOver = false;
  const ended = new Promise<void>((resolve) =>
    socket.once('close', () => {
      isOver = true;
      resolve();
    }),
  );
  const began = Promise.withResolvers<string>();
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (text.includes('\r\n\r\n')) began.resolve(text);
  });
  socket.once('close', () => began.resolve(text));
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\n${headers}${further}\r\n`;
  socket.write(head);
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(await began.promise)?.[1]);
  return { isOver: () => isOver, ended, status };
}

/** Opens `path` as a stream and as an upgrade, which stay until `change` happens, and are over then. */
async function bothEndBy(comer: Comer, path: string, change: () => void, further = ''): Promise<void> {
  const flows = [await begin(comer, path), await begin(comer, path, `${webSocket}${further}`)];
  assert.deepEqual(
    flows.map(({ status }) => status),
    [200, 101],
  );
  bench.door.recheck();
  assert.equal(bench.door.openExchanges, 2, 'nothing has changed yet');
  change();
  bench.door.recheck();
  assert.equal(bench.door.openExchanges, 0);
  await Promise.all(flows.map(({ ended }) => ended));
}

const causes = (): (string | undefined)[] =>
  bench.records.filter(({ event }) => event === 'close').map(({ code, cause }) => cause ?? code);

describe('REL-6 by the web door, what is open ends when it would be refused', () => {
  test('a public path that is public no more: strangers are cut', async () => {
    publish(rules({ paths: ['/open/*'], effect: 'public' }));
    await bothEndBy(stranger, '/open/a', () => publish());
    assert.deepEqual(causes(), ['sign-in-needed', 'sign-in-needed']);
  });

  test('a path that is closed to everyone: whoever is there is cut', async () => {
    publish();
    const alice = await browser(['staff']);
    const change = (): void => publish(rules({ paths: ['/admin/*'], effect: 'block' }));
    await bothEndBy(alice, '/admin/a', change);
    assert.deepEqual(causes(), ['path-blocked', 'path-blocked']);
  });

  test('a group that a rule asks for is lost while the resource stays: the session was replaced, and what it opened is cut', async () => {
    publish(rules({ paths: ['/admin/*'], effect: 'require', groups: ['sre'] }));
    const { cookie, session } = await bench.signIn(wiki, {
      who: { name: 'Alice', email: 'alice@acme.example', groups: ['staff', 'sre'] },
    });
    const alice: Comer = { headers: `Cookie: ${cookie}\r\n`, connect: () => bench.raw() };
    const elsewhere = await begin(alice, '/wiki');
    const lose = async (): Promise<void> => {
      const { jws } = await bench.session(wiki, session.ch, {
        ses: session.ses,
        who: { name: 'Alice', email: 'alice@acme.example', groups: ['staff'] },
      });
      // In one go, as it comes: the older ends before the newer one can be verified.
      bench.door.receive({ t: 'web', list: [jws] });
      bench.lease.revoke({ epoch: 2, ids: [session.jti], reason: 'group' });
      bench.door.recheck();
    };
    const flows = [await begin(alice, '/admin/a'), await begin(alice, '/admin/a', webSocket)];
    await lose();
    await Promise.all(flows.map(({ ended }) => ended));
    assert.deepEqual(causes(), ['group-needed', 'group-needed']);
    assert.equal(elsewhere.isOver(), false, 'what the rule does not concern goes on');
    assert.equal(bench.door.openExchanges, 1);
  });

  test('a rule that asks for a newer sign-in ends what is open when the sign-in has grown old, and says when that is', async () => {
    publish(rules({ paths: ['/money/*'], effect: 'require', signIn: 600 }));
    const signedInS = nowS() - 300;
    const alice = await browser(['staff'], signedInS);
    const flow = await begin(alice, '/money/a', webSocket);
    assert.equal(flow.status, 101);
    assert.equal(bench.door.recheck(), (signedInS + 600) * 1_000 + 1, 'when it is looked at again');
    publish(rules({ paths: ['/money/*'], effect: 'require', signIn: 299 }));
    bench.door.recheck();
    await flow.ended;
    assert.deepEqual(causes(), ['sign-in-too-old']);
    assert.deepEqual(bench.records.at(-1)?.code, 'expired');
  });

  test('maintenance begins: nobody stays', async () => {
    publish();
    const change = (): void => publish({ maintenance: 'Back at noon.' });
    await bothEndBy(await browser(['staff']), '/', change);
    assert.deepEqual(causes(), ['maintenance', 'maintenance']);
  });

  test('sessions are bound to addresses from now on: what a cookie opened from another address is cut', async () => {
    publish();
    const { cookie } = await bench.signIn(wiki, { src: '127.0.0.1' });
    const from = (address: string): Comer => ({
      headers: `Cookie: ${cookie}\r\n`,
      connect: () => bench.raw(wiki, 'http/1.1', address),
    });
    const own = await begin(from('127.0.0.1'), '/', webSocket);
    const elsewhere = await begin(from('127.0.0.2'), '/', webSocket);
    bench.door.recheck();
    assert.equal(bench.door.openExchanges, 2, 'nothing has changed yet');
    publish({ bySource: true });
    bench.door.recheck();
    await elsewhere.ended;
    assert.equal(own.isOver(), false, 'it is where it signed in');
    assert.equal(bench.door.openExchanges, 1);
    assert.deepEqual(causes(), ['denied']);
  });

  test('a site that is listed no more loses the WebSockets of its pages', async () => {
    const site = 'https://partner.example';
    publish({ allowOrigins: [site] });
    const flow = await begin(await browser(['staff']), '/', `${webSocket}Origin: ${site}\r\n`);
    assert.equal(flow.status, 101);
    publish();
    bench.door.recheck();
    await flow.ended;
    assert.deepEqual(causes(), ['foreign-origin']);
  });

  test('a preflight of a listed site is answered to its end, and no longer than its site is listed', async () => {
    const site = 'https://partner.example';
    publish({ allowOrigins: [site] });
    const headers = `Origin: ${site}\r\nAccess-Control-Request-Method: PUT\r\n`;
    const flow = await begin(stranger, '/', headers, 'OPTIONS');
    assert.equal(flow.status, 200);
    bench.door.recheck();
    assert.equal(flow.isOver(), false);
    assert.equal(bench.door.openExchanges, 1);
    publish();
    bench.door.recheck();
    await flow.ended;
    assert.deepEqual(causes(), ['sign-in-needed']);
  });

  test('a change of the rules that concerns neither path nor person ends nothing', async () => {
    publish(rules({ paths: ['/open/*'], effect: 'public' }));
    const flows = [await begin(stranger, '/open/a'), await begin(await browser(['staff']), '/b', webSocket)];
    publish(
      rules(
        { paths: ['/open/*'], effect: 'public' },
        { paths: ['/admin/*'], effect: 'block' },
        { paths: ['/b'], effect: 'require', groups: ['staff'] },
      ),
    );
    bench.door.recheck();
    assert.equal(bench.door.openExchanges, 2);
    assert.deepEqual(
      flows.map(({ isOver }) => isOver()),
      [false, false],
    );
  });
});

describe('REL-6 by the client door, what is open ends when it would be refused', () => {
  const own = (): string => `Origin: https://${wiki}:${bench.port}\r\n`;

  test('a path is blocked, a group is lost, a sign-in grows old, a public path is closed to another site', async () => {
    const state = { groups: ['sre'], signedInS: nowS() };
    const bob = device(() => ({
      who: { name: 'Bob', email: 'bob@acme.example', groups: state.groups },
      signedInS: state.signedInS,
    }));
    const cases: [string, Partial<ConnectorWeb>, () => void][] = [
      ['/a', {}, () => publish(rules({ paths: ['/a'], effect: 'block' }))],
      [
        '/admin/a',
        rules({ paths: ['/admin/*'], effect: 'require', groups: ['sre'] }),
        () => (state.groups = ['staff']),
      ],
      [
        '/money/a',
        rules({ paths: ['/money/*'], effect: 'require', signIn: 300 }),
        () => (state.signedInS = nowS() - 301),
      ],
    ];
    for (const [path, changes, change] of cases) {
      publish(changes);
      await bothEndBy(bob, path, change, own());
    }
    publish(rules({ paths: ['/open'], effect: 'public' }));
    const page = await begin(bob, '/open', 'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n');
    assert.equal(page.status, 200);
    publish();
    bench.door.recheck();
    await page.ended;
  });
});
