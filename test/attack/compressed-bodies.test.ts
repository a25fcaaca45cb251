/** SEC-D5: what comes in is never unpacked. Bodies of the API, messages of both WebSockets, tokens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { controlPath, controlSubprotocol } from '../../protocol/discovery.ts';
import { hopPath, hopSubprotocol } from '../../protocol/hop.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import { isForAdministrators } from '../controller/support/administrators-route.ts';
import { twoOrganisations } from '../controller/support/two-organisations.ts';

const packers = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
} as const;

test('SEC-D5: a compressed body is refused by every route that takes one, and nothing comes of it', async (t) => {
  const world = await twoOrganisations(t);
  const { portal, context } = world;
  const { store } = context.organisation(context.firstOrganisation);
  const bearer = { authorization: `Bearer ${await world.token('admin')}` };
  const count = async (): Promise<number[]> =>
    Promise.all(
      (['documents', 'api_tokens', 'enrolment_keys'] as const).map(
        async (table) => (await store.select(table).selectAll().execute()).length,
      ),
    );
  const plain = await portal.inject({
    method: 'POST',
    url: '/api/v1/tokens',
    headers: { ...bearer, 'content-type': 'application/json' },
    payload: JSON.stringify({ role: 'auditor' }),
  });
  assert.equal(plain.statusCode, 201, 'the same in plain is taken');
  const before = await count();
  const bodies: Record<string, object> = {
    '/api/v1/tokens': { role: 'admin' },
    '/api/v1/enrolment-keys': { purpose: 'relay', name: 'r9' },
    '/api/v1/document': { ...acmeDocument(), groups: ['staff', 'sre', 'automation', 'more'] },
  };
  let asked = 0;
  for (const { method, url, access } of portal.declaredRoutes) {
    if (['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method) || access === 'public') continue;
    if (!isForAdministrators(access) && !access.includes('person')) continue;
    const { cookie } = await world.cookie(context.firstOrganisation);
    const origin = 'https://access.acme.example:8443';
    const headers = isForAdministrators(access)
      ? bearer
      : { cookie: `__Host-postern-session=${cookie}`, origin, 'sec-fetch-site': 'same-origin' };
    for (const [encoding, pack] of Object.entries(packers)) {
      const answer = await portal.inject({
        method: method as 'POST',
        url: url.replace(/:(\w+)/g, 'nothing'),
        remoteAddress: `10.0.${asked >> 8}.${asked & 255}`,
        headers: { ...headers, 'content-type': 'application/json', 'content-encoding': encoding },
        payload: pack(JSON.stringify(bodies[url] ?? { code: 'BCDF-GHJK' })),
      });
      const place = `${method} ${url} in ${encoding}: ${answer.statusCode} ${answer.body}`;
      assert.ok([400, 404, 415].includes(answer.statusCode), place);
      if (bodies[url] !== undefined) assert.equal(answer.statusCode, 400, place);
      asked += 1;
    }
  }
  assert.ok(asked >= 40, `${asked} asked`);
  assert.deepEqual(await count(), before);
});

test('SEC-D5: neither WebSocket agrees on compression, whatever a peer offers', async (t) => {
  const controller = await StartedController.start(t);
  for (const [path, subprotocol] of [
    [controlPath, controlSubprotocol],
    [hopPath, hopSubprotocol],
  ] as const) {
    const socket = new WebSocket(`wss://127.0.0.1:${controller.url.port}${path}`, subprotocol, {
      ca: controller.ca,
      perMessageDeflate: { serverMaxWindowBits: 15, threshold: 0 },
    });
    await once(socket, 'open');
    assert.equal(socket.extensions, '');
    assert.equal(socket.protocol, subprotocol);
    socket.terminate();
  }
});
