/**
 * A device put together from the protocol's own parts with a tap on everything it decrypts, run as a process on a laptop:
 * control messages, the tunnel's headers, and apart from both what the applications answered. Prints one JSON object.
 *
 *   node tapped-device.ts STATE KEY-FILE URL…        asks each http URL once, through its grants
 */
import { readFileSync } from 'node:fs';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import type { FromController } from '../../protocol/control.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { toFault } from '../../protocol/errors.ts';
import type { ConnectorId, RelayId } from '../../protocol/ids.ts';
import { decodeKey, encodeKey } from '../../protocol/keys.ts';
import { attachToRelay } from '../../protocol/link/attachment.ts';
import { tunnelPrologue } from '../../protocol/link/handshake-messages.ts';
import { Link } from '../../protocol/link/link.ts';
import { openSecureChannel } from '../../protocol/link/secure-channel.ts';
import { frameHeaderBytes, frameTypes } from '../../protocol/mux/frames.ts';
import { Mux } from '../../protocol/mux/mux.ts';
import { matchesPattern, parseName, type Pattern } from '../../protocol/names.ts';
import { keepControl } from '../../protocol/node/control-connection.ts';
import { dialOptions } from '../../protocol/node/dial-options.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { decodeEnrolmentKey, encodeEnrolmentKey } from '../../protocol/secrets.ts';
import type { Card } from '../../protocol/tokens.ts';

/** What the tap heard. */
export interface Tapped {
  /** Every control message, as JSON. */
  readonly control: string;
  /** Everything the connector sent but the data of streams, base64. */
  readonly headers: string;
  /** What applications sent, in base64, or the code of a refusal, by URL. */
  readonly answers: Readonly<Record<string, { data: string } | { code: string }>>;
}

if (import.meta.main) await run(process.argv.slice(2));

async function run([folder = '', keyFile = '', ...urls]: string[]): Promise<void> {
  const identity = openIdentity(openStateDirectory(folder));
  const key = decodeEnrolmentKey('sk', readFileSync(keyFile, 'utf8').trim());
  if (key === undefined) throw new Error(`${keyFile} holds no sk_ key`);
  identity.enrol({ schema: 'postern.enrolment/v1', url: key.url, root: encodeKey(key.root) });

  const control: unknown[] = [];
  const told = Promise.withResolvers<{
    card: Card;
    snapshot: DeviceSnapshot;
    tickets: string[];
    grants: string[];
  }>();
  let card: Card | undefined;
  let tickets: string[] = [];
  let grants: string[] = [];
  const connection = keepControl({
    kind: 'device',
    identity,
    credential: { secret: encodeEnrolmentKey(key) },
    name: 'tapped',
    os: 'linux',
    onWelcome(shown, message) {
      card = shown;
      control.push(message, shown);
    },
    onMessage(message: FromController) {
      control.push(message);
      if (message.t === 'tickets') tickets = message.list;
      if (message.t === 'grants') grants = message.list;
      if (message.t === 'snapshot' && message.snapshot.kind === 'device' && card !== undefined)
        told.resolve({ card, snapshot: message.snapshot, tickets, grants });
    },
  });
  const device = await told.promise;

  const [network] = Object.values(device.snapshot.networks);
  const [peer] = network?.connectors ?? [];
  const [relay] = Object.values(device.snapshot.relays);
  const peerKey = decodeKey(peer?.nk ?? '');
  if (network === undefined || peer === undefined || relay === undefined || peerKey === undefined)
    throw new Error('there is no way into the network');
  const attachment = await attachToRelay({
    url: relay.url,
    relayId: relay.id as RelayId,
    ticket: device.tickets[0] ?? '',
    machineKey: identity.machineKey,
    connect: dialOptions(device.card.tls),
    clock: systemClock,
  });
  const channel = await openSecureChannel(attachment.openCircuit(peer.id as ConnectorId), {
    own: identity.nodeKey,
    peer: peerKey,
    prologue: tunnelPrologue(network.id),
    kem: true,
    clock: systemClock,
    random: systemRandom,
  });
  const headers: Buffer[] = [];
  const start = channel.start.bind(channel);
  channel.start = (events) =>
    start({
      ...events,
      record(plaintext) {
        headers.push(withoutData(plaintext));
        events.record(plaintext);
      },
    });
  const link: Link = new Link(channel, systemClock, {
    frames: (frames) => mux.receive(frames),
    drain: () => mux.drained(),
    lost: (fault) => mux.end(fault),
    closed: (fault) => mux.end(fault),
  });
  const mux: Mux = new Mux({
    level: 'inner',
    side: 'dialler',
    sink: link,
    clock: systemClock,
    peerMaxStreams: channel.maxStreams,
    minRttMs: () => link.minRttMs,
    handlers: { stream: (stream) => stream.reset('denied'), grant: () => undefined, note: () => undefined },
  });
  for (const grant of device.grants) mux.sendGrant(grant);
  mux.flush();
  link.start(true);

  const answers: Record<string, { data: string } | { code: string }> = {};
  for (const text of urls) answers[text] = await ask(mux, device.snapshot, new URL(text));
  const tapped: Tapped = {
    control: JSON.stringify(control),
    headers: Buffer.concat(headers).toString('base64'),
    answers,
  };
  console.log(JSON.stringify(tapped));
  connection.stop();
  // Otherwise it would wait a minute for another carrier.
  link.close('cancelled');
  attachment.close();
}

async function ask(
  mux: Mux,
  { resources }: DeviceSnapshot,
  url: URL,
): Promise<{ data: string } | { code: string }> {
  const name = parseName(url.hostname);
  const resource = Object.values(resources).find(({ hosts }) =>
    hosts.some((pattern) => name !== undefined && matchesPattern(pattern as Pattern, name)),
  );
  const open = { r: resource?.id, h: url.hostname, p: Number(url.port || 80), k: 'tcp' };
  const stream = mux.openStream(Buffer.from(JSON.stringify(open)));
  stream.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.hostname}\r\nConnection: close\r\n\r\n`);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of stream) pieces.push(piece as Buffer);
    return { data: Buffer.concat(pieces).toString('base64') };
  } catch (error) {
    return { code: toFault(error).code };
  }
}

/** A plaintext of the link (WIRE A7) without the payload of DATA frames. */
function withoutData(plaintext: Buffer): Buffer {
  if (plaintext[0] !== 0) return Buffer.from(plaintext);
  const kept = [plaintext.subarray(0, 1)];
  for (let at = 1; at < plaintext.length;) {
    const length = plaintext.readUIntBE(at + 5, 3);
    const isData = plaintext[at + 4] === frameTypes.data;
    kept.push(plaintext.subarray(at, at + frameHeaderBytes + (isData ? 0 : length)));
    at += frameHeaderBytes + length;
  }
  return Buffer.concat(kept);
}
