/**
 * A controller with its relay, a port for browsers, connectors that share a CA (pebble) and are as the command line starts
 * them: all real, in one process but for the CA. Whoever opens one closes it.
 */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { pino } from 'pino';
import { startConnector, type Connector } from '../../../connector/connector.ts';
import { systemClock } from '../../../protocol/clock.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../../../protocol/secrets.ts';
import type { HostCertificate } from '../../../protocol/web-messages.ts';
import { listenForBrowsers, type WebListener } from '../../../relay/web-listener.ts';
import { StartedController } from '../../controller/support/started-controller.ts';
import { acmeDocument } from '../../controller/support/document.ts';
import { createAuthority } from '../../support/authority.ts';
import { eventually } from '../../support/eventually.ts';
import { Pebble } from '../../support/acme/pebble.ts';
import { startTxtServer } from '../../support/acme/txt-server.ts';

interface AfterTest {
  after(done: () => Promise<void>): void;
}

export class AcmeOrganisation {
  readonly controller: StartedController;
  readonly pebble: Pebble;
  readonly folder: string;
  readonly #listener: WebListener;
  readonly #ca: string;
  readonly #connectors = new Map<string, Connector>();

  private constructor(given: {
    controller: StartedController;
    pebble: Pebble;
    folder: string;
    listener: WebListener;
    ca: string;
  }) {
    this.controller = given.controller;
    this.pebble = given.pebble;
    this.folder = given.folder;
    this.#listener = given.listener;
    this.#ca = given.ca;
  }

  static async open(test: AfterTest): Promise<AcmeOrganisation> {
    const controller = await StartedController.start(test);
    const folder = await mkdtemp(join(tmpdir(), 'postern-acme-'));
    const authority = createAuthority(folder);
    const listener = await listenForBrowsers({
      address: '127.0.0.1',
      port: 0,
      clock: systemClock,
      door: () => controller.relay.door(),
    });
    const dns = await startTxtServer(join(folder, 'records'));
    const pebble = await Pebble.start({ dir: folder, authority, dns: dns.address, tlsPort: listener.port });
    const ca = await readFile(authority.caFile, 'utf8');
    const organisation = new AcmeOrganisation({ controller, pebble, folder, listener, ca });
    test.after(async () => {
      await organisation.#close();
      dns.close();
    });
    return organisation;
  }

  /** Puts a wiki with these public hostnames into force. */
  async publish(...hostnames: string[]): Promise<void> {
    const document = acmeDocument();
    const [wiki] = document.resources ?? [];
    if (wiki === undefined) throw new Error('the document has no wiki');
    wiki.web = { hostnames, origin: 'http://wiki.acme.internal:80' };
    const { status, body } = await this.controller.call('PUT', '/api/v1/document', document);
    if (status !== 200) throw new Error(body);
  }

  /**
   * Starts a connector of the network, again on the state it had, and waits until it is ready; one that is to be `degraded` does
   * not find its controller.
   */
  async start(name: string, wanted: 'ready' | 'degraded' = 'ready'): Promise<Connector> {
    const key = decodeEnrolmentKey('pk', await this.controller.key('connector', 'hq'));
    if (key === undefined) throw new Error('the controller gave no key');
    const connector = await startConnector({
      state: openStateDirectory(join(this.folder, name)),
      key,
      ...(wanted === 'ready' ? {} : { controllerUrl: 'https://nowhere.localhost:1' }),
      name,
      log: pino({ level: process.env['POSTERN_TEST_LOG'] ?? 'silent' }),
      acme: { directory: this.pebble.directory, ca: this.#ca },
    });
    this.#connectors.set(name, connector);
    await eventually(name, () => connector.status().state === wanted || undefined);
    return connector;
  }

  async stop(name: string): Promise<void> {
    const connector = this.#connectors.get(name);
    this.#connectors.delete(name);
    await connector?.stop();
  }

  /** What the connector says of a hostname, once it is as wanted. */
  reported(
    connector: Connector,
    host: string,
    wanted: (report: HostCertificate) => boolean,
  ): Promise<HostCertificate> {
    const find = (): HostCertificate | undefined =>
      connector.status().certificates?.find((report) => report.host === host);
    return eventually(`${host} as wanted`, () => {
      const report = find();
      return report !== undefined && wanted(report) ? report : undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(find())}`);
    });
  }

  /** What a browser at `from` is shown for a hostname; undefined for an alert. */
  async shown(host: string, from = '127.0.0.1'): Promise<PeerCertificate | undefined> {
    const socket = connect({
      socket: connectTcp({ host: '127.0.0.1', port: this.#listener.port, localAddress: from }),
      servername: host,
      ALPNProtocols: ['h2', 'http/1.1'],
      // Its root is new with each start; who issued it is looked at by the tests.
      rejectUnauthorized: false,
    });
    try {
      await once(socket, 'secureConnect');
      return socket.getPeerCertificate();
    } catch {
      return undefined;
    } finally {
      socket.destroy();
    }
  }

  async #close(): Promise<void> {
    for (const connector of this.#connectors.values()) await connector.stop();
    await this.#listener.close();
    await this.pebble.stop();
    await rm(this.folder, { recursive: true });
  }
}
