import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { systemRandom } from '../../protocol/clock.ts';
import type { Fault } from '../../protocol/errors.ts';
import { attachedMessage, encodeChallenge, hopSubprotocol } from '../../protocol/hop.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import { labClient, RelayLab } from '../support/relay-lab.ts';
import { retainedBytes } from '../support/retained-memory.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

// Frames of RFC 6455 below the mux, from a peer that writes them by hand. Client frames are masked, with a zero mask.

const MiB = 1_024 * 1_024;
/** Time stands still: nobody is cut off because he was slow. */
const relays = new RelayLab(new VirtualClock());
const sockets: Socket[] = [];
const attachments: Attachment[] = [];

before(() => relays.start());
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const attachment of attachments.splice(0)) attachment.close();
});
after(() => relays.stop());

/** A frame header that announces `length`, however little follows. */
function header(first: number, length: bigint, masked: boolean): Buffer {
  const bytes = Buffer.alloc(masked ? 14 : 10);
  bytes[0] = first;
  bytes[1] = (masked ? 0x80 : 0) | 127;
  bytes.writeBigUInt64BE(length, 2);
  return bytes;
}

/** A control frame or fragment of fewer than 126 bytes. */
function small(first: number, length: number, masked: boolean): Buffer {
  const head = Buffer.from([first, (masked ? 0x80 : 0) | length]);
  return Buffer.concat([head, Buffer.alloc((masked ? 4 : 0) + length)]);
}

const binary = 0x82;
const ping = 0x89;
const firstFragment = 0x02;
const nextFragment = 0x00;

/** A stranger that has opened a WebSocket at the relay and writes its frames by hand. */
async function stranger(): Promise<Socket> {
  const socket = connect(Number(new URL(relays.url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(
    `GET /hop HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${systemRandom(16).toString('base64')}\r\nSec-WebSocket-Protocol: ${hopSubprotocol}\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket;
}

/** Writes `block` again and again until the other side ends it; how many bytes went out. */
async function pour(socket: Socket, block: Buffer, mostBytes: number): Promise<number> {
  let poured = 0;
  while (!socket.destroyed && poured < mostBytes) {
    poured += block.length;
    if (socket.write(block)) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
  }
  return poured;
}

const announced: [string, bigint][] = [
  ['2 GiB', 2n ** 31n],
  ['2^53 bytes', 2n ** 53n],
  ['2^63 bytes', 2n ** 63n],
  ['2^64 − 1 bytes', 2n ** 64n - 1n],
  ['one byte over 128 KiB', 131_073n],
];

for (const [name, length] of announced) {
  test(`SEC-D6 a stranger that announces ${name} to a relay is cut off before a byte of it is kept`, async () => {
    const socket = await stranger();
    const before = await retainedBytes();
    socket.resume();
    socket.write(header(binary, length, true));
    await until(() => socket.destroyed);
    assert.ok((await retainedBytes()) - before < MiB);
  });
}

for (const [name, block] of [
  ['pings and reads no answer', Buffer.concat(Array.from({ length: 500 }, () => small(ping, 125, true)))],
  [
    'sends a message in fragments without end',
    Buffer.concat(Array.from({ length: 500 }, () => small(nextFragment, 0, true))),
  ],
  [
    'sends fragments of one byte',
    Buffer.concat(Array.from({ length: 500 }, () => small(nextFragment, 1, true))),
  ],
] as const) {
  test(`SEC-D3 SEC-D4 a stranger that ${name} is cut off or stopped, and costs the relay little`, async () => {
    const socket = await stranger();
    socket.pause();
    const before = await retainedBytes();
    if (!name.startsWith('pings')) socket.write(small(firstFragment, 1, true));
    await pour(socket, block, 32 * MiB);
    const grown = (await retainedBytes()) - before;
    assert.ok(grown < 12 * MiB, `${grown} bytes`);
    // Others are served meanwhile.
    attachments.push(await attachToRelay(await relays.attachOptions(labClient())));
  });
}

/** A relay that lets the node attach and then writes `bytes` by hand. */
async function evilRelay(bytes: Buffer): Promise<{ server: Server; url: string }> {
  const server = createServer();
  const webSockets = new WebSocketServer({ server, handleProtocols: () => hopSubprotocol });
  webSockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', () => undefined);
    socket.once('message', () => {
      socket.send(attachedMessage, () => request.socket.write(bytes));
    });
    socket.send(encodeChallenge({ nonce: systemRandom(32), relay: relays.relayId }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

for (const [name, length] of announced) {
  test(`T1 SEC-D6 a relay that announces ${name} to a node loses it, and the node lives`, async () => {
    const { server, url } = await evilRelay(header(binary, length, false));
    try {
      const before = await retainedBytes();
      const attachment = await attachToRelay({ ...(await relays.attachOptions(labClient())), url });
      let fault: Fault | undefined;
      void attachment.closed.then((ended) => (fault = ended));
      await until(() => fault !== undefined);
      assert.equal(fault?.code, 'unreachable');
      assert.ok((await retainedBytes()) - before < MiB);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
}
