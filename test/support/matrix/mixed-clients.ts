/**
 * Many devices in one process, clients as `postern up --capture none` starts them, with flows of every kind through each.
 * `MixedFleet` is its handle and speaks to it over standard input and output.
 *
 *   node mixed-clients.ts SETTINGS-FILE
 *
 *   ← open ROUND FLOWS    opens so many flows through each device, the kinds and hosts in turn
 *   → opened ROUND        all are open         → end LABEL AT CODE   one is over, with the code it ended with
 *   ← close ROUND         ends them in order
 *   ← recent ROUND        → recent ROUND DEVICE JSON   what `status` says ended there lately
 *   ← restart             stops every client and starts it again on its state
 *   → code DEVICE CODE    a person has to sign in       → ready   all are up, at the start and after `restart`
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { startClient, type Client } from '../../../client/client.ts';
import { encodeKey } from '../../../protocol/keys.ts';
import { toFault } from '../../../protocol/errors.ts';
import { discover } from '../../../protocol/node/discover.ts';
import { openIdentity } from '../../../protocol/node/identity.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey } from '../../../protocol/secrets.ts';
import { eventually } from '../eventually.ts';
import { httpPort, rawPort } from './mixed-origin.ts';

export const kinds = ['keep-alive', 'upload', 'websocket', 'raw'] as const;
export type Kind = (typeof kinds)[number];

export interface Settings {
  readonly folder: string;
  readonly name: string;
  readonly devices: number;
  readonly hosts: readonly string[];
  readonly controller: string;
  readonly caFile: string;
  /** A service account's key; without it a person signs in on each device. */
  readonly keyFile?: string;
}

/** Each flow sends something this often, so that silence at the origin means that nothing gets there. */
const everyMs = 250;

if (import.meta.main) await run(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Settings);

async function run(settings: Settings): Promise<void> {
  let clients = await start(settings);
  const flows = new Map<string, () => void>();
  console.log('ready');
  for await (const line of createInterface(process.stdin)) {
    const [command, round = '', count = ''] = line.split(' ');
    if (command === 'open') {
      await Promise.all(
        clients.map(async (client, device) => {
          for (let flow = 0; flow < Number(count); flow += 1) {
            const kind = kinds[flow % kinds.length] ?? 'raw';
            const host = settings.hosts[Math.floor(flow / kinds.length) % settings.hosts.length] ?? '';
            const label = `${round}.${device}.${flow}.${kind}.${host}`;
            flows.set(label, await openFlow(client, { host, kind, label }));
          }
        }),
      );
      console.log(`opened ${round}`);
    }
    if (command === 'close') {
      for (const [label, close] of flows) {
        if (!label.startsWith(`${round}.`)) continue;
        flows.delete(label);
        close();
      }
    }
    if (command === 'recent') {
      for (const [device, client] of clients.entries()) {
        const ended = client.status().recent.filter(({ event }) => event === 'ended');
        console.log(`recent ${round} ${device} ${JSON.stringify(ended)}`);
      }
    }
    if (command === 'restart') {
      await Promise.all(clients.map((client) => client.stop()));
      clients = await start(settings);
      console.log('ready');
    }
  }
  await Promise.all(clients.map((client) => client.stop()));
}

async function start({ folder, name, devices, controller, caFile, keyFile }: Settings): Promise<Client[]> {
  const key =
    keyFile === undefined ? undefined : decodeEnrolmentKey('sk', readFileSync(keyFile, 'utf8').trim());
  const authorities = [readFileSync(caFile, 'utf8')];
  const { root } = await discover(controller, { kind: 'tls', authorities }, Math.floor(Date.now() / 1_000));
  return Promise.all(
    Array.from({ length: devices }, async (_, index) => {
      const state = openStateDirectory(join(folder, `device-${index}`));
      const identity = openIdentity(state);
      if (identity.enrolment === undefined)
        identity.enrol({ schema: 'postern.enrolment/v1', url: controller, root: encodeKey(root) });
      const client = await startClient({
        state,
        ...(key === undefined ? {} : { key }),
        browser: false,
        uids: [],
        name: `${name}-${index}`,
        onEvent(event) {
          if (event.kind === 'prompt' && event.prompt.kind === 'code')
            console.log(`code ${index} ${event.prompt.userCode}`);
        },
      });
      await client.ready;
      return client;
    }),
  );
}

/** Opens a flow of this kind that sends again and again; returns how to end it. */
async function openFlow(
  client: Client,
  { host, kind, label }: { host: string; kind: Kind; label: string },
): Promise<() => void> {
  const stream = await eventually(
    label,
    () => client.open({ host, port: kind === 'raw' ? rawPort : httpPort }).catch(() => undefined),
    { timeoutMs: 30_000 },
  );
  let code = 'end';
  stream.on('error', (error) => {
    code = toFault(error).code;
  });
  const send = speak(stream, kind, host, label);
  const timer = setInterval(send, everyMs);
  stream.on('close', () => {
    clearInterval(timer);
    console.log(`end ${label} ${Date.now()} ${code}`);
  });
  return () => stream.destroy();
}

/** Begins the conversation; returns what says one thing more. */
function speak(stream: Duplex, kind: Kind, host: string, label: string): () => void {
  const head = `Host: ${host}:${httpPort}\r\n`;
  switch (kind) {
    case 'raw': {
      stream.resume();
      stream.write(`${label}\n`);
      return () => stream.write('more\n');
    }
    case 'upload': {
      stream.resume();
      stream.write(`POST /upload/${label} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
      const chunk = `400\r\n${'postern '.repeat(128)}\r\n`;
      return () => stream.write(chunk);
    }
    case 'keep-alive': {
      const request = `GET /keep-alive/${label} HTTP/1.1\r\n${head}\r\n`;
      let isAnswered = false;
      stream.on('data', () => {
        isAnswered = true;
      });
      stream.write(request);
      return () => {
        // One request after the other: the next only when the last was answered.
        if (!isAnswered) return;
        isAnswered = false;
        stream.write(request);
      };
    }
    default: {
      const socket = new WebSocket(`ws://${host}:${httpPort}/socket/${label}`, {
        createConnection: () => stream as never,
        perMessageDeflate: false,
      });
      socket.on('error', () => undefined);
      return () => {
        if (socket.readyState === socket.OPEN) socket.send('more');
      };
    }
  }
}
