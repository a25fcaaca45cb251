/**
 * Opens a controller's data and makes its context: directory, store, keys, card, authority. Listens nowhere; the program
 * and the tests put API and control server on top.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock, Random } from '../protocol/clock.ts';
import type { OrganisationId } from '../protocol/ids.ts';
import type { TrustsProxy } from '../protocol/proxied-port.ts';
import { SharedReads } from './control/shared-reads.ts';
import { actOnChange } from './decisions/act-on-change.ts';
import { settleLater } from './decisions/settle-later.ts';
import { NarrowedRights } from './decisions/narrowed-rights.ts';
import { OpenedCounts } from './decisions/opened-counts.ts';
import { writeOpened } from './decisions/policy-hits.ts';
import { defaultEgress, mayReachBy, type EgressRule } from './egress.ts';
import type { Mailer } from './notifications/mailer.ts';
import { memoryLive } from './live/memory-live.ts';
import { redisLive } from './live/redis-live.ts';
import { SeenControllers } from './live/seen-controllers.ts';
import type { ControllerContext, Organisation } from './context.ts';
import { certificateFile, loadAuthority } from './keys/authority.ts';
import { cardSource } from './keys/card.ts';
import { loadControllerKeys } from './keys/controller-keys.ts';
import { prepareDirectory } from './keys/data-directory.ts';
import { keyFiles, keyRecords, showFile } from './keys/key-place.ts';
import { loadSecretKey, type SecretKey } from './keys/secret-key.ts';
import { UnusableDatabase } from './store/unusable-database.ts';
import type { Live, Taken } from './live/live.ts';
import { OrganisationReader } from './organisation/organisation-state.ts';
import { stopDelivering } from './notifications/deliver.ts';
import { NodeShares } from './operator/node-shares.ts';
import { Organisations } from './operator/organisations.ts';
import { UsageCounts } from './operator/usage-counts.ts';
import { Countries, noCountries } from './source/countries.ts';
import { movedNote } from './store/move-records.ts';
import { SharedCommit } from './store/shared-commit.ts';
import { openStore, type Store } from './store/store.ts';

export interface OpenOptions {
  /** The data directory; made when it is missing, mode 0700. */
  readonly directory: string;
  /** `postgres://…` for records; without, a SQLite file in the data directory. */
  readonly database?: string | undefined;
  /** `redis://…` between several controllers of one database; without, this is the only one. */
  readonly redis?: string | undefined;
  readonly publicUrl: URL;
  /** The port of the web door as browsers reach it; that of the public URL unless given, and 8443 where that is a trial's. */
  readonly webPort?: number;
  /** Default: `secret.key` in the data directory. */
  readonly secretKeyFile?: string;
  /** The operator's networks and their countries; without, no address has one. */
  readonly countriesFile?: string;
  /** Whether the built-in authority certifies the listener; false when certificates come from files. */
  readonly builtInAuthority: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Sends codes to guests; closed with the controller. */
  readonly mailer?: Mailer;
  /** Where it may go itself for what administrators name; the default unless said. */
  readonly egress?: EgressRule;
  /** The operator's balancers and proxies, by address; nobody's word counts unless given. */
  readonly trustsProxy?: TrustsProxy;
}

export interface OpenController {
  readonly context: ControllerContext;
  close(): Promise<void>;
}

