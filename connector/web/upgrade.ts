/**
 * WebSockets through the web door: the request is judged and its headers made as any other's, and once the origin has agreed
 * the two connections are joined byte for byte, with back-pressure. Every other upgrade is refused (SEC-A15, SEC-A16).
 */
import { request as sendRequest, type IncomingMessage } from 'node:http';
import { Readable, type Duplex } from 'node:stream';
import type { Clock } from '../../protocol/clock.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { dialOrigin, type OriginDialling } from './dial-origin.ts';
import type { Exchange } from './exchange.ts';
import { wantsPage } from './gate.ts';
import { originFailure, OriginSilent, timingOf } from './origin-failure.ts';
import type { OriginHealth } from './origin-health.ts';
import { browserHeaders } from './origin-response.ts';
import type { ChosenOrigin } from './origins.ts';
import { render, type Notice } from './pages.ts';
import { endWith, refusal } from './parting.ts';
import type { Opened } from './proxy.ts';
import { answerWithinMs } from './upstreams.ts';

/** Whether this is a WebSocket's opening handshake (RFC 6455 §4.1) and nothing else. */
export function isWebSocket({ method, httpVersion, headers, rawHeaders }: IncomingMessage): boolean {
  const count = (name: string): number =>
    rawHeaders.filter((each, index) => index % 2 === 0 && each.toLowerCase() === name).length;
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    count('upgrade') === 1 &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    count('sec-websocket-key') === 1 &&
    /^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '') &&
    headers['sec-websocket-version'] === '13' &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined
  );
}

/** What an upgrade needs of the door around it. */
export interface UpgradeOptions {
  readonly clock: Clock;
  readonly dialling: OriginDialling;
  readonly health: Pick<OriginHealth, 'failed' | 'answered'>;
  /** No origin agreed or refused, for no fault of the browser's. */
  failed(exchange: Exchange, code: CodeName): void;
}

/** Asks the origin and joins `socket`, the browser's connection, with its. Never rejects. */
export async function passUpgrade(
  opened: Opened,
  browser: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  options: UpgradeOptions,
): Promise<void> {
  const { exchange } = opened;
  const { socket, request } = browser;
  const sinceMs = performance.now();
  socket.on('error', () => exchange.end());
  socket.once('close', () => exchange.end());
  try {
    const { answer, by } = await answered(opened, options);
    if (exchange.isOver) return;
    options.health.answered(exchange.options.resource, by);
    join(opened, browser, by, answer);
    opened.answered?.(answer.response.statusCode);
  } catch (error) {
    const failure = originFailure(error);
    // What was cut, or has no browser any more, failed for no fault of the origin's.
    if (!exchange.isOver) options.failed(exchange, failure.code);
    exchange.end();
    opened.answered?.(socket.destroyed ? undefined : failure.notice.status);
    const headers = { 'server-timing': timingOf(failure, performance.now() - sinceMs) };
    refuseUpgrade(request, socket, { ...failure.notice, headers });
  }
}

/** Answers an upgrade with a notice, and lets the connection go. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, notice: Notice): void {
  const { status, headers, body } = render(notice, wantsPage(request));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
  endWith(socket, `HTTP/1.1 ${status} Refused\r\nconnection: close\r\n${length}${lines.join('')}\r\n${body}`);
}

/** The same for what is malformed: a status and nothing else. */
export function refuseMalformed(socket: Duplex, status: number): void {
  endWith(socket, refusal(status));
}

interface Agreed {
  readonly response: IncomingMessage;
  /** Undefined where the origin did not agree, and answered. */
  readonly upgraded: { readonly socket: Duplex; readonly head: Buffer } | undefined;
}

/**
 * The first origin that answers in time, with its answer. One that cannot be connected to, or keeps silent, gives way to the
 * next: an opening handshake is a GET without a body.
 */
async function answered(
  opened: Opened,
  { clock, dialling, health }: UpgradeOptions,
): Promise<{ answer: Agreed; by: ChosenOrigin }> {
  const { exchange, origins } = opened;
  const { resource, right } = exchange.options;
  let last: unknown = new Fault('unreachable');
  for (const by of origins) {
    if (exchange.isOver) throw new Fault('cancelled');
    let isConnected = false;
    try {
      const upstream = { resource, ...by, right: right?.id ?? 'nobody' };
      const connection = await dialOrigin(upstream, dialling);
      isConnected = true;
      exchange.onceOver(() => connection.destroy());
      if (exchange.isOver) throw new Fault('cancelled');
      return { answer: await askOrigin(opened, by, connection, clock), by };
    } catch (error) {
      if (isConnected && !(error instanceof OriginSilent)) throw error;
      health.failed(resource, by);
      last = error;
    }
  }
  throw last;
}

/** Rejects with OriginSilent where its answer has not begun within what its resource says, with a Fault otherwise. */
function askOrigin(opened: Opened, by: ChosenOrigin, connection: Duplex, clock: Clock): Promise<Agreed> {
  const { target, resource } = opened.exchange.options;
  return new Promise((resolve, reject) => {
    const asked = sendRequest({
      method: 'GET',
      path: `${target.path}${target.query}`,
      headers: [...opened.headers(by), 'connection', 'Upgrade', 'upgrade', 'websocket'],
      setHost: false,
      createConnection: () => connection,
    });
    const cancelTimer = clock.after(answerWithinMs(resource), () => asked.destroy(new OriginSilent()));
    asked.once('error', (error) => {
      cancelTimer();
      reject(error instanceof OriginSilent ? error : new Fault('protocol'));
    });
    asked.once('response', (response) => {
      cancelTimer();
      resolve({ response, upgraded: undefined });
    });
    asked.once('upgrade', (response, socket, head) => {
      cancelTimer();
      if (response.headers.upgrade?.toLowerCase() === 'websocket') {
        resolve({ response, upgraded: { socket, head } });
        return;
      }
      socket.destroy();
      reject(new Fault('protocol'));
    });
    asked.end();
  });
}

function join(
  { exchange }: Opened,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  origin: ChosenOrigin,
  { response, upgraded }: Agreed,
): void {
  const { target } = exchange.options;
  const headers = browserHeaders(response.headers, {
    origin,
    publicOrigin: `https://${target.authority}`,
  });
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}\r\n`),
  );
  if (upgraded === undefined) {
    delete headers['content-length'];
    const kept = lines.filter((line) => !line.startsWith('content-length:')).join('');
    socket.write(`HTTP/1.1 ${response.statusCode} Refused\r\nconnection: close\r\n${kept}\r\n`, 'latin1');
    response.on('error', () => socket.destroy());
    response.pipe(socket);
    return;
  }
  const agreed = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n';
  socket.write(`${agreed}${lines.join('')}\r\n`, 'latin1');
  if (upgraded.head.length > 0) socket.write(upgraded.head);
  if (head.length > 0) upgraded.socket.write(head);
  splice(socket, upgraded.socket);
  splice(upgraded.socket, socket);
}

function splice(from: Duplex, to: Duplex): void {
  Readable.prototype.pipe.call(from, to);
  from.on('error', () => to.destroy());
  from.once('close', () => {
    if (!from.readableEnded) to.destroy();
  });
}
