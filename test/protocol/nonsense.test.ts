/**
 * REL-12: a controller that says what cannot be right, to a client, a connector and a relay. What was known before stays in
 * force, the epoch never goes back, and `status` and the log say what came. Each is the real node on a real channel.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { startRelayNode } from '../../cli/relay-node.ts';
import { startClient, type Client } from '../../client/client.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { decodeChallenge, encodeAttach, hopPath, hopSubprotocol, signAttach } from '../../protocol/hop.ts';
import { newId } from '../../protocol/ids.ts';
import { newSigningKey } from '../../protocol/keys.ts';
import { Alarms, alarmTexts, type Alarm, type AlarmName } from '../../protocol/node/alarms.ts';
import { callLocalApi } from '../../protocol/node/local-api.ts';
import { hasRepeatedKeys } from '../../protocol/repeated-keys.ts';
import { signGrant, signTicket, tokenSigner } from '../../protocol/tokens.ts';
import { startLaptop } from '../client/support/laptop.ts';
import { SmallOrganisation } from '../client/support/small-organisation.ts';
import { freePort } from '../support/servers/free-port.ts';
import { eventually } from '../support/eventually.ts';

const kinds = ['device', 'connector', 'relay'] as const;
type Kind = (typeof kinds)[number];
const folders = { device: 'laptop', connector: 'connector-0', relay: 'relay' } as const;
const lastEpoch = {
  device: ['session.json'],
  connector: ['lease.json', 'beat.json'],
  relay: ['lease.json', 'beat.json'],
} as const;
const nowS = (): number => Math.floor(Date.now() / 1_000);

interface World {
  readonly organisation: SmallOrganisation;
  readonly client: Client;
  readonly greeting: () => Promise<string>;
}

/** Every kind of node of one organisation, in contact. */
async function world(t: TestContext): Promise<World> {
  const organisation = await SmallOrganisation.start(t);
  organisation.epoch = 7;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('hello');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  organisation.wikiPort = (server.address() as AddressInfo).port;
  const port = await freePort();
  const relay = await startRelayNode({
    address: '127.0.0.1',
    port,
    publicUrl: new URL(`http://127.0.0.1:${port}`),
    state: organisation.state('relay'),
    key: { ...organisation.key(), kind: 'pk' },
    log: pino({ level: 'silent' }),
  });
  organisation.ends(() => relay.stop());
  const client = await startLaptop(organisation);
  await organisation.push();
  organisation.beat();
  for (const kind of kinds)
    await eventually(`the ${kind} at epoch 7`, () => (epochOf(organisation, kind) === 7 ? true : undefined));
  const greeting = async (): Promise<string> => {
    const flow = await client.open({ host: 'wiki.acme.internal', port: organisation.wikiPort });
    flow.end();
    return text(flow);
  };
  return { organisation, client, greeting };
}

async function statusOf(organisation: SmallOrganisation, kind: Kind): Promise<{ alarms?: Alarm[] }> {
  const { path } = organisation.state(folders[kind]);
  return (await callLocalApi(path, 'GET', '/v1/status')) as { alarms?: Alarm[] };
}

/** The epoch that a node has on disk. */
function epochOf(organisation: SmallOrganisation, kind: Kind): number | undefined {
  const state = organisation.state(folders[kind]);
  const epochs = lastEpoch[kind].flatMap(
    (file) => (state.readJson(file) as { epoch?: number } | undefined)?.epoch ?? [],
  );
  return epochs.length === 0 ? undefined : Math.max(...epochs);
}

/** What a status shows besides its alarms and what changes by itself. */
async function knownOf(organisation: SmallOrganisation, kind: Kind): Promise<string> {
  const status = { ...(await statusOf(organisation, kind)) } as Record<string, unknown>;
  const { resources, network, session, device, networks, state } = status;
  const names = Array.isArray(networks) ? networks.map(({ name }: { name: string }) => name) : undefined;
  return JSON.stringify({
    resources,
    network,
    session,
    device,
    names,
    state: state === 'connecting' ? 'up' : state,
  });
}

async function untilAlarm(organisation: SmallOrganisation, kind: Kind, name: AlarmName): Promise<void> {
  await eventually(`the alarm ${name} of the ${kind}`, async () => {
    const { alarms = [] } = await statusOf(organisation, kind);
    return alarms.find((alarm) => alarm.name === name && alarm.text === alarmTexts[name]) && true;
  });
}

/** Frames text as a control message. */
function framed(json: string, length = Buffer.byteLength(json)): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(length);
  return Buffer.concat([header, Buffer.from(json)]);
}

