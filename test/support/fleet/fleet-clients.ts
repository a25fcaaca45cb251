/**
 * Many devices in one process: clients as `postern up --capture none` starts them, each with its own keys and state, and
 * flows through each. `Fleet` is its handle and speaks to it over standard input and output.
 *
 *   node fleet-clients.ts FOLDER KEY-FILE DEVICES HOST PORT
 *
 *   ← open ROUND FLOWS   opens so many flows through each device, the first a download, of the rest every other idle
 *   → opened ROUND       all are open         → end ROUND DEVICE FLOW AT CODE   one is over, with the code it ended with
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startClient, type Client } from '../../../client/client.ts';
import { toFault } from '../../../protocol/errors.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../../../protocol/secrets.ts';
import { eventually } from '../eventually.ts';

if (import.meta.main) await run(process.argv.slice(2));

async function run([folder, keyFile, devices, host, port]: string[]): Promise<void> {
  if (folder === undefined || keyFile === undefined || host === undefined)
    throw new Error('usage: fleet-clients.ts FOLDER KEY-FILE DEVICES HOST PORT');
  const key = decodeEnrolmentKey('sk', readFileSync(keyFile, 'utf8').trim());
  if (key === undefined) throw new Error(`${keyFile} holds no sk_ key`);
  const clients = await Promise.all(
    Array.from({ length: Number(devices) }, async (_, index) => {
      const client = await startClient({
        state: openStateDirectory(join(folder, `device-${index}`)),
        key,
        browser: false,
        uids: [],
        name: `device-${index}`,
        onEvent: () => undefined,
      });
      await client.ready;
      return client;
    }),
  );
  console.log('ready');
  for await (const line of createInterface(process.stdin)) {
    const [, round = '', flows = ''] = line.split(' ');
    const target = { host, port: Number(port) };
    await Promise.all(
      clients.map((client, device) => openFlows(client, target, { round, device, flows: Number(flows) })),
    );
    console.log(`opened ${round}`);
  }
  await Promise.all(clients.map((client) => client.stop()));
}

async function openFlows(
  client: Client,
  target: { host: string; port: number },
  { round, device, flows }: { round: string; device: number; flows: number },
): Promise<void> {
  for (let flow = 0; flow < flows; flow += 1) {
    const stream = await eventually(
      `flow ${flow} of device ${device}`,
      () => client.open(target).catch(() => undefined),
      { timeoutMs: 30_000 },
    );
    const mode = flow === 0 ? 'download' : flow % 2 === 0 ? 'idle' : 'tick';
    let code = 'end';
    stream.on('error', (error) => {
      code = toFault(error).code;
    });
    stream.on('close', () => console.log(`end ${round} ${device} ${flow} ${Date.now()} ${code}`));
    stream.resume();
    stream.write(`${mode} ${round}.${device}.${flow}\n`);
  }
}
