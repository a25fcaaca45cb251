/**
 * The floor: three processes of plain Node where client, relay and connector stand, each joining two TCP sockets by `pipe`.
 * No TLS, no sealing, no frames, no records kept for a lost path. Runs as a process inside a place of the lab:
 *
 *   node node-splice.ts ADDRESS PORT TO-HOST TO-PORT
 */
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../test/support/lab/lab.ts';
import type { Place } from '../../test/support/lab/place.ts';
import { letIn } from './ssh-jump.ts';

const self = fileURLToPath(import.meta.url);
/** As the launcher starts client and relay, so that only what they do differs. */
const heap = ['--max-semi-space-size=1', '--initial-heap-size=128', '--single-threaded-gc'];
const laptopPort = 5_301;
const relayPort = 5_302;
const connectorPort = 5_303;

export interface NodeSplice {
  readonly host: string;
  readonly port: number;
  /** Everything that carries its bytes. */
  readonly pids: readonly number[];
}

/** Leads from the laptop's loopback over the relay's and the connector's places to `port` of the wiki's address. */
export async function startNodeSplice(lab: Lab, port: number): Promise<NodeSplice> {
  const { addresses, laptop, internet, hq } = lab;
  await letIn(lab, [{ port: connectorPort, to: addresses.connector }]);
  const pids = [
    await start(hq, [addresses.connector, connectorPort], [addresses.wiki, port]),
    await start(internet, [addresses.relay, relayPort], [addresses.hqNat, connectorPort]),
    await start(laptop, ['127.0.0.1', laptopPort], [addresses.relay, relayPort]),
  ];
  return { host: '127.0.0.1', port: laptopPort, pids };
}

async function start(
  place: Place,
  at: readonly [address: string, port: number],
  to: readonly [host: string, port: number],
): Promise<number> {
  const program = place.spawn(process.execPath, [...heap, self, ...[...at, ...to].map(String)], {
    name: 'node-splice',
  });
  await program.waitFor(/listening/);
  return program.pid;
}

if (import.meta.main) {
  const [address = '', port, host = '', toPort] = process.argv.slice(2);
  createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host, port: Number(toPort), allowHalfOpen: true, noDelay: true });
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.pipe(far).pipe(near);
  }).listen(Number(port), address, () => process.stdout.write('listening\n'));
}