/** Everything that a node of this kind may hear and must not believe, with its alarm. */
async function nonsense(
  organisation: SmallOrganisation,
  kind: Kind,
): Promise<(readonly [what: string, message: object | Buffer, alarm: AlarmName])[]> {
  const { id, mk, nk, version: v } = organisation.node(kind);
  const snapshot = organisation.snapshotOf(kind);
  const [resource] = 'resources' in snapshot ? Object.values(snapshot.resources) : [];
  const twice = { [newId('res', systemRandom(16))]: resource };
  const stranger = await tokenSigner(newSigningKey());
  const claims = {
    iss: 'https://access.acme.example',
    jti: newId('tok', systemRandom(16)),
    org: organisation.org,
    iat: nowS(),
    exp: nowS() + 3_600,
  };
  const role = kind === 'connector' ? ('connector' as const) : ('client' as const);
  const meet = [organisation.network];
  const ticket = await signTicket(stranger, { ...claims, sub: id, role, mk, meet, out: 0 });
  const grant = await signGrant(stranger, {
    ...claims,
    aud: organisation.network,
    sub: newId('svc', systemRandom(16)),
    dev: id as never,
    ses: newId('ses', systemRandom(16)),
    nk,
    who: { name: 'ci', groups: [] },
    cav: [{ until: claims.exp, out: 0 }],
    res: { [organisation.wiki]: 0 },
  });
  const foreignCard = await organisation.card(newSigningKey());
  const whole = { t: 'snapshot', v, epoch: 7, snapshot, revoked: [] };
  const common = [
    [
      'a snapshot without its half',
      { ...whole, snapshot: { kind }, revoked: undefined },
      'message-not-valid',
    ],
    [
      'a snapshot of another kind',
      { ...whole, snapshot: { kind: kind === 'relay' ? 'device' : 'relay' } },
      'message-not-valid',
    ],
    ['a snapshot of an older epoch', { ...whole, epoch: 6 }, 'older-epoch'],
    ['a beat of an older epoch', { t: 'beat', epoch: 6, now: nowS() }, 'older-epoch'],
    [
      'a card that another root signed',
      { t: 'welcome', node: id, org: organisation.org, card: foreignCard },
      'card-not-valid',
    ],
    ['a message over 4 MiB', framed('', 4 * 1_024 * 1_024 + 1), 'message-not-valid'],
    ['a message that ends in the middle', framed('{"t":"snapshot","v":1,"epo'), 'message-not-valid'],
    [
      'a message that names something twice',
      framed('{"t":"beat","epoch":7,"now":1,"epoch":8}'),
      'message-not-valid',
    ],
  ] as const;
  if (kind === 'relay') return [...common];
  return [
    ...common,
    [
      'a resource under another’s id',
      { ...whole, snapshot: { ...snapshot, resources: twice } },
      'message-not-valid',
    ],
    [
      'a patch with a resource under another’s id',
      { t: 'patch', set: { resources: twice } },
      'message-not-valid',
    ],
    ['a patch that makes no snapshot', { t: 'patch', set: { relays: { x: 7 } } }, 'message-not-valid'],
    ['a ticket that nobody signed', { t: 'tickets', list: [ticket] }, 'ticket-not-valid'],
    ...(kind === 'device'
      ? ([['a grant that nobody signed', { t: 'grants', list: [grant] }, 'grant-not-valid']] as const)
      : []),
  ];
}

/** A patch of the snapshot that the node was sent last: each new channel brought another. */
function following(message: object, version: number): object {
  return 't' in message && message.t === 'patch' ? { ...message, from: version, v: version + 1 } : message;
}

for (const kind of kinds) {
  test(`REL-12 a ${kind} keeps what it knew, and its epoch, whatever cannot be right; status says what came`, async (t) => {
    const { organisation, greeting } = await world(t);
    const known = await knownOf(organisation, kind);
    const told = await nonsense(organisation, kind);
    for (const [what, message, alarm] of told) {
      const before =
        (await statusOf(organisation, kind)).alarms?.find(({ name }) => name === alarm)?.count ?? 0;
      if (Buffer.isBuffer(message)) organisation.tellRaw(kind, message);
      else organisation.tell(kind, following(message, organisation.node(kind).version));
      await eventually(`${what}: the alarm ${alarm}`, async () => {
        const { alarms = [] } = await statusOf(organisation, kind);
        return alarms.some(({ name, count }) => name === alarm && count > before) || undefined;
      });
      await untilAlarm(organisation, kind, alarm);
      // A channel that it ended comes back by itself, and with it the picture as it is.
      await eventually(`${what}: what was known`, async () =>
        (await knownOf(organisation, kind)) === known ? true : undefined,
      );
      assert.equal(epochOf(organisation, kind), 7, what);
      await eventually(`${what}: contact again`, async () => {
        const { controller } = (await statusOf(organisation, kind)) as {
          controller?: { connected: boolean };
        };
        return controller?.connected || undefined;
      });
    }
    assert.equal(await greeting(), 'hello');
  });
}

