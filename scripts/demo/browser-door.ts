/**
 * A way for a browser of this machine onto the demo's laptop: an HTTP proxy on loopback whose other end is a process in
 * the laptop's namespace, so that a person can sign in and look at the wiki in their own browser.
 */
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../test/support/lab/lab.ts';
import type { Organisation } from '../../test/support/organisation/organisation.ts';

export interface BrowserDoor {
  /** On 127.0.0.1. */
  port: number;
  /** Starts a browser that goes through it. */
  command: string;
}

/** Opens it until the lab closes. */
export async function openBrowserDoor(lab: Lab, organisation: Organisation): Promise<BrowserDoor> {
  const socket = join(lab.dir, 'browser-door');
  const script = fileURLToPath(new URL('./laptop-proxy.ts', import.meta.url));
  await lab.laptop.spawn('node', [script, socket], { name: 'laptop-proxy' }).waitFor(/^ready$/m);
  const server = createServer((browser) => {
    const laptop = connect(socket);
    pipeline(browser, laptop, browser, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const { port } = server.address() as AddressInfo;
  // The profile is thrown away and its network ends in the lab, whose two authorities no browser knows.
  const command = [
    'chromium --no-sandbox --user-data-dir=$(mktemp -d)',
    `--proxy-server=127.0.0.1:${port} --proxy-bypass-list='<-loopback>'`,
    `--ignore-certificate-errors ${organisation.url}/`,
  ].join(' ');
  return { port, command };
}
