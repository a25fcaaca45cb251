/** An open flow of a device through the relays of a real controller, to an application that gives back what it is sent. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pino } from 'pino';
import { startRelayNode } from '../../../cli/relay-node.ts';
import { startClient, type Client } from '../../../client/client.ts';
import { startConnector, type Connector } from '../../../connector/connector.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey, type EnrolmentKey } from '../../../protocol/secrets.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { until } from '../../support/until.ts';

const silent = pino({ level: 'silent' });

/** The application; its port is what a resource has to list. */
export async function echoApplication(): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

export class DeviceFlow {
  readonly #directory: string;
  readonly #client: Client;
  readonly #connector: Connector;
  readonly #flow: Duplex;
  readonly #stops: (() => unknown)[] = [];

  private constructor(directory: string, client: Client, connector: Connector, flow: Duplex) {
    this.#directory = directory;
    this.#client = client;
    this.#connector = connector;
    this.#flow = flow;
  }

  /** @param keys as the controller printed them */
  static async open(
    directory: string,
    keys: { readonly connector: string; readonly service: string },
    target: { readonly host: string; readonly port: number },
  ): Promise<DeviceFlow> {
    const connector = await startConnector({
      state: openStateDirectory(join(directory, 'connector')),
      key: decoded('pk', keys.connector),
      log: silent,
    });
    await until(() => connector.status().state === 'ready');
    const client = await startClient({
      state: openStateDirectory(join(directory, 'laptop')),
      key: decoded('sk', keys.service),
      browser: false,
      uids: [process.getuid?.() ?? 0],
      onEvent: () => undefined,
    });
    await client.ready;
    return new DeviceFlow(directory, client, connector, await client.open(target));
  }

  /** Sends a word, and resolves with what comes back. */
  async echo(word: string): Promise<string> {
    const heard = once(this.#flow, 'data') as Promise<[Buffer]>;
    this.#flow.write(word);
    return String((await heard)[0]);
  }

  /** Starts a relay beside the controller's, and resolves once device and connector are attached to both. */
  async addRelay(key: string): Promise<void> {
    const port = await freePort();
    const relay = await startRelayNode({
      address: '127.0.0.1',
      port,
      publicUrl: new URL(`https://localhost:${port}`),
      state: openStateDirectory(join(this.#directory, 'relay')),
      key: decoded('pk', key),
      log: silent,
    });
    this.#stops.push(() => relay.stop());
    await until(() =>
      [this.#client, this.#connector].every((node) => {
        const { relays } = node.status();
        return relays.length === 2 && relays.every(({ connected }) => connected);
      }),
    );
  }

  async close(): Promise<void> {
    await this.#client.stop();
    await this.#connector.stop(0);
    for (const stop of this.#stops) await stop();
  }
}

function decoded(kind: 'pk' | 'sk', text: string): EnrolmentKey {
  const key = decodeEnrolmentKey(kind, text.trim());
  if (key === undefined) throw new Error(`no ${kind} key: ${text}`);
  return key;
}
