/**
 * What the watchdog does once `postern up` is gone without having tidied up. Where names are routed by suffix it answers
 * for the zones, that nothing can be told, until the next start or `postern dns reset`; elsewhere it restores the system.
 */
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { parseName } from '../../protocol/names.ts';
import { serveLocalApi } from '../../protocol/node/local-api.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { version } from '../../protocol/version.ts';
import { AddressPool } from '../dns/address-pool.ts';
import { parseRange, resolverAddress } from '../dns/address-range.ts';
import { createResolver } from '../dns/resolver.ts';
import { serveDns } from '../dns/server.ts';
import { namesOf } from '../accounts/names.ts';
import { nothingKnown } from '../standing.ts';
import { statusSchema } from '../status.ts';
import { flushResolved, routeZones } from '../system-dns/resolved.ts';
import { readJournal, undoLeftovers } from '../system/journal.ts';
import { routedAlways } from '../system/system-changes.ts';
import { lockSystem } from '../system/system-lock.ts';

const [stateDirectory] = process.argv.slice(2);
if (stateDirectory !== undefined) await watch(stateDirectory);

async function watch(path: string): Promise<void> {
  const release = lockSystem(path);
  // The next client is there already, and undoes or takes over what is left by itself.
  if (release === undefined) return;
  const state = openStateDirectory(path);
  const journal = readJournal(state);
  const range = parseRange(journal?.range ?? '');
  if (journal === undefined) return;
  if (journal.takeover !== undefined || journal.zones.length === 0 || range === undefined) {
    await undoLeftovers(state);
    return;
  }
  const names = namesOf(
    nothingKnown(
      journal.zones.flatMap((zone) => parseName(zone) ?? []),
      new Set(),
    ),
  );
  const resolver = createResolver({
    pool: new AddressPool(range, () => systemClock.nowMs()),
    names: () => names,
    upstreams: () => [],
    exists: () => Promise.resolve('unknown'),
    records: () => Promise.resolve('unknown'),
    clock: systemClock,
    random: systemRandom,
  });
  const server = await serveDns({
    address: resolverAddress(range),
    port: 53,
    answer: (message, transport) => resolver.answer(message, transport),
  });
  // Public hostnames are asked where they were before; what the client answered a moment ago is not true any more.
  const { link } = journal;
  if (link === undefined) await flushResolved();
  else await routeZones(link, resolverAddress(range), routedAlways(journal.zones, range));
  const leave = async (): Promise<void> => {
    await server.close();
    await api?.close();
    release();
  };
  const api = await serveLocalApi(path, {
    'GET /v1/status': () => ({ schema: statusSchema, version, state: 'crashed', zones: journal.zones }),
    // The next `up` takes over what stands; until it answers, the zones are refused because nobody does.
    'POST /v1/handover': () => {
      setImmediate(() => void leave());
      return {};
    },
    'POST /v1/down': async () => {
      const undone = await undoLeftovers(state);
      setImmediate(() => void leave());
      return { dns: undone?.resolvConf ?? 'untouched' };
    },
  }).catch(() => undefined);
  // A client that serves this directory meanwhile waits for the lock.
  if (api === undefined) await leave();
}
