/**
 * The operator's file of networks and countries while the controller runs: read at the start, looked at again every few
 * seconds, and replaced when it has changed. A new file that is wrong leaves the old one in force and says so in the log.
 */
import { readFile, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../protocol/clock.ts';
import { CountryFileIssue } from './country-file-issue.ts';
import { CountryTable } from './country-table.ts';

/** What decisions ask. */
export interface CountryLookup {
  /** ISO 3166-1 alpha-2, upper case; undefined when the address is in no network of the file. */
  countryOf(address: string): string | undefined;
}

/** Without a file no address has a country, which every condition about one counts as unknown. */
export const noCountries: CountryLookup = { countryOf: () => undefined };

/** Where a new file is noticed: at the latest after this long. */
const checkEveryMs = 5_000;
const maxFileBytes = 64 * 1_024 * 1_024;

export interface CountriesOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything that was decided with the old file has to be decided anew. */
  readonly changed: () => Promise<void>;
}

export class Countries implements CountryLookup {
  readonly #options: CountriesOptions;
  #table: CountryTable;
  /** What the file looked like when it was last read, well or badly. */
  #seen: string;
  #cancelTimer: () => void = () => undefined;
  #isClosed = false;

  private constructor(options: CountriesOptions, table: CountryTable, seen: string) {
    this.#options = options;
    this.#table = table;
    this.#seen = seen;
    this.#schedule();
  }

  /** Reads the file. Throws a `CountryFileIssue` that names the file, and the line where one is wrong. */
  static async open(options: CountriesOptions): Promise<Countries> {
    const { table, seen } = await read(options.path);
    return new Countries(options, table, seen);
  }

  countryOf(address: string): string | undefined {
    return this.#table.countryOf(address);
  }

  /** Bytes that the networks take in memory. */
  get bytes(): number {
    return this.#table.bytes;
  }

  /** Reads the file again if it has changed; resolves once everyone was decided anew. */
  async check(): Promise<void> {
    const { path, log, changed } = this.#options;
    const seen = await appearance(path);
    if (seen === this.#seen) return;
    this.#seen = seen ?? 'gone';
    try {
      const next = await read(path);
      [this.#table, this.#seen] = [next.table, next.seen];
      log.info({ networks: next.table.networks }, 'the file of countries was read again');
    } catch (error) {
      if (!(error instanceof CountryFileIssue)) throw error;
      log.error({ err: error }, 'the new file of countries is not used, the one before stays in force');
      return;
    }
    await changed();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancelTimer = this.#options.clock.after(checkEveryMs, () => {
      this.check()
        .catch((error: unknown) => this.#options.log.error({ err: error }, 'countries were not decided anew'))
        .finally(() => this.#schedule());
    });
  }
}

async function read(path: string): Promise<{ table: CountryTable; seen: string }> {
  const seen = await appearance(path);
  try {
    if ((await stat(path)).size > maxFileBytes) throw new CountryFileIssue('it is larger than 64 MiB');
    return { table: CountryTable.parse(await readFile(path, 'utf8')), seen: seen ?? 'gone' };
  } catch (error) {
    if (error instanceof CountryFileIssue) throw new CountryFileIssue(`${path}: ${error.message}`);
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CountryFileIssue(`${path} cannot be read (${code})`);
  }
}

/** Which file it is and when it was written; undefined when there is none to be looked at. */
async function appearance(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
}
