/** A client of a small organisation, on the laptop of these tests, and what the wiki there serves. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { startClient, type Client, type ClientOptions } from '../../../client/client.ts';
import type { SmallOrganisation } from './small-organisation.ts';

/** Signed in as the service account `ci`, and up; stopped with the organisation. */
export async function startLaptop(
  organisation: SmallOrganisation,
  { state = organisation.state('laptop'), ...more }: Partial<ClientOptions> = {},
): Promise<Client> {
  const client = await startClient({
    state,
    key: organisation.key(),
    browser: false,
    uids: [process.getuid?.() ?? 0],
    onEvent: () => undefined,
    ...more,
  });
  organisation.ends(() => client.stop());
  await client.ready;
  return client;
}

/** Gives every connection to the wiki to `take`, and tells everybody its port; closed with the organisation. */
export async function serveWiki(
  organisation: SmallOrganisation,
  take: (socket: Socket) => unknown,
): Promise<Server> {
  const server = createServer((socket) => void take(socket.on('error', () => socket.destroy())));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  organisation.ends(() => server.close());
  organisation.wikiPort = (server.address() as AddressInfo).port;
  await organisation.push();
  return server;
}