/** Opens the data, making what is missing. Throws a sentence when something cannot be used. */
export async function openController(options: OpenOptions): Promise<OpenController> {
  const undo: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    return { context: await open(options, (step) => undo.push(step)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  options: OpenOptions,
  atEnd: (step: () => void | Promise<void>) => void,
): Promise<ControllerContext> {
  const { directory, publicUrl, now, clock, random, log } = options;
  await prepareDirectory(directory);
  const secretKey = await loadSecretKey(options.secretKeyFile ?? join(directory, 'secret.key'), random);
  const store = await openStore({ directory, database: options.database, now, random });
  atEnd(() => store.close());
  if (options.database === undefined) await refuseMoved(store);
  const place = options.database === undefined ? keyFiles(directory) : keyRecords(store, directory);
  const keys = await loadControllerKeys(place, secretKey);
  const authority = options.builtInAuthority
    ? await loadAuthority(place, secretKey, { now, random })
    : undefined;
  if (authority !== undefined) await showFile(directory, certificateFile, authority.pem);
  // Read before anything is decided, and refused here where a line of it is wrong.
  const countries =
    options.countriesFile === undefined
      ? undefined
      : await Countries.open({
          path: options.countriesFile,
          clock,
          log,
          changed: async () => {
            for (const id of await store.organisations()) await context.publish(id, { kind: 'countries' });
          },
        });
  atEnd(() => countries?.close());
  atEnd(() => options.mailer?.close());
  const id = random(16).toString('base64url');
  const live = await openLive(options, { id, secretKey, store });
  atEnd(() => live.close());
  const firstOrganisation = await store.firstOrganisation();
  const organisations = new Map<OrganisationId, Organisation>();
  const sweeps = new Map<string, () => void>();
  let isClosed = false;
  atEnd(() => {
    isClosed = true;
    for (const cancel of sweeps.values()) cancel();
  });
  const known = await Organisations.open(store, publicUrl);
  const usage: UsageCounts = new UsageCounts({
    storeOf: (organisation) => context.organisation(organisation).store,
    usedNow: (organisation) => shares.usedHere(organisation),
    id,
    now,
    later: (organisation, atMs, write) => context.atNextSweep(organisation, 'usage', atMs, write),
    log,
  });
  const shares = new NodeShares({
    live,
    firstOrganisation,
    limitsOf: (organisation) => known.get(organisation)?.limits,
    all: () => known.all.map((each) => each.id),
    relayed: (organisation, bytes) => usage.add(organisation, { relayed: bytes }),
    began: (organisation) => usage.add(organisation, {}),
    clock,
  });
  atEnd(() => shares.stop());
  const context: ControllerContext = {
    id,
    publicUrl,
    webPort: options.webPort ?? webPortOf(publicUrl),
    store,
    firstOrganisation,
    organisations: known,
    organisation(wanted) {
      let organisation = organisations.get(wanted);
      if (organisation === undefined) {
        const scoped = store.forOrganisation(wanted);
        organisation = {
          id: wanted,
          store: scoped,
          commits: new SharedCommit(scoped),
          reads: new SharedReads(scoped, now),
          reader: new OrganisationReader(scoped, countries ?? noCountries),
          narrowed: new NarrowedRights(),
          opened: new OpenedCounts(),
        };
        organisations.set(wanted, organisation);
      }
      return organisation;
    },
    secretKey,
    keys,
    card: cardSource({
      keys,
      issuer: publicUrl.origin,
      tls: authority === undefined ? [] : [authority.pem],
      now,
    }),
    authority,
    now,
    clock,
    random,
    log,
    mayReach: mayReachBy(options.egress ?? defaultEgress, () => known.all.length),
    trustsProxy: options.trustsProxy ?? (() => false),
    mailer: options.mailer,
    isDraining: false,
    isLeaving: false,
    live,
    controllers: new SeenControllers(),
    presence: live.presence,
    bus: live.bus,
    shares,
    usage,
    async publish(organisation, change) {
      try {
        await actOnChange(context, organisation, change);
      } catch (error) {
        settleLater(context, organisation);
        throw error;
      }
    },
    atNextSweep(organisation, name, atMs, sweep) {
      const key = `${organisation} ${name}`;
      sweeps.get(key)?.();
      sweeps.delete(key);
      // What fails for that reason is tried again by nobody here.
      if (atMs === undefined || isClosed) return;
      const run = (): void => {
        sweeps.delete(key);
        sweep();
      };
      sweeps.set(key, clock.after(Math.max(0, atMs - now()), run));
    },
  };
  atEnd(async () => {
    for (const each of organisations.keys())
      await writeOpened(context, each).catch((error: unknown) =>
        log.error({ err: error }, 'which policies opened connections of late was not counted'),
      );
  });
  atEnd(() => stopDelivering(context));
  atEnd(() => usage.flushAll());
  return context;
}

/** Records that were moved are older here than where they went: what was revoked since would come back. */
async function refuseMoved(store: Store): Promise<void> {
  const place = await store.file(movedNote);
  if (place !== undefined)
    throw new UnusableDatabase(
      'refused',
      `these records were moved to ${place}; start the controller with --database, or with other --data`,
    );
}

function openLive(
  { redis, now, clock, log }: OpenOptions,
  { id, secretKey, store }: { readonly id: string; readonly secretKey: SecretKey; readonly store: Store },
): Promise<Live> {
  if (redis === undefined) return Promise.resolve(memoryLive(now));
  const unheard = (organisation: OrganisationId): void => {
    store
      .forOrganisation(organisation)
      .noteUnheard()
      .catch((error: unknown) => log.error({ err: error }, 'news could be told nowhere'));
  };
  const taken: Taken = (hash, untilMs) => store.noteTaken(hash, untilMs);
  return redisLive({ url: redis, secretKey, id, unheard, taken, now, clock, log });
}

/** The web door shares the controller's port where that speaks TLS. */
function webPortOf({ protocol, port }: URL): number {
  if (protocol === 'http:') return 8_443;
  return port === '' ? 443 : Number(port);
}
