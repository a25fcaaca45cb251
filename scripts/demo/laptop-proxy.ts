/**
 * A small HTTP proxy on a Unix socket, run on the demo's laptop for a browser that is elsewhere: CONNECT, and plain
 * requests with an absolute URL. Names are looked up here, as the laptop sees them.
 *
 *   node laptop-proxy.ts SOCKET
 */
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';

const server = createServer((asked, answer) => {
  const onward = request(asked.url ?? '', { method: asked.method, headers: asked.headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    pipeline(response, answer, () => undefined);
  });
  onward.on('error', (error) => {
    if (!answer.headersSent) answer.writeHead(502, { 'content-type': 'text/plain' });
    answer.end(`${error.message}\n`);
  });
  pipeline(asked, onward, () => undefined);
});

server.on('connect', ({ url }, browser, head: Buffer) => {
  const { hostname, port } = new URL(`http://${url}`);
  const target = connect(Number(port === '' ? 80 : port), hostname, () => {
    browser.write('HTTP/1.1 200 OK\r\n\r\n');
    target.write(head);
    pipeline(browser, target, browser, () => undefined);
  });
  target.once('error', () => browser.destroy());
  browser.once('error', () => target.destroy());
});

server.listen(process.argv[2], () => process.stdout.write('ready\n'));
