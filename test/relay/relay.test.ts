import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { systemRandom } from '../../protocol/clock.ts';
import { codes as errorCodes, Fault } from '../../protocol/errors.ts';
import {
  decodeChallenge,
  encodeAttach,
  hopSubprotocol,
  signAttach,
  type Challenge,
} from '../../protocol/hop.ts';
import { newId, type ConnectorId, type DeviceId } from '../../protocol/ids.ts';
import { newSigningKey } from '../../protocol/keys.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import type { Ticket } from '../../protocol/tokens.ts';
import { frame, u32 } from '../support/frames.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';
import { lab, labClient, labConnector, RelayLab, unknownId, type LabNode } from '../support/relay-lab.ts';

const relays = new RelayLab();
const attachments: Attachment[] = [];

before(() => relays.start());
after(() => relays.stop());
afterEach(() => {
  for (const attachment of attachments.splice(0)) attachment.close();
  relays.revoked.clear();
  relays.isHonoured = true;
  relays.nowMs = Date.now;
  relays.events.length = 0;
});

type Node = LabNode<DeviceId | ConnectorId>;

async function attach(
  node: Node,
  changes?: Partial<Ticket>,
  onCircuit?: (carrier: Carrier, from: DeviceId | ConnectorId) => void,
): Promise<Attachment> {
  const options = await relays.attachOptions(node, changes);
  const attachment = await attachToRelay(onCircuit === undefined ? options : { ...options, onCircuit });
  attachments.push(attachment);
  return attachment;
}

/** A connector that echoes what its circuits say. */
function echo(connector: Node, changes?: Partial<Ticket>): Promise<Attachment> {
  return attach(connector, changes, (carrier) => {
    carrier.start({
      data: (bytes) => {
        carrier.write(bytes);
      },
      drain: () => {},
      closed: () => {},
    });
  });
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
};

/** The echo of one message over a new circuit, or the code with which the circuit ended. */
function ask(client: Attachment, connector: ConnectorId): Promise<string> {
  return new Promise((resolve) => {
    const carrier = client.openCircuit(connector);
    carrier.start({
      data: (bytes) => {
        resolve(bytes.toString());
        carrier.close();
      },
      drain: () => {},
      closed: (fault) => resolve(fault?.code ?? 'ended'),
    });
    carrier.write(Buffer.from('hello'));
  });
}

test('a client and a connector of its network are joined, and the relay says so in ids alone', async () => {
  const [client, connector] = [labClient(), labConnector()];
  await echo(connector);
  assert.equal(await ask(await attach(client), connector.id), 'hello');
  assert.ok(
    relays.events.some(
      (event) => event.event === 'circuit' && event.from === client.id && event.to === connector.id,
    ),
  );
  assert.equal(JSON.stringify(relays.events).includes('hello'), false);
});

const refusals: [
  string,
  (client: LabNode<DeviceId>, connector: LabNode<ConnectorId>) => Promise<[Attachment, ConnectorId]>,
][] = [
  ['a connector that is not there', async (client) => [await attach(client), unknownId('con')]],
  [
    'a connector of another organisation',
    async (client, connector) => {
      await echo(connector, { org: unknownId('org') });
      return [await attach(client), connector.id];
    },
  ],
  [
    'a connector of a network that the ticket does not name',
    async (client, connector) => {
      await echo(connector);
      return [await attach(client, { meet: [unknownId('net')] }), connector.id];
    },
  ],
  [
    'a device in the place of a connector',
    async (client) => {
      const other = labClient();
      await attach(other);
      return [await attach(client), other.id as unknown as ConnectorId];
    },
  ],
  [
    'T4 a connector that calls a client',
    async (client, connector) => {
      await attach(client);
      return [await echo(connector), client.id as unknown as ConnectorId];
    },
  ],
  [
    'a connector that was revoked a moment ago',
    async (client, connector) => {
      await echo(connector);
      const attached = await attach(client);
      relays.revoked.add(connector.id);
      return [attached, connector.id];
    },
  ],
  ['SEC-D2 a payload that names nothing', async (client) => [await attach(client), 'con_' as ConnectorId]],
];

for (const [name, prepare] of refusals) {
  test(`${name} is refused as no-peer, like every other refusal`, async () => {
    const [from, to] = await prepare(labClient(), labConnector());
    assert.equal(await ask(from, to), 'no-peer');
    assert.equal(relays.relay.circuits, 0);
  });
}

test('SEC-H1 who attaches must hold the machine key of the ticket, and the ticket must be the controller’s', async () => {
  const node = labClient();
  const good = await relays.attachOptions(node);
  assert.equal(await codeOf(attachToRelay({ ...good, machineKey: newSigningKey() })), 'denied');
  assert.equal(await codeOf(attachToRelay({ ...good, ticket: good.ticket.slice(0, -2) })), 'denied');
  assert.equal(await codeOf(attachToRelay({ ...good, ticket: '' })), 'denied');
  assert.equal(await codeOf(attach(node, { exp: Math.floor(Date.now() / 1_000) - 60 })), 'denied');
  assert.equal(await codeOf(attach(node, { iat: Math.floor(Date.now() / 1_000) + 60 })), 'denied');
  assert.equal(await codeOf(attach(node, { iss: 'https://other.example' })), 'denied');
  assert.equal(relays.relay.attached, 0);
});

