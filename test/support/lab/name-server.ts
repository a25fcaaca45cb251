/** A DNS server that runs in a place: what it was asked, and what it answers, which a test may change at any time. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NameRecord, Question, Zones } from './dns-server.ts';
import type { Place } from './place.ts';
import type { Program } from './program.ts';

export class NameServer {
  readonly address: string;
  readonly program: Program;
  readonly #recordsFile: string;
  readonly #logFile: string;
  readonly #known: Zones;

  private constructor(
    address: string,
    program: Program,
    files: { records: string; log: string },
    known: Zones,
  ) {
    this.address = address;
    this.program = program;
    this.#recordsFile = files.records;
    this.#logFile = files.log;
    this.#known = known;
  }

  /** Starts one and waits until it answers. `forwardTo`: whom it asks about names outside its zones. */
  static async start(
    place: Place,
    options: { name: string; address: string; dir: string; zones: Zones; forwardTo?: string },
  ): Promise<NameServer> {
    const { name, address, dir, zones, forwardTo } = options;
    const files = { records: join(dir, `${name}.json`), log: join(dir, `${name}.questions`) };
    writeFileSync(files.records, JSON.stringify(zones));
    const script = fileURLToPath(new URL('./dns-server.ts', import.meta.url));
    const rest = forwardTo === undefined ? [] : [forwardTo];
    const program = place.spawn('node', [script, address, files.records, files.log, ...rest], { name });
    await program.waitFor(/^ready$/m);
    return new NameServer(address, program, files, structuredClone(zones));
  }

  /** Every question so far, oldest first: one that was answered is here before its answer leaves. */
  questions(): Question[] {
    if (!existsSync(this.#logFile)) return [];
    const lines = readFileSync(this.#logFile, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Question);
  }

  /** Replaces the records of one name (exact or `*.suffix`); an empty list: it exists without any. */
  set(name: string, records: readonly NameRecord[]): void {
    this.#known.records[name] = [...records];
    this.#write();
  }

  /** Makes a name not exist. */
  remove(name: string): void {
    delete this.#known.records[name];
    this.#write();
  }

  #write(): void {
    const draft = `${this.#recordsFile}.new`;
    writeFileSync(draft, JSON.stringify(this.#known));
    renameSync(draft, this.#recordsFile);
  }
}
