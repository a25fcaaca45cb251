/** A relay behind a balancer that ends TLS, here a real haproxy: nodes attach through it over wss, and past it nobody speaks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../protocol/clock.ts';
import { attachToRelay } from '../../protocol/link/attachment.ts';
import { listenForNodes } from '../../relay/listener.ts';
import { findProgram } from '../../scripts/programs.ts';
import { freePort } from '../support/servers/free-port.ts';
import { createAuthority } from '../support/authority.ts';
import { eventually } from '../support/eventually.ts';
import { Program } from '../support/lab/program.ts';
import { labClient, RelayLab } from '../support/relay-lab.ts';

const balancer = '127.0.0.9';

/** What the listener answers to somebody who comes from `localAddress` without TLS. */
async function plain(port: number, localAddress: string): Promise<number | string> {
  const asked = request({ host: '127.0.0.1', port, path: '/livez', localAddress, agent: false });
  asked.end();
  try {
    const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    return response.statusCode;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
}

test('SEC-A18: nodes attach through a balancer that ends TLS and are known by their own addresses; past it nobody is heard', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-behind-tls-'));
  const authority = createAuthority(folder);
  const { certFile, keyFile } = authority.issue(['relay.acme.example']);
  writeFileSync(join(folder, 'both.pem'), readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8'), {
    mode: 0o600,
  });
  const relays = new RelayLab();
  await relays.start();
  const heard: (string | undefined)[] = [];
  const { relay } = relays;
  const watched = new Proxy(relay, {
    get(target, key): unknown {
      if (key !== 'handleUpgrade') return Reflect.get(target, key) as unknown;
      return (...args: Parameters<typeof relay.handleUpgrade>) => {
        heard.push(args[0].socket.remoteAddress);
        return target.handleUpgrade(...args);
      };
    },
  });
  const listener = await listenForNodes({
    address: '127.0.0.1',
    port: 0,
    host: 'relay.acme.example',
    relay: () => watched,
    isReady: () => true,
    clock: systemClock,
    trustsProxy: (address) => address === balancer,
    isBehindTls: true,
  });
  const port = await freePort();
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend nodes
    bind 127.0.0.1:${port} ssl crt ${join(folder, 'both.pem')} alpn http/1.1
    default_backend relay
backend relay
    source ${balancer}
    server relay 127.0.0.1:${listener.port} send-proxy-v2
`,
  );
  const proxy = new Program('haproxy', [findProgram('haproxy'), '-db', '-f', join(folder, 'haproxy.cfg')], {
    env: process.env,
    cwd: folder,
    logFile: join(folder, 'haproxy.log'),
  });
  t.after(async () => {
    await proxy.stop('SIGKILL');
    await listener.close();
    await relays.stop();
    rmSync(folder, { recursive: true });
  });
  const node = labClient();
  const attachment = await eventually('an attachment through haproxy', async () =>
    attachToRelay({
      url: `https://127.0.0.1:${port}`,
      relayId: relays.relayId,
      ticket: await node.ticket(),
      machineKey: node.machineKey,
      connect: {
        ca: readFileSync(authority.caFile),
        servername: 'relay.acme.example',
        localAddress: '127.0.0.77',
      } as never,
      clock: systemClock,
    }).catch(() => undefined),
  );
  attachment.close();
  assert.equal(heard.at(-1), '127.0.0.77');

  assert.equal(
    await plain(listener.port, balancer),
    200,
    'a listed balancer speaks for itself, as when it looks for life',
  );
  assert.equal(await plain(listener.port, '127.0.0.8'), 'ECONNRESET');
  assert.equal(heard.length, 1);
});
