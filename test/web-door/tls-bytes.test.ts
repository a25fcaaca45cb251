/** TLS over a stream of the mux, as the door ends it: whole, no faster than it is read, and over with its stream. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { tlsBytes } from '../../connector/web/tls-bytes.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { createAuthority } from '../support/authority.ts';
import { muxPair } from '../support/mux-pair.ts';
import { settle } from '../support/settle.ts';

/** A browser's TLS and the door's, over two ends of a stream. */
async function joined(t: TestContext): Promise<{ browser: TLSSocket; door: TLSSocket; stream: MuxStream }> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { certFile, keyFile } = createAuthority(folder).issue(['wiki.acme.example']);
  const pair = muxPair();
  const near = pair.dialler.mux.openStream(Buffer.from('hello'));
  await settle();
  const { stream } = pair.acceptor.incoming[0]!;
  stream.accept();
  const secureContext = createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  const door = new TLSSocket(tlsBytes(stream), { isServer: true, secureContext });
  const browser = connect({ socket: near, rejectUnauthorized: false });
  for (const each of [door, browser]) each.on('error', () => undefined);
  t.after(() => [door, browser].forEach((each) => each.destroy()));
  await once(browser, 'secureConnect');
  return { browser, door, stream };
}

const much = Buffer.from(Array.from({ length: 400_000 }, (_, at) => `${at}\n`).join(''));

test('all bytes arrive both ways at once, in order, and each end after them', async (t) => {
  const { browser, door } = await joined(t);
  const heard = async (end: TLSSocket): Promise<Buffer> => {
    const all: Buffer[] = [];
    end.on('data', (bytes: Buffer) => all.push(bytes));
    await once(end, 'end');
    return Buffer.concat(all);
  };
  const both = Promise.all([heard(browser), heard(door)]);
  for (let at = 0; at < much.length; at += 100_000) door.write(much.subarray(at, at + 100_000));
  door.end();
  browser.end(much);
  const [down, up] = await both;
  assert.ok(down.equals(much) && up.equals(much));
});

test('the door sends a browser that does not read no more than it holds', async (t) => {
  const { browser, door, stream } = await joined(t);
  browser.pause();
  let isTaken = false;
  door.write(much, () => (isTaken = true));
  await settle();
  assert.equal(isTaken, false);
  assert.ok(stream.bytesSent < 512 * 1_024, `${stream.bytesSent} bytes`);
});

test('a door that reads nothing takes no more than it holds', async (t) => {
  const { browser, door, stream } = await joined(t);
  door.pause();
  browser.write(much);
  await settle();
  assert.ok(stream.bytesReceived < 1_024 * 1_024, `${stream.bytesReceived} bytes`);
  let heard = 0;
  door.on('data', (bytes: Buffer) => (heard += bytes.length));
  browser.end();
  door.resume();
  await once(door, 'end');
  assert.equal(heard, much.length);
});

test('what ends the stream ends its TLS, and the other way round', async (t) => {
  const one = await joined(t);
  one.stream.reset('revoked');
  await once(one.door, 'close');
  const other = await joined(t);
  other.door.destroy();
  await once(other.stream, 'close');
});
