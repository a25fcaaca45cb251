/**
 * Routes the zones, and nothing else, to our resolver where systemd-resolved runs: by routing domains on a link of our
 * own. The settings vanish with the link, so a crash leaves nothing behind but the link itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import { runCommand, succeeds } from '../system/run-command.ts';
import { nameServers } from './resolv-conf.ts';

/** Present exactly while systemd-resolved runs. */
const runtimeFile = '/run/systemd/resolve/stub-resolv.conf';
/** The servers that resolved itself asks, ours among them while we are up. */
const uplinkFile = '/run/systemd/resolve/resolv.conf';
/** Where resolved answers the programs of this machine. */
const stubAddresses = new Set(['127.0.0.53', '127.0.0.54']);

/** Whether systemd-resolved runs and can be told. */
export async function resolvedRuns(): Promise<boolean> {
  return existsSync(runtimeFile) && (await succeeds('resolvectl', ['dns']));
}

/** Whether programs that read these name servers ask resolved and nobody else. */
export function isResolvedStub(servers: readonly string[]): boolean {
  return servers.length > 0 && servers.every((server) => stubAddresses.has(server));
}

/** The servers that resolved asks for names that nobody routed elsewhere; asked anew, since networks change. */
export function resolvedUplinks(): string[] {
  try {
    return nameServers(readFileSync(uplinkFile, 'utf8'));
  } catch {
    return [];
  }
}

/**
 * Makes a link with our resolver's address. It needs carrier, since resolved ignores a link without: a dummy, else a
 * veth pair, else a bridge, whichever this kernel has.
 */
export async function makeLink(link: string, address: string): Promise<void> {
  const made =
    (await succeeds('ip', ['link', 'add', link, 'type', 'dummy'])) ||
    (await succeeds('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}p`])) ||
    (await succeeds('ip', ['link', 'add', link, 'type', 'bridge']));
  // When nothing could be made, the next command says why.
  if (made && (await succeeds('ip', ['link', 'show', `${link}p`])))
    await runCommand('ip', ['link', 'set', `${link}p`, 'up']);
  await runCommand('ip', ['addr', 'replace', `${address}/32`, 'dev', link]);
  await runCommand('ip', ['link', 'set', link, 'up']);
}

/** Has resolved send questions below `zones` to `address`, and no others. Replaces what was set on the link before. */
export async function routeZones(link: string, address: string, zones: readonly string[]): Promise<void> {
  await runCommand('resolvectl', ['dns', link, address]);
  await runCommand('resolvectl', [
    'domain',
    link,
    ...(zones.length > 0 ? zones.map((zone) => `~${zone}`) : ['']),
  ]);
  await runCommand('resolvectl', ['default-route', link, 'false']);
  // Ours is the only server for these names and is reached inside this machine: nothing to validate, nothing to seal.
  await runCommand('resolvectl', ['dnssec', link, 'no']);
  await runCommand('resolvectl', ['dnsovertls', link, 'no']);
  await runCommand('resolvectl', ['llmnr', link, 'no']);
  await runCommand('resolvectl', ['mdns', link, 'no']);
  await flushResolved();
}

/** Empties resolved's cache: after a change of what we answer. */
export async function flushResolved(): Promise<void> {
  await succeeds('resolvectl', ['flush-caches']);
}

/** Removes the link and with it everything resolved knew of it. Nothing happens when it is not there. */
export async function removeLink(link: string): Promise<void> {
  await succeeds('ip', ['link', 'del', link]);
  await flushResolved();
}
