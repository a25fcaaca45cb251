import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, beforeEach, test } from 'node:test';
import { CompactSign } from 'jose';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { encodeKey, newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import { tunnelPrologue } from '../../protocol/link/handshake-messages.ts';
import { openSecureChannel } from '../../protocol/link/secure-channel.ts';
import type { Session } from '../../protocol/link/session.ts';
import { frameTypes as t } from '../../protocol/mux/frames.ts';
import { signGrant, signTicket, tokenSigner, type Grant } from '../../protocol/tokens.ts';
import { frame, u16, u32 } from '../support/frames.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { until } from '../support/until.ts';
import { ConnectorBench, id, outcome, removeBenches } from './support/connector-bench.ts';

// SEC-A13: a device that may use one thing asks, inside its good session, for everything else.

let bench: ConnectorBench;
beforeEach(async () => {
  bench = new ConnectorBench();
  await bench.start();
});
afterEach(() => bench.close());
after(removeBenches);

/** The flow id as WIRE A9 has it: both ends can compute it, nobody else. */
function flowId(handshakeHash: Buffer, stream: number): string {
  const mac = createHmac('blake2s256', handshakeHash).update(u32(stream)).digest();
  return mac.subarray(0, 16).toString('base64url');
}

/** Opens a stream with this payload; how it came out, and the flow id it must be recorded under. */
async function attempt(session: Session, payload: object): Promise<{ code: string; flow: string }> {
  const stream = session.openStream(payload);
  const flow = flowId(session.handshakeHash, stream.id);
  try {
    await stream.accepted();
    return { code: 'accepted', flow };
  } catch (error) {
    assert.ok(error instanceof Fault);
    return { code: error.code, flow };
  }
}

const refusals = () => bench.records().filter(({ event }) => event === 'refused');

/** Every attempt is refused with its code and recorded under its flow; the application has heard of none. */
async function allRefused(session: Session, attempts: readonly [object, CodeName][]): Promise<void> {
  const [dialled, recorded] = [bench.dialled.length, refusals().length];
  const expected: { flow: string; code: string }[] = [];
  for (const [payload, code] of attempts) {
    const { flow, code: got } = await attempt(session, payload);
    assert.equal(got, code, JSON.stringify(payload));
    expected.push({ flow, code });
  }
  assert.deepEqual(
    refusals()
      .slice(recorded)
      .map(({ flow, code }) => ({ flow, code })),
    expected,
  );
  assert.ok(
    refusals()
      .slice(recorded)
      .every(({ device }) => device === bench.deviceId),
  );
  assert.equal(bench.dialled.length, dialled);
}

test('SEC-A13 after a valid open, other hosts, ports, kinds and resources are refused at the connector and recorded', async () => {
  const { session } = await bench.dial([await bench.grant()]);
  const open = session.openStream(bench.request());
  await open.accepted();
  const hosts: string[] = [
    ...['other.acme.internal', 'acme.internal', 'x.wiki.acme.internal', 'wiki.acme.internal.evil.example'],
    ...[
      'wiki',
      'wiki.acme.internal..',
      '*.acme.internal',
      '*',
      '',
      'wiki.acme.internal\0',
      'wiki.acme.internal:80',
    ],
    ...['127.0.0.1', '127.1', '0177.0.0.1', '0x7f.0.0.1', '2130706433', '::1', '[::1]', '::ffff:127.0.0.1'],
    ...['localhost', 'wíki.acme.internal', 'wіki.acme.internal', 'a'.repeat(254), '169.254.169.254'],
  ];
  const ports: [unknown, CodeName][] = [
    [bench.port + 1, 'port-not-listed'],
    [bench.port - 1, 'port-not-listed'],
    [0, 'port-not-listed'],
    [65_535, 'port-not-listed'],
    [65_536, 'denied'],
    [-1, 'denied'],
    [bench.port + 65_536, 'denied'],
    [bench.port + 0.5, 'denied'],
    [String(bench.port), 'denied'],
    [null, 'denied'],
    [[bench.port], 'denied'],
  ];
  const resources: unknown[] = [
    bench.databases,
    id('res'),
    id('net'),
    bench.grantId,
    '__proto__',
    'constructor',
  ];
  resources.push('', null, [bench.wiki], `${bench.wiki} `, bench.wiki.toUpperCase());
  await allRefused(session, [
    ...hosts.map((h): [object, CodeName] => [bench.request({ h }), 'denied']),
    ...ports.map(([p, code]): [object, CodeName] => [bench.request({ p }), code]),
    ...resources.map((r): [object, CodeName] => [bench.request({ r }), 'denied']),
    [bench.request({ k: 'udp' }), 'port-not-listed'],
    ...['peer', 'TCP', '', null].map((k): [object, CodeName] => [bench.request({ k }), 'denied']),
    // Without a public hostname of this resource there is no flow of that kind, at whatever port.
    [bench.request({ k: 'web' }), 'port-not-listed'],
    [bench.request({ k: 'web', p: 443 }), 'denied'],
    // Whether a resource that is not granted lists a port is nobody's business.
    [bench.request({ r: bench.databases, h: 'a.db.acme.internal', p: 1 }), 'denied'],
    [[], 'denied'],
    [[bench.request()], 'denied'],
    [{}, 'denied'],
    // What a parser may take twice: the second value counts for everybody.
    [
      JSON.parse(`{"r":"${bench.wiki}","h":"wiki.acme.internal","p":${bench.port},"k":"tcp","h":"b"}`),
      'denied',
    ],
  ]);
  // What is the same name is let in, and the stream that was open before is untouched.
  assert.equal(await outcome(session, bench.request({ h: 'WIKI.acme.internal.' })), 'accepted');
  open.end('still here');
  assert.equal(String((await open.toArray())[0]), 'still here');
});

test('SEC-A13 a question about a name is held to the same: resource, pattern, and where it leads', async () => {
  const { session } = await bench.dial([await bench.grant({ res: { [bench.databases]: 0 } })]);
  bench.names = { 'good.db.acme.internal': ['10.1.2.3'], 'bad.db.acme.internal': ['169.254.169.254'] };
  const ask = (r: string, h: string) => ({ r, h, p: 0, k: 'dns', q: 'A' });
  assert.equal((await attempt(session, ask(bench.databases, 'good.db.acme.internal'))).code, 'accepted');
  await allRefused(session, [
    [ask(bench.wiki, 'wiki.acme.internal'), 'denied'],
    [ask(bench.databases, 'wiki.acme.internal'), 'denied'],
    [ask(bench.databases, 'db.acme.internal'), 'denied'],
    [ask(bench.databases, 'bad.db.acme.internal'), 'address-forbidden'],
  ]);
});

test('SEC-A13 K8 no grant but the device’s own, for this network, of now, opens anything, whatever else is shown beside it', async () => {
  const nowS = bench.wallMs / 1_000;
  const other = newAgreementKey();
  const stranger = await tokenSigner(newSigningKey());
  const claims: Grant = {
    iss: 'https://access.acme.example',
    aud: bench.network,
    jti: id('tok'),
    org: id('org'),
    sub: id('usr'),
    dev: bench.deviceId,
    ses: id('ses'),
    nk: encodeKey(bench.device.publicKey),
    who: { name: 'Alice', groups: [] },
    cav: [{ until: nowS + 600, out: 3_600 }],
    res: { [bench.wiki]: 0 },
    iat: nowS,
    exp: nowS + 3_600,
  };
  const good = await bench.grant();
  const [head, body, signature] = good.split('.') as [string, string, string];
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
  const { kid, key } = await bench.signer;
  /** The claims of a good grant, well signed under another header. */
  const signedUnder = (header: object) =>
    new CompactSign(Buffer.from(body, 'base64url'))
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'postern-grant+jwt', ...header })
      .sign(key.privateKey);
  const worthless: Record<string, string> = {
    'with the type of a ticket': await signedUnder({ typ: 'postern-ticket+jwt' }),
    'with no type of ours': await signedUnder({ typ: 'JWT' }),
    'with a header that nobody asked for': await signedUnder({ jku: 'https://evil.example/jwks.json' }),
    'with the name of a key that is not in the card': await signedUnder({ kid: '__proto__' }),
    'of another device': await bench.grant({ nk: encodeKey(other.publicKey) }),
    'of another network': await bench.grant({ aud: id('net') }),
    'that has expired': await bench.grant({ iat: nowS - 7_200, exp: nowS - 3_600 }),
    'of the future': await bench.grant({ iat: nowS + 3_600, exp: nowS + 7_200 }),
    'of another issuer': await bench.grant({ iss: 'https://access.evil.example' }),
    'signed by a stranger': await signGrant(stranger, claims),
    'without a signature': `${encode({ ...decode(head), alg: 'none' })}.${body}.`,
    'with another body': `${head}.${encode({ ...decode(body), res: { [bench.databases]: 0 } })}.${signature}`,
    'with another header': `${encode({ ...decode(head), crit: [] })}.${body}.${signature}`,
    'that is a ticket': await signTicket(await bench.signer, {
      ...claims,
      sub: bench.deviceId,
      role: 'client',
      mk: claims.nk,
      meet: [bench.network],
      out: 3_600,
    }),
    'for another resource': await bench.grant({ res: { [bench.databases]: 0 } }),
    'for a caveat that is not there': await bench.grant({ res: { [bench.wiki]: 7 } }),
    'cut short': good.slice(0, -2),
    padded: `${good}==`,
  };
  for (const [name, token] of Object.entries(worthless)) {
    const { session } = await bench.dial([token]);
    const before = refusals().length;
    const { code, flow } = await attempt(session, bench.request());
    assert.equal(code, 'denied', name);
    assert.deepEqual(
      refusals()
        .slice(before)
        .map((record) => [record.flow, record.code]),
      [[flow, 'denied']],
      name,
    );
    session.close();
  }
  // The grant of this device, replayed by who holds another key.
  const { session: thief } = await bench.dial([good], other);
  assert.equal((await attempt(thief, bench.request())).code, 'denied');
  assert.equal(bench.dialled.length, 0);
  // All of them together do not spoil the good one, nor does it lend them anything.
  const { session } = await bench.dial([...Object.values(worthless), good]);
  assert.equal(await outcome(session, bench.request()), 'accepted');
});

