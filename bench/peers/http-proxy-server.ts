/**
 * The peer: `@fastify/http-proxy` as it comes, behind TLS in one process, without sign-in, policy or relay.
 *
 *   node http-proxy-server.ts ORIGIN CERTIFICATE KEY          prints its port
 */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [upstream = '', certificate = '', key = ''] = process.argv.slice(2);
const app = fastify({
  https: { cert: readFileSync(certificate), key: readFileSync(key) },
  logger: false,
});
await app.register(httpProxy, { upstream, disableRequestLogging: true });
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening on ${(app.server.address() as AddressInfo).port}`);
