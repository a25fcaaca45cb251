/** Flows that are open now, asked of the connectors that carry them, and one of them cut. */
import { Type } from 'typebox';
import { parseId, type NodeId, type OrganisationId } from '../../../protocol/ids.ts';
import { LiveFlowList, type FlowsAnswer, type LiveFlowEntry } from '../../../protocol/live-flows.ts';
import { appendAudit, type AuditEntry } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
import { ConnectorQuestions } from '../../control/ask-connector.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

/** A connector that is connected answers at once, or not at all. */
const waitMs = 3_000;
/** Dashboards that look at once share an answer. */
const freshMs = 1_000;
/** A connector that did not answer is too old to know the question, or stuck: it is not waited for again so soon. */
const silentMs = 30_000;

interface Looked {
  readonly atMs: number;
  readonly list: Promise<LiveFlowList>;
}

export function flowRoutes(app: TypedApp, context: ControllerContext): void {
  const questions = new ConnectorQuestions(context);
  const looked = new Map<OrganisationId, Looked>();
  /** When each of them did not answer. */
  const silent = new Map<NodeId, number>();

  app.get(
    '/api/v1/flows',
    {
      config: { access: ['sessions.read'] },
      schema: { summary: 'Flows that are open now', response: { 200: LiveFlowList } },
    },
    async (request) => {
      const organisation = organisationOf(request);
      const last = looked.get(organisation);
      const nowMs = context.clock.nowMs();
      if (last !== undefined && nowMs - last.atMs < freshMs) return last.list;
      const list = look(context, questions, organisation, silent);
      looked.set(organisation, { atMs: nowMs, list });
      // A look that failed is nobody's answer.
      list.catch(() => looked.delete(organisation));
      return list;
    },
  );

  app.delete(
    '/api/v1/flows/:connector/:flow',
    {
      config: { access: ['sessions.end'], problems: ['not-found', 'conflict'] },
      schema: {
        summary: 'Cuts one open flow at once; the right to open another stays',
        params: Type.Object({
          connector: Type.String({ maxLength: 64 }),
          flow: Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' }),
        }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { connector, flow } = request.params;
      const { id: organisation, store } = context.organisation(organisationOf(request));
      const node = parseId('con', connector);
      const row =
        node === undefined
          ? undefined
          : await store.select('nodes').select('name').where('id', '=', node).executeTakeFirst();
      if (node === undefined || row === undefined) throw new ProblemError('not-found');
      // Before the connector is asked, so that no cut goes unrecorded; then what came of it.
      const record = (result: AuditEntry['result'], reasons: readonly string[] = []): Promise<void> => {
        const detail = { connector: node, flow };
        const entry = { atMs: context.now(), who: whoOf(request), what: 'flow.cut', result, reasons, detail };
        return store.transaction((tx) => appendAudit(tx, [entry]));
      };
      await record('allowed');
      const answer = await questions.ask(organisation, node, { t: 'flows', cut: flow }, waitMs);
      if (answer === undefined) {
        await record('failed', ['no-answer']);
        const text = `The connector ${row.name} did not answer, so the flow may be open still. Look again in a moment.`;
        throw new ProblemError('conflict', text);
      }
      looked.delete(organisation);
      if (answer.cut !== true) {
        await record('failed', ['ended']);
        throw new ProblemError('not-found', 'This flow has ended already.');
      }
      await record('done');
      return reply.code(204).send(null);
    },
  );
}

/** Asks every connector that is connected. */
async function look(
  context: ControllerContext,
  questions: ConnectorQuestions,
  organisation: OrganisationId,
  silentAt: Map<NodeId, number>,
): Promise<LiveFlowList> {
  const { store, reader } = context.organisation(organisation);
  const nodes = await store.select('nodes').select(['id', 'kind', 'name', 'network']).execute();
  const people = await store.select('people').select(['id', 'name', 'email']).execute();
  const { networks, resources, serviceAccounts } = await reader.current();
  const names = new Map<string, string>([
    ...people.map(({ id, name, email }) => [id, email ?? name] as const),
    ...serviceAccounts.map(({ id, name }) => [id, name] as const),
    ...nodes.map(({ id, name }) => [id, name] as const),
    ...networks.map(({ id, name }) => [id, name] as const),
    ...resources.map(({ id, definition }) => [id, definition.name] as const),
  ]);
  const connectors = nodes.filter(({ id, kind }) => kind === 'connector' && context.presence.isOnline(id));
  const nowMs = context.clock.nowMs();
  const answers = await Promise.all(
    connectors.map(async ({ id, network }) => {
      if (nowMs - (silentAt.get(id) ?? Number.NEGATIVE_INFINITY) < silentMs)
        return { id, network, answer: undefined };
      const answer = await questions.ask(organisation, id, { t: 'flows' }, waitMs);
      if (answer === undefined) silentAt.set(id, context.clock.nowMs());
      else silentAt.delete(id);
      return { id, network, answer };
    }),
  );
  return {
    flows: answers
      .flatMap(({ id, network, answer }) =>
        (answer?.list ?? []).map((flow) => shown(flow, id, network ?? '', names)),
      )
      .toSorted((a, b) => b.since.localeCompare(a.since)),
    more: answers.reduce((sum, { answer }) => sum + (answer?.more ?? 0), 0),
    silent: answers.flatMap(({ id, answer }) => (answer === undefined ? (names.get(id) ?? id) : [])),
  };
}

function shown(
  { since, resource, device, subject, kind, up, down, ...flow }: FlowsAnswer['list'][number],
  connector: NodeId,
  network: string,
  names: ReadonlyMap<string, string>,
): LiveFlowEntry {
  return {
    connector,
    connectorName: names.get(connector) ?? '',
    network: names.get(network) ?? '',
    since: new Date(Math.min(since, 8.64e15)).toISOString(),
    ...(subject === undefined ? {} : { subject }),
    subjectName: subject === undefined ? '' : (names.get(subject) ?? subject),
    ...(device === undefined ? {} : { device, deviceName: names.get(device) ?? '' }),
    resource: names.get(resource) ?? resource,
    kind: kind ?? 'tcp',
    ...(up === undefined ? {} : { bytesUp: up }),
    ...(down === undefined ? {} : { bytesDown: down }),
    ...flow,
  };
}