test('SEC-A13 a grant for other ports of the resource says port-not-listed, and one of them opens its own', async () => {
  const nowS = bench.wallMs / 1_000;
  const cav = [{ until: nowS + 600, out: 3_600, ports: [`tcp/${bench.port + 1}`] }];
  bench.resources[bench.wiki] = {
    ...bench.resources[bench.wiki]!,
    ports: [`tcp/${bench.port}`, `tcp/${bench.port + 1}`],
  };
  const { session } = await bench.dial([await bench.grant({ cav })]);
  await allRefused(session, [[bench.request(), 'port-not-listed']]);
});

/** A device with a good key that speaks the link and the mux by hand. */
async function byHand() {
  const { left, right } = memoryCarriers();
  const accepting = bench.accept(right);
  const channel = await openSecureChannel(left, {
    own: bench.device,
    peer: bench.key.publicKey,
    prologue: tunnelPrologue(bench.network),
    kem: false,
    clock: bench.clock,
    random: systemRandom,
  });
  channel.start({ record: () => {}, drain: () => {}, closed: () => {} });
  channel.send(Buffer.from([1]));
  return { session: await accepting, say: (...frames: Buffer[]) => say(channel, frames) };
}

function say(channel: { send(bytes: Buffer): boolean }, frames: readonly Buffer[]): void {
  channel.send(Buffer.concat([Buffer.from([0]), ...frames]));
}

