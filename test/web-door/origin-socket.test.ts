/**
 * What is read of an origin: at once what leaves as one message to the relay, by whatever TLS the browser speaks; each byte once
 * and in order, whoever takes it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { connect, createSecureContext, TLSSocket, type SecureVersion } from 'node:tls';
import { originReadBytes, OriginSocket } from '../../connector/web/origin-socket.ts';
import { maxDataBytes } from '../../protocol/mux/frames.ts';
import { createAuthority } from '../support/authority.ts';
import { until } from '../support/until.ts';

/** One end of two joined streams; counts what is written to it. */
class End extends Duplex {
  other!: End;
  written = 0;

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.written += bytes.length;
    this.other.push(bytes);
    done();
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] satisfies SecureVersion[]) {
  test(`a whole read as a chunk of an answer over ${version} is one DATA frame`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-reads-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const { certFile, keyFile } = createAuthority(folder).issue(['wiki.acme.example']);
    const [near, far] = [new End(), new End()];
    [near.other, far.other] = [far, near];
    const secureContext = createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    const browser = connect({
      socket: far,
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
    });
    const door = new TLSSocket(near, { isServer: true, secureContext });
    let heard = 0;
    browser.on('data', (bytes: Buffer) => (heard += bytes.length));
    const chunk = Buffer.alloc(originReadBytes, 'a');
    const framed = Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]);
    await new Promise<void>((resolve) => browser.once('secureConnect', resolve));
    // What ends the handshake has gone by then.
    await new Promise<void>((resolve) => door.write('a', () => resolve()));
    const before = near.written;
    await new Promise<void>((resolve) => door.write(framed, () => resolve()));
    assert.equal(heard, framed.length + 1);
    const length = near.written - before;
    assert.ok(length > originReadBytes && length <= maxDataBytes, `${length} bytes`);
    browser.destroy();
    door.destroy();
  });
}

/** A connected origin socket, and the other end of it. */
async function connected(t: TestContext): Promise<{ socket: OriginSocket; origin: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = new OriginSocket();
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [origin] = await accepted;
  t.after(() => {
    socket.destroy();
    origin.destroy();
    server.close();
  });
  return { socket, origin };
}

/** Bytes that tell each place from every other. */
const sent = Buffer.from(Array.from({ length: 60_000 }, (_, at) => `${at}\n`).join(''));

test('who waits for `readable` has all bytes in order, also those it did not take at once', async (t) => {
  const { socket, origin } = await connected(t);
  origin.end(sent);
  const heard: Buffer[] = [];
  let times = 0;
  let isBusy = false;
  const take = (): void => {
    isBusy = false;
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) heard.push(bytes);
  };
  socket.on('readable', () => {
    if (isBusy) return;
    times++;
    // Every second time it is busy, and looks when more has come.
    isBusy = times % 2 === 0;
    if (isBusy) setImmediate(() => setImmediate(take));
    else take();
  });
  await once(socket, 'end');
  assert.ok(times > 3, `${times} times`);
  assert.ok(Buffer.concat(heard).equals(sent));
});

test('what was left comes before what is read after it', async (t) => {
  const { socket, origin } = await connected(t);
  const heard: string[] = [];
  let isBusy = true;
  const take = (): void => {
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) heard.push(String(bytes));
  };
  socket.on('readable', () => {
    if (!isBusy) take();
  });
  origin.write('one');
  await until(() => socket.bytesRead === 3);
  isBusy = false;
  origin.write('two');
  await until(() => socket.bytesRead === 6);
  take();
  assert.equal(heard.join(''), 'onetwo');
});

test('what was handed over is not written over by what is read after it', async (t) => {
  const [one, other] = [await connected(t), await connected(t)];
  const kept: Buffer[] = [];
  for (const { socket } of [one, other])
    socket.on('readable', () => {
      for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) kept.push(bytes);
    });
  one.origin.end('for one person');
  await once(one.socket, 'end');
  other.origin.end('for another one');
  await once(other.socket, 'end');
  assert.deepEqual(kept.map(String), ['for one person', 'for another one']);
});

test('who takes nothing is sent no more than it can hold, and has the rest when it takes', async (t) => {
  const { socket, origin } = await connected(t);
  const much = Buffer.alloc(32 * 1_024 * 1_024, 'a');
  let isFirst: (() => void) | undefined;
  const first = new Promise<void>((resolve) => (isFirst = resolve));
  const waits = (): void => isFirst?.();
  socket.on('readable', waits);
  origin.end(much);
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(socket.bytesRead < 1_024 * 1_024, `${socket.bytesRead} bytes`);
  let heard = 0;
  socket.on('readable', () => {
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) heard += bytes.length;
  });
  for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) heard += bytes.length;
  await once(socket, 'end');
  assert.equal(heard, much.length);
});

test('who listens for `data`, as upgraded connections do, is told of it as by any socket', async (t) => {
  const { socket, origin } = await connected(t);
  const heard: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => heard.push(bytes));
  origin.end(sent);
  await once(socket, 'end');
  assert.ok(Buffer.concat(heard).equals(sent));
});
