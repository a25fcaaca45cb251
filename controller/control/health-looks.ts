/**
 * Whether what lies behind resources answers, asked of every connector that is connected when somebody looks, and shared by whoever
 * looks within the next seconds. Nothing of it is kept: what a connector knows ends with it.
 */
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import type {
  HealthAnswer,
  HealthState,
  PortHealth,
  ResourceHealth,
  ResourceHealthList,
} from '../../protocol/resource-health.ts';
import type { ControllerContext } from '../context.ts';
import { withoutExposures, type Resource } from '../organisation/organisation-state.ts';
import { ConnectorQuestions } from './ask-connector.ts';

/** A connector that is connected answers at once, or not at all. */
const waitMs = 3_000;
/** Those who look at once share an answer. */
const freshMs = 2_000;
/** A connector that did not answer is too old to know the question, or stuck: it is not waited for again so soon. */
const silentMs = 60_000;
/** What was seen so long ago is not shown to people who did not ask for it. */
const staleMs = 60_000;

interface Looked {
  readonly atMs: number;
  readonly list: Promise<ResourceHealthList>;
  /** Once it has come. */
  states?: ReadonlyMap<string, HealthState>;
}

const looks = new WeakMap<ControllerContext, HealthLooks>();

/** The controller's own; whoever looks shares it. */
export function healthLooks(context: ControllerContext): HealthLooks {
  let known = looks.get(context);
  if (known === undefined) looks.set(context, (known = new HealthLooks(context)));
  return known;
}

class HealthLooks {
  readonly #context: ControllerContext;
  readonly #questions: ConnectorQuestions;
  readonly #looked = new Map<OrganisationId, Looked>();
  readonly #silentAt = new Map<NodeId, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#questions = new ConnectorQuestions(context);
  }

  /** Of every resource that was dialled. */
  all(organisation: OrganisationId): Promise<ResourceHealthList> {
    const nowMs = this.#context.clock.nowMs();
    const last = this.#looked.get(organisation);
    if (last !== undefined && nowMs - last.atMs < freshMs) return last.list;
    const list = this.#look(organisation);
    const looked: Looked = {
      atMs: nowMs,
      list,
      ...(last?.states === undefined ? {} : { states: last.states }),
    };
    this.#looked.set(organisation, looked);
    list
      .then(({ resources }) => {
        looked.states = new Map(resources.map(({ resource, state }) => [resource, state]));
      })
      // A look that failed is nobody's answer.
      .catch(() => this.#looked.delete(organisation));
    return list;
  }

  /** Of one resource, with how it changed; undefined where nobody dialled it. */
  async one(organisation: OrganisationId, resource: Resource): Promise<ResourceHealthList> {
    return this.#look(organisation, resource);
  }

  /** As last seen, by resource, without waiting: what is not known now is there the next time. */
  latest(organisation: OrganisationId): ReadonlyMap<string, HealthState> {
    const last = this.#looked.get(organisation);
    this.all(organisation).catch(() => undefined);
    const isStale = last === undefined || this.#context.clock.nowMs() - last.atMs > staleMs;
    return (isStale ? undefined : last.states) ?? new Map();
  }

  async #look(organisation: OrganisationId, only?: Resource): Promise<ResourceHealthList> {
    const { store, reader } = this.#context.organisation(organisation);
    const { presence, clock } = this.#context;
    const { resources } = withoutExposures(await reader.current());
    const nodes = await store
      .select('nodes')
      .select(['id', 'name', 'network'])
      .where('kind', '=', 'connector')
      .execute();
    const connected = nodes.filter(
      ({ id, network }) => presence.isOnline(id) && (only === undefined || network === only.network.id),
    );
    const nowMs = clock.nowMs();
    const asked = { t: 'health', ...(only === undefined ? {} : { resource: only.id }) } as const;
    const answers = await Promise.all(
      connected.map(async ({ id, name, network }) => {
        const isSilent = nowMs - (this.#silentAt.get(id) ?? Number.NEGATIVE_INFINITY) < silentMs;
        const answer = isSilent ? undefined : await this.#questions.ask(organisation, id, asked, waitMs);
        if (answer !== undefined) this.#silentAt.delete(id);
        else if (!isSilent) this.#silentAt.set(id, clock.nowMs());
        return { name, network, answer };
      }),
    );
    const known = new Map(resources.map((resource) => [resource.id as string, resource]));
    const found = new Map<string, PortHealth[]>();
    for (const { name, network, answer } of answers)
      for (const each of answer?.list ?? []) {
        const resource = known.get(each.resource);
        // A connector speaks of what its own network serves.
        if (resource === undefined || resource.network.id !== network) continue;
        const ports = found.get(resource.id) ?? [];
        found.set(resource.id, ports);
        ports.push(shown(name, each));
      }
    return {
      resources: Array.from(found, ([id, ports]): ResourceHealth => {
        return { resource: id, name: known.get(id)?.definition.name ?? '', state: stateOf(ports), ports };
      }),
      silent: answers.flatMap(({ name, answer }) => (answer === undefined ? name : [])),
      more: answers.reduce((sum, { answer }) => sum + (answer?.more ?? 0), 0),
    };
  }
}

/** Of all that connectors found, at least one. */
function stateOf(ports: readonly PortHealth[]): HealthState {
  const failing = ports.filter(({ code }) => code !== undefined).length;
  if (failing === 0) return 'ok';
  return failing === ports.length ? 'failing' : 'partly';
}

function shown(
  connector: string,
  { port, code, since, ok, changes }: HealthAnswer['list'][number],
): PortHealth {
  return {
    connector,
    port,
    ...(code === undefined ? {} : { code }),
    since: instant(since),
    ...(ok === undefined ? {} : { lastOk: instant(ok) }),
    ...(changes === undefined
      ? {}
      : { changes: changes.map(({ at, ...rest }) => ({ at: instant(at), ...rest })) }),
  };
}

/** A connector's clock may be anything. */
function instant(ms: number): string {
  return new Date(Math.min(ms, 8.64e15)).toISOString();
}