test('REL-12 a snapshot that was refused is not patched into: the one before stays as it is', async (t) => {
  const { organisation, client, greeting } = await world(t);
  const before = client.status().resources;
  // A new channel whose snapshot is of an older epoch, then patches that count from it.
  organisation.epoch = 3;
  await organisation.stopController();
  await organisation.startController();
  await untilAlarm(organisation, 'device', 'older-epoch');
  const { version } = organisation.node('device');
  organisation.tell('device', {
    t: 'patch',
    from: version,
    v: version + 1,
    set: { resources: { [organisation.wiki]: null } },
  });
  await untilAlarm(organisation, 'device', 'message-not-valid');
  assert.deepEqual(client.status().resources, before);
  assert.equal(epochOf(organisation, 'device'), 7);
  assert.equal(epochOf(organisation, 'connector'), 7);
  assert.equal(await greeting(), 'hello');
});

test('REL-12 a ticket or a grant that nobody signed gets nobody in, and the relay and the connector say so', async (t) => {
  const { organisation, client } = await world(t);
  const { id, mk, nk } = organisation.node('device');
  const stranger = await tokenSigner(newSigningKey());
  const times = { iat: nowS(), exp: nowS() + 3_600 };
  const common = { iss: 'https://access.acme.example', org: organisation.org, ...times };

  const ticket = await signTicket(stranger, {
    ...common,
    jti: newId('tok', systemRandom(16)),
    sub: id,
    role: 'client',
    mk,
    meet: [organisation.network],
    out: 0,
  });
  const { url } = (await statusOf(organisation, 'relay')) as { url?: string };
  const socket = new WebSocket(`${url?.replace('http', 'ws') ?? ''}${hopPath}`, hopSubprotocol);
  const [hello] = (await once(socket, 'message')) as [Buffer];
  const challenge = decodeChallenge(hello.toString());
  assert.ok(challenge !== undefined);
  const closed = once(socket, 'close');
  socket.send(encodeAttach({ ticket, sig: signAttach(newSigningKey(), challenge, ticket) }));
  await closed;
  await untilAlarm(organisation, 'relay', 'ticket-not-valid');

  // A client that shows its connector a grant of its own making: the session goes on with what is valid.
  const grant = await signGrant(stranger, {
    ...common,
    jti: newId('tok', systemRandom(16)),
    aud: organisation.network,
    sub: newId('svc', systemRandom(16)),
    dev: id as never,
    ses: newId('ses', systemRandom(16)),
    nk,
    who: { name: 'ci', groups: [] },
    cav: [{ until: times.exp, out: 0 }],
    res: { [organisation.wiki]: 0 },
  });
  const folder = organisation.state(folders.device);
  const kept = folder.readJson('session.json') as { grants: string[] };
  await client.stop();
  folder.writeJson('session.json', { ...kept, grants: [grant, ...kept.grants] });
  const again = await startClient({
    state: folder,
    key: organisation.key(),
    // Nobody tells it of other grants.
    controllerUrl: 'http://127.0.0.1:1',
    browser: false,
    uids: [process.getuid?.() ?? 0],
    onEvent: () => undefined,
  });
  t.after(() => again.stop());
  const flow = await again.open({ host: 'wiki.acme.internal', port: organisation.wikiPort });
  flow.end();
  assert.equal(await text(flow), 'hello');
  await untilAlarm(organisation, 'connector', 'grant-not-valid');
});

test('the same alarm is logged once a minute and counted every time', () => {
  let nowMs = 0;
  const logged: string[] = [];
  const alarms = new Alarms(
    () => nowMs,
    (name) => logged.push(name),
  );
  assert.deepEqual(alarms.shown, {});
  for (nowMs = 0; nowMs <= 120_000; nowMs += 10_000) alarms.raise('older-epoch');
  assert.equal(logged.length, 3);
  assert.deepEqual(
    alarms.shown.alarms?.map(({ count, last }) => [count, last]),
    [[13, '1970-01-01T00:02:00.000Z']],
  );
});

test('REL-12 a key that stands twice in one object is found, however it is written, and nothing else', () => {
  const twice = [
    '{"a":1,"a":2}',
    '{"a":{"b":1,"c":[{"x":1,"x":1}]}}',
    '{"a":1,"\\u0061":2}',
    '[{"":0,"":0}]',
    ' { "a" : "{" , "a" : 1 } ',
  ];
  const once = [
    '{}',
    '[]',
    '7',
    '"a"',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"a"}',
    '{"a\\"":1,"a":2}',
    '{"a":["a","a"],"b":"\\\\"}',
    '{"a":[1,{"b":2},"c"],"d":{"a":1}}',
  ];
  for (const json of twice) assert.ok(hasRepeatedKeys(Buffer.from(json)), json);
  for (const json of once) assert.ok(!hasRepeatedKeys(Buffer.from(json)), json);
});
