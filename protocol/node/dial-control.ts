/**
 * One attempt at a control channel: asks the controller who it is, opens the WebSocket, and the sealed channel inside under
 * the control key of the card. When to try, and with which keys, is the control connection's.
 */
import { WebSocket } from 'ws';
import type { Clock, Random } from '../clock.ts';
import { controlPath, controlSubprotocol } from '../discovery.ts';
import { Fault } from '../errors.ts';
import { decodeKey, type AgreementKey } from '../keys.ts';
import { openControlChannel, type ControlChannel } from '../link/control-channel.ts';
import { webSocketCarrier } from '../link/websocket-carrier.ts';
import type { Card } from '../tokens.ts';
import type { AlarmName } from './alarms.ts';
import { dialOptions } from './dial-options.ts';
import { discover, toDialFault } from './discover.ts';
import type { Identity } from './identity.ts';

export interface ControlDial {
  /** Must hold an enrolment with `url` and `root`. */
  readonly identity: Identity;
  /** Overrides the URL of the enrolment, never its root. */
  readonly url: string | undefined;
  /** What the channel is opened with. */
  readonly nodeKey: AgreementKey;
  /** The controller has shown a card that its root signed. */
  foundCard(card: Card): void;
  onAlarm(name: AlarmName): void;
  readonly clock: Clock;
  readonly random: Random;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
}

const dialTimeoutMs = 10_000;

/** Rejects with a Fault: what `discover` says, `unreachable`, or what ended the handshake. */
export async function dialControl(dial: ControlDial): Promise<ControlChannel> {
  const { enrolment } = dial.identity;
  const root = enrolment === undefined ? undefined : decodeKey(enrolment.root);
  if (enrolment === undefined || root === undefined)
    throw new Error('a control connection needs a pinned root');
  const url = dial.url ?? enrolment.url;
  const nowS = Math.floor(dial.wallClock() / 1_000);
  const { card } = await discover(url, { kind: 'root', root }, nowS).catch((error: unknown) => {
    // Reached, but with a root or card that is not the pinned one's.
    if (error instanceof Fault && error.code === 'denied') dial.onAlarm('card-not-valid');
    throw error;
  });
  dial.foundCard(card);
  const peer = decodeKey(card.ctl);
  if (peer === undefined) throw new Fault('protocol', `${url} names no control key`);
  const { nodeKey: own, clock, random } = dial;
  const socket = await dialWebSocket(url, card);
  return openControlChannel(webSocketCarrier(socket), { own, peer, clock, random });
}

function dialWebSocket(url: string, { tls }: Card): Promise<WebSocket> {
  const target = new URL(controlPath, url);
  target.protocol = target.protocol === 'https:' ? 'wss:' : 'ws:';
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = new WebSocket(target, [controlSubprotocol], {
    ...dialOptions(tls),
    perMessageDeflate: false,
    handshakeTimeout: dialTimeoutMs,
    maxPayload: 131_072,
  });
  socket.once('open', () => resolve(socket));
  socket.on('error', (error) => reject(toDialFault(error, new URL(url).origin)));
  return promise;
}