test('SEC-H1 a proof made for another relay or another nonce does not attach', async () => {
  const node = labClient();
  const ticket = await node.ticket();
  const forged: ((challenge: Challenge) => Challenge)[] = [
    (challenge) => ({ ...challenge, relay: unknownId('rly') }),
    (challenge) => ({ ...challenge, nonce: systemRandom(32) }),
  ];
  for (const change of forged) {
    const code = await rawAttach((challenge) =>
      encodeAttach({ ticket, sig: signAttach(node.machineKey, change(challenge), ticket) }),
    );
    assert.equal(code, 4_006);
  }
});

test('SEC-D2 anything else instead of a proof is turned away', async () => {
  for (const message of [
    '',
    '{',
    '[]',
    'null',
    '{"ticket":1}',
    '{"ticket":"x","sig":"x"}',
    'x'.repeat(100_000),
  ]) {
    assert.ok([4_006, 4_018].includes(await rawAttach(() => message)), message.slice(0, 20));
  }
  assert.equal(await rawAttach(() => 'x'.repeat(131_073)), 1_009);
});

test('SEC-D7 an address that takes all places of strangers loses the oldest of them, and who comes from elsewhere attaches', async () => {
  const flooded = new RelayLab();
  await flooded.start();
  const open = async (localAddress: string): Promise<WebSocket> => {
    const socket = new WebSocket(`${flooded.url.replace('http', 'ws')}/hop`, hopSubprotocol, {
      localAddress,
    });
    await once(socket, 'message');
    return socket;
  };
  const patient = await open('127.0.0.2');
  const codes: number[] = [];
  const flood: WebSocket[] = [];
  for (let batch = 0; batch < 11; batch++) {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => open('127.0.0.1')));
    for (const socket of sockets) socket.on('close', (code) => codes.push(code));
    flood.push(...sockets);
  }
  await until(() => codes.length === 101);
  assert.deepEqual([...new Set(codes)], [4_000 + errorCodes.busy]);
  assert.equal(flood.at(-1)?.readyState, WebSocket.OPEN);
  assert.equal(patient.readyState, WebSocket.OPEN);
  const attachment = await attachToRelay(await flooded.attachOptions(labClient()));
  assert.equal(flooded.relay.attached, 1);
  attachment.close();
  for (const socket of [...flood, patient]) socket.terminate();
  await flooded.stop();
});

