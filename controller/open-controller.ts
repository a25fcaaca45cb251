/**
 * Opens a controller's data and makes its context: directory, store, keys, card, authority. Listens nowhere; the program
 * and the tests put API and control server on top.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock, Random } from '../protocol/clock.ts';
import type { OrganisationId } from '../protocol/ids.ts';
import { actOnChange } from './decisions/act-on-change.ts';
import { NarrowedRights } from './decisions/narrowed-rights.ts';
import type { Mailer } from './guests/mailer.ts';
import { memoryBus } from './live/bus.ts';
import type { ControllerContext, Organisation } from './context.ts';
import { loadAuthority } from './keys/authority.ts';
import { cardSource } from './keys/card.ts';
import { loadControllerKeys } from './keys/controller-keys.ts';
import { prepareDirectory } from './keys/data-directory.ts';
import { loadSecretKey } from './keys/secret-key.ts';
import { OrganisationReader } from './organisation/organisation-state.ts';
import { Presence } from './presence.ts';
import { Countries, noCountries } from './source/countries.ts';
import { openStore } from './store/store.ts';

export interface OpenOptions {
  /** The data directory; made when it is missing, mode 0700. */
  readonly directory: string;
  /** `postgres://…` for records; without, a SQLite file in the data directory. */
  readonly database?: string | undefined;
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
}

export interface OpenController {
  readonly context: ControllerContext;
  close(): Promise<void>;
}

/** Opens the data, making what is missing. Throws a sentence when something cannot be used. */
export async function openController(options: OpenOptions): Promise<OpenController> {
  const { directory, publicUrl, now, clock, random, log } = options;
  await prepareDirectory(directory);
  const secretKey = await loadSecretKey(options.secretKeyFile ?? join(directory, 'secret.key'), random);
  const keys = await loadControllerKeys(directory, secretKey);
  const authority = options.builtInAuthority
    ? await loadAuthority(directory, secretKey, { now, random })
    : undefined;
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
  const store = await openStore({ directory, database: options.database, now, random }).catch(
    (error: unknown) => {
      countries?.close();
      throw error;
    },
  );
  const organisations = new Map<OrganisationId, Organisation>();
  const sweeps = new Map<string, () => void>();
  const context: ControllerContext = {
    publicUrl,
    webPort: options.webPort ?? webPortOf(publicUrl),
    store,
    soleOrganisation: await store.soleOrganisation(),
    organisation(id) {
      let organisation = organisations.get(id);
      if (organisation === undefined) {
        const scoped = store.forOrganisation(id);
        organisation = {
          id,
          store: scoped,
          reader: new OrganisationReader(scoped, countries ?? noCountries),
          narrowed: new NarrowedRights(),
        };
        organisations.set(id, organisation);
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
    mailer: options.mailer,
    isDraining: false,
    presence: new Presence(),
    bus: memoryBus(),
    publish: (organisation, change) => actOnChange(context, organisation, change),
    atNextSweep(organisation, name, atMs, sweep) {
      const key = `${organisation} ${name}`;
      sweeps.get(key)?.();
      sweeps.delete(key);
      if (atMs === undefined) return;
      const run = (): void => {
        sweeps.delete(key);
        sweep();
      };
      sweeps.set(key, clock.after(Math.max(0, atMs - now()), run));
    },
  };
  return {
    context,
    async close() {
      for (const cancel of sweeps.values()) cancel();
      countries?.close();
      options.mailer?.close();
      await store.close();
    },
  };
}

/** The web door shares the controller's port where that speaks TLS (DESIGN section 9). */
function webPortOf({ protocol, port }: URL): number {
  if (protocol === 'http:') return 8_443;
  return port === '' ? 443 : Number(port);
}