const opening = (stream: number, payload: object) =>
  frame(stream, t.open, Buffer.from(JSON.stringify(payload)));

for (const [name, second] of [
  ['the same number again', () => [opening(1, bench.request({ p: 22 }))]],
  ['a number of the connector’s parity', () => [opening(2, bench.request({ p: 22 }))]],
  ['a lower number', () => [opening(9, bench.request()), opening(7, bench.request({ p: 22 }))]],
  ['stream 0', () => [opening(0, bench.request())]],
  ['the same number after its end', () => [frame(1, t.reset, u16(1)), opening(1, bench.request())]],
] as const) {
  test(`SEC-A13 after a valid open, ${name} ends the session with protocol, and that is recorded`, async () => {
    const device = await byHand();
    device.say(frame(0, t.grant, Buffer.from(await bench.grant())), opening(1, bench.request()));
    await until(() => bench.dialled.length === 1);
    await until(() => bench.records().some(({ event }) => event === 'open'));
    for (const frames of second()) device.say(frames);
    assert.equal((await device.session.closed).code, 'protocol');
    await until(() => bench.records().some(({ event }) => event === 'close'));
    const flow = flowId(device.session.handshakeHash, 0);
    const [recorded] = refusals().filter((record) => record.flow === flow);
    assert.deepEqual([recorded?.code, recorded?.device], ['protocol', bench.deviceId]);
    await until(() => bench.dialled.every(({ destroyed }) => destroyed));
    assert.equal(device.session.streams, 0);
  });
}
