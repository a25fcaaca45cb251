/**
 * What a relay must never be: one that was given its connector's keys, opens what passes and keeps it. Run as a process
 * by the test that searches relays for plaintext, to show that the search would find it.
 *
 *   node tapping-relay.ts ADDRESS PORT PUBLIC-URL WEB-PORT RELAY-STATE CONNECTOR-STATE APPLICATION-ADDRESS
 *
 * It goes on where both have stopped, from their state; every name leads to the one application it can reach.
 */
import { pino } from 'pino';
import { startRelayNode } from '../../cli/relay-node.ts';
import { startConnector } from '../../connector/connector.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';

if (import.meta.main) await run(process.argv.slice(2));

async function run([
  address = '',
  port,
  publicUrl = '',
  webPort,
  relay = '',
  connector = '',
  application = '',
]: string[]): Promise<void> {
  const log = pino({ level: 'silent' });
  const own = await startRelayNode({
    address,
    port: Number(port),
    webListen: { address, port: Number(webPort) },
    publicUrl: new URL(publicUrl),
    state: openStateDirectory(relay),
    log,
  });
  const stolen = await startConnector({
    state: openStateDirectory(connector),
    log,
    resolve: async () => [application],
  });
  console.log('ready');
  await Promise.race([own.failed, stolen.refused]);
}
