/**
 * Which address a request comes from: that of the connection, unless it is one of the operator's HTTP proxies
 * (`--trust-proxy`); then the last address in `X-Forwarded-For` or `Forwarded` (RFC 7239) that is not one of them. What
 * anybody else writes into these headers counts for nothing.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TrustsProxy } from '../../protocol/proxied-port.ts';
import { ProblemError } from '../api/problems.ts';
import { plainAddress } from '../../protocol/source-address.ts';

/** What of a request says where it comes from. */
interface Arrived {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: IncomingHttpHeaders;
}

/**
 * The address, IPv4 without the prefix it has on an IPv6 socket; empty when the connection is gone. Undefined: both headers
 * are there and say different things, and nobody can know which of them the proxy wrote.
 */
export function callerAddress({ socket, headers }: Arrived, trusts: TrustsProxy): string | undefined {
  const peer = plainAddress(socket.remoteAddress ?? '');
  if (!trusts(peer)) return peer;
  const listed = headers['x-forwarded-for'];
  const standard = headers['forwarded'];
  const found = [
    ...(listed === undefined ? [] : [lastStranger(peer, [listed].flat().join(',').split(','), trusts)]),
    ...(standard === undefined ? [] : [lastStranger(peer, hopsOf(standard), trusts)]),
  ];
  return found[0] === (found[1] ?? found[0]) ? (found[0] ?? peer) : undefined;
}

/** Gives every request its `callerAddress`, before anything else looks at it. */
export function installCallerAddress(app: FastifyInstance, trusts: TrustsProxy): void {
  app.decorateRequest('callerAddress', '');
  app.addHook('onRequest', (request, _reply, done) => {
    const address = callerAddress(request.raw, trusts);
    if (address === undefined)
      return done(
        new ProblemError('invalid-request', 'X-Forwarded-For and Forwarded name different addresses.'),
      );
    request.callerAddress = address;
    done();
  });
}

/** For a request that is made inside this process in somebody's name: it comes from where theirs does. */
export function comesFrom(request: Pick<FastifyRequest, 'callerAddress'>): {
  readonly remoteAddress: string;
} {
  return { remoteAddress: request.callerAddress };
}

/** From the last hop on, as far as those who say it are believed. A hop that is no address ends it: who wrote it is known. */
function lastStranger(peer: string, hops: readonly string[], trusts: TrustsProxy): string {
  let last = peer;
  for (const hop of hops.toReversed()) {
    const address = addressOf(hop.trim());
    if (address === undefined) return last;
    last = address;
    if (!trusts(last)) return last;
  }
  return last;
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`; undefined for anything else. */
function addressOf(text: string): string | undefined {
  const [, bracketed, bare] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(text) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? plainAddress(bracketed) : undefined;
  if (bare !== undefined) return isIPv4(bare) ? bare : undefined;
  return isIP(text) === 6 ? plainAddress(text) : undefined;
}

/** The `for` of each element, empty where there is none. */
function hopsOf(header: string): string[] {
  return split(header, ',').map((element) => {
    const pair = split(element, ';').find((each) => /^\s*for=/i.test(each)) ?? '';
    const value = pair.trim().slice('for='.length);
    return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  });
}

/** At every separator outside quotes. */
function split(text: string, separator: ',' | ';'): string[] {
  const parts = [''];
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') isQuoted = !isQuoted;
    const isEscaped = isQuoted && char === '\\';
    if (char === separator && !isQuoted) parts.push('');
    else parts.push(`${parts.pop()}${isEscaped ? text.slice(at, at + 2) : char}`);
    if (isEscaped) at += 1;
  }
  return parts;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Where it comes from, behind the operator's proxies. */
    callerAddress: string;
  }
}
