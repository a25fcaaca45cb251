/** A relay in a process of its own, over TLS or behind what ends it, for `resident-memory.ts`: reads what it is from its input, prints its port. */
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import type { RelayId } from '../../protocol/ids.ts';
import type { Card } from '../../protocol/tokens.ts';
import { createRelay } from '../../relay/relay.ts';

const given = JSON.parse(await text(process.stdin)) as {
  relayId: RelayId;
  card: Card;
  certFile: string;
  keyFile: string;
  /** Whether something in front of it ends TLS. */
  isBehindTls: boolean;
};
const relay = createRelay({
  relayId: given.relayId,
  card: () => given.card,
  lease: { isHonoured: () => true, isRevoked: () => false, nowMs: Date.now },
  clock: systemClock,
  random: systemRandom,
  log: () => undefined,
});
const server = given.isBehindTls
  ? createPlainServer()
  : createServer({
      cert: readFileSync(given.certFile),
      key: readFileSync(given.keyFile),
      minVersion: 'TLSv1.3',
    });
server.on('upgrade', (request, socket, head) => relay.handleUpgrade(request, socket, head));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
