/**
 * Whether a Postern server on this machine is ready, as an exit code: 0 or 1. Given an address, its answer to that request
 * counts; given a state folder, what a connector says on its local socket. For the images, which have no curl.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';

const [, , target = ''] = process.argv;
const timeout = 4_000;

/** The certificate names the public address, not this machine's; nothing but an answer's number is used. */
const ask = URL.canParse(target)
  ? (target.startsWith('https:') ? requestHttps : requestHttp)(target, { timeout, rejectUnauthorized: false })
  : requestHttp({ socketPath: join(target, 'postern.sock'), path: '/v1/status', timeout });

ask.on('timeout', () => process.exit(1));
ask.on('error', () => process.exit(1));
ask.on('response', async (response) => {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  const isReady = URL.canParse(target) || JSON.parse(text).state === 'ready';
  process.exit(response.statusCode === 200 && isReady ? 0 : 1);
});
ask.end();
