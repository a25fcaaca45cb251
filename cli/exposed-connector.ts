/** What the connector inside `postern expose` may serve, and the folder it keeps its keys in while it runs. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Serves } from '../connector/served.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';

/** What outlives the process: a CA issues only so many certificates for one name. */
const kept = new Set(['acme-accounts.json', 'acme-certificates.json']);

/** That port of localhost at that hostname by the web door; nothing else, whatever the controller says. */
export function exposedOnly({
  id,
  hostname,
  port,
}: {
  readonly id: string;
  readonly hostname: string;
  readonly port: number;
}): Serves {
  const origin = new URL(`http://localhost:${port}`).origin;
  return ({ id: of, hosts, web }) =>
    of === id &&
    hosts.length === 0 &&
    web !== undefined &&
    web.hostnames.length === 1 &&
    web.hostnames[0] === hostname &&
    web.origins.length === 1 &&
    URL.parse(web.origins[0] ?? '')?.origin === origin;
}

/** Removes what an earlier process left: each time is a node of its own. */
export function freshState({ path }: StateDirectory): void {
  for (const name of readdirSync(path))
    if (!kept.has(name)) rmSync(join(path, name), { recursive: true, force: true });
}

/** Removes its keys, and the folder where nothing is kept in it. */
export function removeState(state: StateDirectory): void {
  freshState(state);
  if (readdirSync(state.path).length === 0) rmSync(state.path, { recursive: true, force: true });
}
