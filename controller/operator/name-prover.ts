/**
 * Asks DNS about the names of organisations that have to prove theirs: new ones soon, those that wait each minute, owned ones
 * daily. Of several controllers one asks.
 */
import type { Name } from '../../protocol/names.ts';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { askName, type TextRecords } from './asked-names.ts';
import { dueMs, noteLook, syncNames } from './name-proofs.ts';
import { lookAnew } from './suspension.ts';

const roundMs = 60_000;
const soonMs = 500;
/** Names that are asked about at a time, so that one organisation's do not hold up another's for long. */
const atOnce = 20;
/** Of one organisation in one round. */
const mostInRound = 200;
/** Somebody who asks again and again makes us ask no more often than this. */
const leastMs = 5_000;

export class NameProver {
  readonly #context: ControllerContext;
  readonly #texts: TextRecords;
  #unsubscribe: () => void = () => undefined;
  readonly #soon = new Map<OrganisationId, () => void>();
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(context: ControllerContext, texts: TextRecords) {
    this.#context = context;
    this.#texts = texts;
  }

  /** Begins to ask by itself; once. */
  start(): void {
    // Every new document is told of as servers that may be others.
    this.#unsubscribe = this.#context.bus.subscribe((organisation, { kind }) => {
      if (kind === 'servers') this.#lookSoon(organisation);
    });
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
    this.#cancel();
    for (const cancel of this.#soon.values()) cancel();
  }

  /** Looks at the organisation's names that are due, or at all that wait; resolves when that is done. */
  async look(id: OrganisationId, which: 'due' | 'waiting' = 'due'): Promise<void> {
    const { now } = this.#context;
    const { store, reader } = this.#context.organisation(id);
    const { namesSerial } = await store.standing();
    if (namesSerial === undefined || this.#isStopped) return;
    const { document } = await reader.current();
    const rows = await store.transaction(async (tx) => {
      const changed = await syncNames(tx, document, now());
      return { changed, names: await tx.select('name_proofs').selectAll().execute() };
    });
    const due = rows.names
      .filter((row) =>
        which === 'due'
          ? dueMs(row) <= now()
          : row.state === 'waiting' && (row.looked_ms ?? 0) + leastMs <= now(),
      )
      // Those that nobody has looked at first; databases differ in where they put them.
      .toSorted((a, b) => (a.looked_ms ?? 0) - (b.looked_ms ?? 0));
    let { changed } = rows;
    const asked = due.slice(0, mostInRound).map(({ name }) => name);
    for (let at = 0; at < asked.length; at += atOnce)
      changed = (await this.#ask(id, asked.slice(at, at + atOnce))) || changed;
    if (changed && !this.#isStopped) await lookAnew(this.#context, id);
  }

  async #ask(id: OrganisationId, names: readonly Name[]): Promise<boolean> {
    const { store } = this.#context.organisation(id);
    const said = await Promise.all(
      names.map(async (name) => ({ name, answer: await askName(this.#texts, id, name) })),
    );
    if (this.#isStopped) return false;
    return store.transaction(async (tx) => {
      let changed = false;
      for (const { name, answer } of said)
        changed = (await noteLook(tx, name, answer, this.#context.now())) || changed;
      return changed;
    });
  }

  #lookSoon(id: OrganisationId): void {
    if (this.#soon.has(id)) return;
    const { clock } = this.#context;
    const look = (): void => {
      this.#soon.delete(id);
      this.#run(() => this.look(id));
    };
    this.#soon.set(id, clock.after(soonMs, look));
  }

  #schedule(): void {
    this.#cancel = this.#context.clock.after(roundMs, () => {
      this.#run(() => this.#round());
      if (!this.#isStopped) this.#schedule();
    });
  }

  async #round(): Promise<void> {
    const { live, organisations } = this.#context;
    if (!(await live.turn('names', roundMs / 2))) return;
    // One organisation's names, or its records, that cannot be read hold up nobody else's.
    for (const { id } of organisations.all)
      await this.look(id).catch((error: unknown) => this.#failed(error));
  }

  #run(step: () => Promise<void>): void {
    step().catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (!this.#isStopped) this.#context.log.error({ err: error }, 'names could not be looked at');
  }
}
