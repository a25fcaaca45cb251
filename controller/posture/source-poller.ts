/**
 * Asks the sources that are polled what they say of devices, each at its own interval, and ever more rarely while one
 * fails. What was wrong is kept beside the source, where `postern device sources` and the API show it.
 */
import { Compile } from 'typebox/compile';
import type { OrganisationId } from '../../protocol/ids.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { maxFaultLength, outgoingFault } from '../outgoing-fault.ts';
import { outgoingFetch } from '../outgoing-fetch.ts';
import { nextPollMs } from './poll-interval.ts';
import { sourceToken, type StoredPostureSource } from './source-secrets.ts';
import { takeVerdicts, VerdictReport } from './take-verdicts.ts';

const isReport = Compile(VerdictReport);

/** One source that is asked, until it is stopped. */
interface Polled {
  /** Changes when the document does. */
  readonly key: string;
  readonly stop: () => void;
}

export class SourcePoller {
  readonly #context: ControllerContext;
  readonly #polled = new Map<string, Polled>();
  readonly #unsubscribe: () => void;
  #isStopped = false;

  constructor(context: ControllerContext) {
    this.#context = context;
    // Every new document is told of as servers that may be others.
    this.#unsubscribe = context.bus.subscribe((organisation, { kind }) => {
      if (kind === 'servers') this.#follow(organisation);
    });
  }

  /** Begins to ask the sources of these organisations. */
  start(organisations: readonly OrganisationId[]): void {
    for (const organisation of organisations) this.#follow(organisation);
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
    for (const polled of this.#polled.values()) polled.stop();
    this.#polled.clear();
  }

  #follow(id: OrganisationId): void {
    this.#readSources(id).catch((error: unknown) =>
      this.#context.log.error({ err: error }, 'the posture sources could not be read'),
    );
  }

  async #readSources(id: OrganisationId): Promise<void> {
    const organisation = this.#context.organisation(id);
    const { revision, document, isSuspended } = await organisation.reader.current();
    if (this.#isStopped) return;
    const polled = (document.postureSources ?? []).filter(({ poll }) => poll !== undefined);
    const sources = isSuspended ? [] : polled;
    const names = new Set(sources.map(({ name }) => `${id} ${name}`));
    for (const [name, polled] of this.#polled) {
      if (!name.startsWith(`${id} `) || names.has(name)) continue;
      polled.stop();
      this.#polled.delete(name);
    }
    for (const source of sources) {
      const name = `${id} ${source.name}`;
      const key = `${revision}`;
      const polled = this.#polled.get(name);
      if (polled?.key === key) continue;
      polled?.stop();
      this.#polled.set(name, { key, stop: keepAsking(this.#context, organisation, source) });
    }
  }
}

/** Asks now and from now on; returns how to stop. */
function keepAsking(
  context: ControllerContext,
  organisation: Organisation,
  source: StoredPostureSource,
): () => void {
  const ending = new AbortController();
  let failures = 0;
  let cancel = (): void => undefined;
  const again = (): void => void turn().catch(failed);
  const turn = async (): Promise<void> => {
    // Of several controllers one asks, and the others look again when its turn is over.
    const everyMs = nextPollMs(source.poll?.every, 0);
    if (!(await context.live.turn(`poll ${organisation.id} ${source.name}`, Math.floor(everyMs / 2)))) {
      if (!ending.signal.aborted) cancel = context.clock.after(everyMs, again);
      return;
    }
    const fault = await ask(context, organisation, source, ending.signal);
    if (ending.signal.aborted) return;
    failures = fault === undefined ? 0 : failures + 1;
    if (fault !== undefined) {
      context.log.warn({ source: source.name, fault }, 'a posture source did not answer as it should');
      await organisation.store
        .update('posture_sources')
        .set({ fault })
        .where('name', '=', source.name)
        .execute();
    }
    if (!ending.signal.aborted) cancel = context.clock.after(nextPollMs(source.poll?.every, failures), again);
  };
  // What is ours failed, such as the store: the source is asked again as if it had not answered.
  const failed = (error: unknown): void => {
    if (ending.signal.aborted) return;
    failures += 1;
    context.log.error({ err: error, source: source.name }, 'a posture source could not be asked');
    cancel = context.clock.after(nextPollMs(source.poll?.every, failures), again);
  };
  again();
  return () => {
    ending.abort();
    cancel();
  };
}

/** Asks once; undefined when the answer was taken, else what was wrong in a sentence without addresses or secrets. */
async function ask(
  context: ControllerContext,
  organisation: Organisation,
  { name, poll }: StoredPostureSource,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (poll === undefined) return undefined;
  try {
    const token = await sourceToken(organisation.store, context.secretKey, name);
    const answer = await outgoingFetch(context.mayReach, poll.ca)(poll.url, {
      method: 'GET',
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      signal,
    });
    if (answer.status >= 300 && answer.status < 400) return 'It redirects elsewhere, which is not followed.';
    if (answer.status !== 200) return `It answered with status ${answer.status}.`;
    const report = parse(await answer.text());
    if (!isReport.Check(report)) {
      const [first] = isReport.Errors(report);
      return `Its answer is no list of verdicts: ${first?.instancePath ?? ''} ${first?.message ?? ''}`
        .trim()
        .slice(0, maxFaultLength);
    }
    if (signal.aborted) return undefined;
    await takeVerdicts(context, organisation, name, report);
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError)
      return (error.issues?.[0]?.message ?? error.message).slice(0, maxFaultLength);
    return outgoingFault(error, 'It cannot be read');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
