/** The resolvers of this system as they are now, while none of its names come here. */
import { getServers } from 'node:dns';
import { readFileSync } from 'node:fs';
import type { Upstream } from '../dns/upstream.ts';
import { nameServers } from './resolv-conf.ts';

const resolvConf = '/etc/resolv.conf';

/** Read anew each time: networks change. On systems without that file, those that the runtime found when it started. */
export function systemServers(path: string = resolvConf): Upstream[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return getServers().map(upstreamOf);
  }
  return nameServers(text).map((address) => ({ address, port: 53 }));
}

/** `address`, `address:port` or `[address]:port`. */
function upstreamOf(server: string): Upstream {
  const [, inBrackets, port] = /^\[([^\]]+)\](?::(\d+))?$/.exec(server) ?? [];
  if (inBrackets !== undefined) return { address: inBrackets, port: Number(port ?? 53) };
  const isPlain6 = server.split(':').length > 2;
  const [address = '', at] = isPlain6 ? [server] : server.split(':');
  return { address, port: Number(at ?? 53) };
}
