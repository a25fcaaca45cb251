/** An organisation's site without namespaces: every server on a free port of loopback, and a wiki as its application. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../../test/support/authority.ts';
import { Place } from '../../test/support/lab/place.ts';
import { Wiki } from '../../test/support/lab/wiki.ts';
import type { OrganisationFile } from '../../test/support/organisation/acme-document.ts';
import type { Endpoint, Site } from '../../test/support/organisation/site.ts';

export interface LoopbackSite extends Site {
  wiki: Wiki;
  /** The wiki's ports: the one its resource lists, and one that listens too. */
  wikiPorts: { listed: number; unlisted: number };
  /** Acme's document with the wiki as its only resource. */
  adapt: (document: OrganisationFile) => OrganisationFile;
  /** Ends every process and removes every file. */
  close(): Promise<void>;
}

/** Makes the site, with the wiki running. */
export async function openLoopbackSite(): Promise<LoopbackSite> {
  const dir = mkdtempSync(join(tmpdir(), 'postern-demo-'));
  chmodSync(dir, 0o700);
  const authority = createAuthority(dir);
  const place = (name: string): Place =>
    new Place({
      namespace: name,
      address: '127.0.0.1',
      dir,
      env: { SSL_CERT_FILE: authority.caFile },
      isThisMachine: true,
    });
  const [internet, hq, laptop] = [place('internet'), place('hq'), place('laptop')];
  const programs = (): readonly Place['programs'][number][] =>
    [laptop, hq, internet].flatMap((each) => each.programs);
  // Also when this process ends by an error: what it started must not stay.
  process.on('exit', () => {
    for (const program of programs()) program.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  const [controller, relay, provider, listed, unlisted] = await freePorts(5);
  const endpoint = (host: string, port = 0): Endpoint => ({ host, address: '127.0.0.1', port });
  const wiki = await Wiki.start(hq, {
    name: 'wiki',
    title: 'Acme wiki',
    address: '127.0.0.1',
    ports: [listed ?? 0, unlisted ?? 0],
  });
  return {
    dir,
    authority,
    internet,
    hq,
    laptop,
    controller: endpoint('access.postern.localhost', controller),
    relay: endpoint('relay.postern.localhost', relay),
    provider: endpoint('localhost', provider),
    wiki,
    wikiPorts: { listed: listed ?? 0, unlisted: unlisted ?? 0 },
    adapt: (document) => ({
      ...document,
      resources: [
        {
          name: 'wiki',
          network: 'hq',
          address: '127.0.0.1',
          alias: 'wiki.acme.internal',
          ports: [`tcp/${listed}`],
        },
      ],
      policies: [{ name: 'ci-wiki', allow: { serviceAccounts: ['ci'] }, to: { resources: ['wiki'] } }],
    }),
    async close() {
      await Promise.all(programs().map((program) => program.stop()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Ports of loopback that nobody listened on a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}
