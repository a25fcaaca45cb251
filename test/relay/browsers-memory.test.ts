/** Browsers that ask for much and read nothing: what the relay holds for them, and what that costs the nodes beside them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { after, before, test } from 'node:test';
import { systemClock } from '../../protocol/clock.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { Circuits, type HoldsBytes } from '../../relay/circuits.ts';
import { boundsOfBrowsers } from '../../relay/web-door.ts';
import { listenForBrowsers, type WebListener } from '../../relay/web-listener.ts';
import { CircuitEnd } from '../support/circuit-end.ts';
import { lab, labClient, labConnector, RelayLab } from '../support/relay-lab.ts';
import { until } from '../support/until.ts';

const memoryBytes = 4 * 1_048_576;
const browsers = 60;
const place = new RelayLab();
const open: Attachment[] = [];
const sockets: Socket[] = [];
let listener: WebListener;

before(async () => {
  place.memoryBytes = memoryBytes;
  await place.start();
  const { door } = place.relay;
  listener = await listenForBrowsers({ address: '127.0.0.1', port: 0, clock: systemClock, door: () => door });
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  for (const attachment of open) attachment.close();
  await listener.close();
  await place.stop();
});

/** A ClientHello for this name, as a TLS client writes it. */
async function helloFor(servername: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connectTls({ port, host: '127.0.0.1', servername });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

test('REL-10 browsers that never read hold half of a relay’s memory at most, lose the fullest of their own, and no node loses its circuit', async () => {
  const streams: MuxStream[] = [];
  const ended: MuxStream[] = [];
  const block = Buffer.alloc(32_768, 7);
  const connector = labConnector();
  const taken: CircuitEnd[] = [];
  open.push(
    await attachToRelay({
      ...(await place.attachOptions(connector, { hosts: ['wiki.acme.example'] })),
      onCircuit: (carrier, from) => void taken.push(new CircuitEnd(carrier, from)),
      // Sends as fast as it may, without end.
      onWeb(stream) {
        stream.on('error', () => undefined);
        stream.once('close', () => ended.push(stream));
        stream.accept();
        stream.resume();
        streams.push(stream);
        const more = (): void => {
          while (!stream.destroyed && stream.write(block));
        };
        stream.on('drain', more);
        more();
      },
    }),
  );
  const client = await attachToRelay(await place.attachOptions(labClient()));
  open.push(client);
  const slow = new CircuitEnd(client.openCircuit(connector.id));
  await until(() => taken.length === 1);
  slow.carrier.pause();
  // A node that reads slowly: the fullest circuit there is.
  await taken[0]?.fill(16, 300);

  const hello = await helloFor('wiki.acme.example');
  for (let count = 0; count < browsers; count += 1) {
    const socket = connectTcp({ port: listener.port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    sockets.push(socket);
    socket.pause();
    socket.write(hello);
  }
  await until(() => streams.length === browsers);
  // What one of them asked for fills its stream's first window of 256 KiB, but for a record that is still on its way.
  const most = memoryBytes / 2 / (192 * 1_024);
  await until(() => browsers - ended.length <= most);
  assert.ok(ended.length < browsers, 'not all of them are cut');
  assert.equal(taken[0]?.fault, undefined, 'the node keeps its circuit');
  assert.equal(slow.fault, undefined);
});

test('of what is weighed browsers have half, whoever else holds little', () => {
  const circuits = new Circuits(1_000);
  const cut: string[] = [];
  const holding = (name: string, bytes: number, isBrowsers: boolean): void => {
    const circuit: HoldsBytes & { heldBytes: number } = {
      heldBytes: bytes,
      isBrowsers,
      cut() {
        circuit.heldBytes = 0;
        cut.push(name);
      },
    };
    circuits.add(circuit, lab.org);
  };
  holding('node', 450, false);
  holding('small', 100, true);
  holding('middle', 200, true);
  circuits.weigh();
  assert.deepEqual(cut, []);
  holding('large', 240, true);
  circuits.weigh();
  assert.deepEqual(cut, ['large']);
  holding('second node', 300, false);
  circuits.weigh();
  assert.deepEqual(cut, ['large', 'node'], 'all together have the whole');
});

test('how many connections one source may hold is set by one number', () => {
  assert.deepEqual(boundsOfBrowsers(1_024), {
    unfinished: 1_024,
    unfinishedOfSource: 128,
    passedOfSource: 1_024,
  });
  assert.deepEqual(boundsOfBrowsers(16), { unfinished: 1_024, unfinishedOfSource: 16, passedOfSource: 16 });
  assert.deepEqual(boundsOfBrowsers(100_000), {
    unfinished: 25_000,
    unfinishedOfSource: 12_500,
    passedOfSource: 100_000,
  });
});