/** Attaches by hand; the close code. */
async function rawAttach(answer: (challenge: Challenge) => string): Promise<number> {
  const socket = new WebSocket(`${relays.url.replace('http', 'ws')}/hop`, hopSubprotocol);
  const [first] = (await once(socket, 'message')) as [Buffer];
  const challenge = decodeChallenge(first.toString());
  assert.ok(challenge);
  socket.send(answer(challenge));
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

test('a node refuses a relay that is not the one it meant', async () => {
  const options = await relays.attachOptions(labClient());
  assert.equal(
    await codeOf(attachToRelay({ ...options, relayId: newId('rly', systemRandom(16)) })),
    'protocol',
  );
});

test('a relay address without TLS is refused unless it is on this machine', async () => {
  const options = await relays.attachOptions(labClient());
  assert.equal(await codeOf(attachToRelay({ ...options, url: 'http://192.0.2.1:8444' })), 'unreachable');
});

test('a newer attachment of a node takes the place of the older, whose circuits end', async () => {
  const [client, connector] = [labClient(), labConnector()];
  await echo(connector);
  const older = await attach(client);
  assert.equal(await ask(older, connector.id), 'hello');
  const newer = await attach(client);
  assert.equal((await older.closed).code, 'fenced');
  assert.equal(await ask(newer, connector.id), 'hello');
  assert.equal(relays.relay.attached, 2);
});

test('REL-6 a revocation cuts the attachment and its circuits at once', async () => {
  const [client, connector] = [labClient(), labConnector()];
  await echo(connector);
  const attached = await attach(client);
  const carrier = attached.openCircuit(connector.id);
  const ended = new Promise<string>((resolve) => {
    carrier.start({
      data: () => {
        relays.revoked.add(client.id);
        relays.relay.recheck();
      },
      drain: () => {},
      closed: (fault) => resolve(fault?.code ?? 'ended'),
    });
  });
  carrier.write(Buffer.from('hello'));
  assert.equal(await ended, 'revoked');
  assert.equal((await attached.closed).code, 'revoked');
  assert.equal(await codeOf(attach(client)), 'revoked');
  assert.equal(relays.relay.circuits, 0);
});

test('REL-3 without contact for longer than the ticket allows nothing attaches and nothing stays', async () => {
  const node = labClient();
  const attached = await attach(node);
  relays.isHonoured = false;
  relays.relay.recheck();
  assert.equal((await attached.closed).code, 'out-of-contact');
  assert.equal(await codeOf(attach(node)), 'out-of-contact');
});

test('a ticket that runs out ends its attachment', async () => {
  const attached = await attach(labClient());
  relays.nowMs = () => Date.now() + 3_700_000;
  relays.relay.recheck();
  assert.equal((await attached.closed).code, 'expired');
});

test('a newer ticket widens whom a node may meet while its circuits stay', async () => {
  const [client, connector] = [labClient(), labConnector()];
  await echo(connector);
  const attached = await attach(client, { meet: [] });
  assert.equal(await ask(attached, connector.id), 'no-peer');
  attached.renew(await client.ticket({ meet: [lab.network] }));
  let answer = 'no-peer';
  for (let tries = 0; tries < 200 && answer === 'no-peer'; tries++)
    answer = await ask(attached, connector.id);
  assert.equal(answer, 'hello');
});

test('T7 a node that renews without end is turned away', async () => {
  const client = labClient();
  const attached = await attach(client);
  const ticket = await client.ticket();
  for (let index = 0; index < 60; index++) attached.renew(ticket);
  assert.equal((await attached.closed).code, 'limit');
});

test('REL-17 when a key is gone from the card, whoever shows no newer ticket in a moment is parted with', async () => {
  const [returning, staying] = [labClient(), labClient()];
  const attached = await attach(returning);
  const renewed = await attach(staying);
  relays.relay.forgetTickets();
  renewed.renew(await staying.ticket({ meet: [lab.network] }));
  assert.equal((await attached.closed).code, 'revoked');
  assert.equal(relays.relay.attached, 1);
});

test('a newer ticket of another node ends the attachment', async () => {
  const attached = await attach(labClient());
  attached.renew(await labClient().ticket());
  assert.equal((await attached.closed).code, 'denied');
});

test('back-pressure reaches from a connector that does not read to the client, and memory stays bounded', async () => {
  const [client, connector] = [labClient(), labConnector()];
  const circuits: Carrier[] = [];
  const received = { bytes: 0 };
  await attach(connector, {}, (carrier) => {
    circuits.push(carrier);
    carrier.start({ data: (bytes) => (received.bytes += bytes.length), drain: () => {}, closed: () => {} });
    carrier.pause();
  });
  const carrier = (await attach(client)).openCircuit(connector.id);
  const sent = { bytes: 0, limit: 50_000_000 };
  const pump = (): void => {
    let isReady = true;
    while (isReady && sent.bytes < sent.limit) {
      sent.bytes += 16_368;
      isReady = carrier.write(Buffer.alloc(16_368));
    }
  };
  carrier.start({ data: () => {}, drain: pump, closed: () => {} });
  pump();
  await settle(200);
  assert.ok(sent.bytes < 3_000_000, `${sent.bytes} bytes were taken`);
  sent.limit = sent.bytes + 20_000_000;
  circuits[0]?.resume();
  await all(() => received.bytes >= sent.limit);
  assert.equal(received.bytes, sent.bytes);
});

/** Waits for the event loop to bring it about. */
async function all(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settle(1);
}

test('one circuit that nobody reads does not hold up another of the same client', async () => {
  const [client, stuck, healthy] = [labClient(), labConnector(), labConnector()];
  await attach(stuck, {}, (carrier) => {
    carrier.start({ data: () => {}, drain: () => {}, closed: () => {} });
    carrier.pause();
  });
  await echo(healthy);
  const attached = await attach(client);
  const carrier = attached.openCircuit(stuck.id);
  carrier.start({ data: () => {}, drain: () => {}, closed: () => {} });
  for (let index = 0; index < 400; index++) carrier.write(Buffer.alloc(16_000));
  assert.equal(await ask(attached, healthy.id), 'hello');
});

test('T1 frames that break the protocol end the attachment of who sent them, and no other', async () => {
  const [client, connector] = [labClient(), labConnector()];
  await echo(connector);
  const attached = await attach(client);
  const hostile = labClient();
  const ticket = await hostile.ticket();
  const socket = new WebSocket(`${relays.url.replace('http', 'ws')}/hop`, hopSubprotocol);
  const [first] = (await once(socket, 'message')) as [Buffer];
  socket.send(
    encodeAttach({ ticket, sig: signAttach(hostile.machineKey, decodeChallenge(first.toString())!, ticket) }),
  );
  await once(socket, 'message');
  socket.send(frame(2, 2, u32(1)));
  const [code] = (await once(socket, 'close')) as [number];
  assert.equal(code, 4_018);
  assert.equal(await ask(attached, connector.id), 'hello');
});

test('when the relay stops in order, nodes hear that it drains', async () => {
  const other = new RelayLab();
  await other.start();
  const attachment = await attachToRelay(await other.attachOptions(labClient()));
  await other.stop();
  assert.equal((await attachment.closed).code, 'draining');
});
