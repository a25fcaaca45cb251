/** What is read of an origin at once leaves as one message to the relay, by whatever TLS the browser speaks. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { connect, createSecureContext, TLSSocket, type SecureVersion } from 'node:tls';
import { originReadBytes } from '../../connector/web/origin-reads.ts';
import { maxDataBytes } from '../../protocol/mux/frames.ts';
import { createAuthority } from '../support/authority.ts';

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
