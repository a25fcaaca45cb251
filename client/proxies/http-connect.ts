/**
 * The wire of HTTP CONNECT (RFC 9110 section 9.3.6) as far as the client speaks it: one CONNECT per connection, strictly
 * parsed, nothing else proxied; and the one file that is served. Bytes in, messages out; no sockets.
 */
import { exitOf, exits, type Fault } from '../../protocol/errors.ts';
import type { FlowTarget } from '../flows/open-flow.ts';
import { mayReadPac } from './pac-file.ts';

/** `more`: the head is not whole yet. `refuse`: answer with this status and sentence, then close. */
export type ConnectRequest =
  | 'more'
  | { readonly refuse: number; readonly why: string }
  /** The proxy auto-configuration file is asked for. */
  | { readonly file: 'proxy.pac' }
  | { readonly target: FlowTarget; readonly length: number };

const mostHeadBytes = 8_192;
const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\S{1,512}) HTTP\/1\.[01]$/;
const headerLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;
const authority = /^([A-Za-z0-9._-]{1,255}):([1-9][0-9]{0,4})$/;

/** Reads the head of a request. `length` is how many bytes it took; what follows belongs to the flow. */
export function readConnect(bytes: Buffer): ConnectRequest {
  const end = bytes.subarray(0, mostHeadBytes).indexOf('\r\n\r\n');
  if (end < 0) {
    return bytes.length < mostHeadBytes ? 'more' : { refuse: 431, why: 'The request head is too large.' };
  }
  const [first = '', ...headers] = bytes.toString('latin1', 0, end).split('\r\n');
  const line = requestLine.exec(first);
  if (line === null || !headers.every((header) => headerLine.test(header)))
    return { refuse: 400, why: 'This is no HTTP/1.1 request.' };
  if (line[1] === 'GET' && line[2] === '/proxy.pac') {
    return mayReadPac(headers)
      ? { file: 'proxy.pac' }
      : { refuse: 403, why: 'This file is for your browser, and for no page in it.' };
  }
  if (line[1] !== 'CONNECT')
    return { refuse: 405, why: 'This proxy serves CONNECT only: use it for https and other TCP.' };
  const target = authority.exec(line[2] ?? '');
  const port = Number(target?.[2]);
  if (target?.[1] === undefined || port > 65_535)
    return { refuse: 400, why: 'CONNECT needs a name and a port.' };
  return { target: { host: target[1], port }, length: end + 4 };
}

export const connectEstablished = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');

/** A whole response that refuses, with one sentence for a person. */
export function writeRefusal(status: number, sentence: string): Buffer {
  const body = `${sentence}\n`;
  const allow = status === 405 ? 'Allow: CONNECT\r\n' : '';
  return Buffer.from(
    `HTTP/1.1 ${status} ${phrases[status] ?? 'Error'}\r\n${allow}Content-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** The status for a refusal: 403 by policy, 504 for silence, 502 for everything else on the way. */
export function statusFor(fault: Fault): number {
  const exit = exitOf(fault.code);
  if (exit === exits.denied || exit === exits.posture) return 403;
  return exit === exits.timeout ? 504 : 502;
}

const phrases: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
};
