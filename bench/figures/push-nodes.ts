/**
 * Simulated nodes of the push figure in a process of their own: real keys and control channels over loopback, and of what
 * they hear only when. Takes one JSON object a line on its input and answers with one on its output.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import type { FromController } from '../../protocol/control.ts';
import { controlPath, controlSubprotocol } from '../../protocol/discovery.ts';
import { encodeKey, newAgreementKey, newSigningKey, sign } from '../../protocol/keys.ts';
import { openControlChannel } from '../../protocol/link/control-channel.ts';
import { webSocketCarrier } from '../../protocol/link/websocket-carrier.ts';

/** Where the controller is, and one kind of node to enrol. */
interface Enrol {
  readonly port: number;
  readonly control: string;
  readonly kind: 'device' | 'connector';
  readonly secret: string;
  readonly count: number;
}

interface Node {
  readonly kind: 'device' | 'connector';
  /** Epoch ms; of what was heard since the last question. */
  patchedMs: number | undefined;
  resources: number;
  revokedMs: number | undefined;
  revokedIds: number;
}

const atOnce = 8;
const nodes: Node[] = [];
let places = 0;

for await (const line of createInterface(process.stdin)) {
  const command = JSON.parse(line) as { enrol?: Enrol; begin?: true; heard?: true };
  if (command.enrol !== undefined) {
    const { enrol } = command;
    let left = enrol.count;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        nodes.push(await enrolNode(enrol));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    answer({ enrolled: nodes.length });
  }
  if (command.begin === true) {
    for (const node of nodes) {
      Object.assign(node, { patchedMs: undefined, resources: 0, revokedMs: undefined, revokedIds: 0 });
    }
    answer({ ready: true });
  }
  if (command.heard === true) answer(heard());
}

/** When the last device was patched, and how far the connectors are. */
function heard(): object {
  const devices = nodes.filter(({ kind }) => kind === 'device');
  const connectors = nodes.filter(({ kind }) => kind === 'connector');
  const patched = devices.flatMap(({ patchedMs }) => patchedMs ?? []);
  return {
    patched: patched.length,
    resources: Math.min(...devices.map(({ resources }) => resources)),
    firstMs: Math.min(...patched),
    lastMs: Math.max(...patched),
    revokedMs: Math.max(...connectors.map(({ revokedMs }) => revokedMs ?? 0)),
    revokedIds: Math.min(...connectors.map(({ revokedIds }) => revokedIds)),
  };
}

async function enrolNode({ port, control, kind, secret }: Enrol): Promise<Node> {
  const [machineKey, nodeKey] = [newSigningKey(), newAgreementKey()];
  places += 1;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${controlPath}`, controlSubprotocol, {
    perMessageDeflate: false,
    // Each from an address of its own: a source may begin so many handshakes.
    localAddress: `127.${1 + (Math.floor(places / 62_500) & 63)}.${Math.floor(places / 250) & 255}.${1 + (places % 250)}`,
  });
  await once(socket, 'open');
  const channel = await openControlChannel(webSocketCarrier(socket), {
    own: nodeKey,
    peer: Buffer.from(control, 'base64url'),
    clock: systemClock,
    random: systemRandom,
  });
  const node: Node = { kind, patchedMs: undefined, resources: 0, revokedMs: undefined, revokedIds: 0 };
  const { promise, resolve, reject } = Promise.withResolvers<Node>();
  channel.start({
    message: (raw) => {
      const message = raw as FromController;
      if (message.t === 'fault') return reject(new Error(`${message.code}: ${message.message ?? ''}`));
      if (message.t === 'snapshot') resolve(node);
      if (message.t === 'revoke') {
        node.revokedMs = Date.now();
        node.revokedIds += message.ids.length;
        for (const { grants } of message.narrowed ?? []) node.revokedIds += grants.length;
      }
      if (message.t !== 'patch') return undefined;
      node.resources += Object.keys((message.set['resources'] as object | undefined) ?? {}).length;
      node.patchedMs = Date.now();
      return undefined;
    },
    closed: (fault) => reject(fault),
  });
  const nk = nodeKey.publicKey;
  channel.send({
    t: 'enrol',
    kind,
    secret,
    name: kind,
    os: 'linux',
    boot: systemRandom(16).toString('base64url'),
    version: '0.1.0',
    ...(kind === 'device' ? { keeps: true } : { narrowed: true }),
    mk: encodeKey(machineKey.publicKey),
    nk: encodeKey(nk),
    sig: sign(machineKey, 'enrol', [channel.handshakeHash, nk]).toString('base64url'),
  });
  return promise;
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
