/**
 * What the web rows measure, on loopback: an application behind a whole Postern (relay over TLS, connector, somebody signed
 * in), and the same application behind bare `@fastify/http-proxy` and behind Caddy, each with a P-256 certificate of one
 * authority. Nothing here but what all of them need.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, openLoopbackSite } from '../../scripts/demo/loopback-site.ts';
import type { Place } from '../../test/support/lab/place.ts';
import { Organisation } from '../../test/support/organisation/organisation.ts';
import { startCaddy } from '../peers/caddy.ts';
import { signInAt } from './browser.ts';

const host = 'wiki.acme.example';
const email = 'alice@acme.example';

/** One way to the application. */
export interface WebWay {
  readonly host: string;
  readonly port: number;
  /** What each request carries. */
  readonly cookie: string | undefined;
  /** Who carries its bytes between the browser and the application. */
  readonly pids: readonly number[];
}

export interface WebSite {
  readonly place: Place;
  readonly ours: WebWay;
  readonly httpProxy: WebWay;
  readonly caddy: WebWay;
  close(): Promise<void>;
}

/** Starts all of it. Whoever opens it closes it. */
export async function openWebSite(): Promise<WebSite> {
  const loopback = await openLoopbackSite();
  const [webPort = 0, caddyPort = 0] = await freePorts(2);
  const site = { ...loopback, webDoor: { address: '127.0.0.1', port: webPort } };
  const { dir, authority, hq: place } = site;
  try {
    const tls = authority.issue([host]);
    const certificates = join(dir, 'certificates');
    mkdirSync(certificates);
    for (const file of [tls.certFile, tls.keyFile])
      copyFileSync(file, join(certificates, file.slice(dirname(file).length)));
    const [, originPort] = await serve(place, 'web/origin-server.ts');
    const origin = `http://127.0.0.1:${originPort}`;
    const organisation = await Organisation.start(site, {
      adapt: (document) => ({
        ...document,
        resources: [
          {
            name: 'wiki',
            network: 'hq',
            address: '127.0.0.1',
            alias: 'wiki.acme.internal',
            ports: [`tcp/${originPort}`],
            web: { hostname: host, origin },
          },
        ],
        policies: [{ name: 'staff-wiki', allow: { groups: ['staff'] }, to: { resources: ['wiki'] } }],
      }),
      connectorArgs: ['--web-certs', certificates],
    });
    const { provider, relay, connector } = organisation;
    const url = new URL(`https://${host}:${webPort}/`);
    const cookie = await signInAt(url, { email, password: provider.person(email).password });
    const [httpProxyPid, httpProxyPort] = await serve(
      place,
      'peers/http-proxy-server.ts',
      origin,
      tls.certFile,
      tls.keyFile,
    );
    const caddyPid = await startCaddy(place, { dir, host, port: caddyPort, origin, tls });
    return {
      place,
      ours: { host, port: webPort, cookie, pids: [relay.pid, connector.pid] },
      httpProxy: { host, port: httpProxyPort, cookie: undefined, pids: [httpProxyPid] },
      caddy: { host, port: caddyPort, cookie: undefined, pids: [caddyPid] },
      close: () => site.close(),
    };
  } catch (error) {
    await site.close();
    throw error;
  }
}

/** Starts a program of the bench, which prints its port. */
async function serve(place: Place, script: string, ...args: string[]): Promise<[pid: number, port: number]> {
  const file = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const program = place.spawn(process.execPath, [file, ...args], { name: script.replace('/', '-') });
  const [, port] = await program.waitFor(/listening on (\d+)/);
  return [program.pid, Number(port)];
}
