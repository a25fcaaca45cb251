/**
 * Has a connector test a target before somebody protects it. For those who may write resources alone, who could have it
 * dialled anyhow; counted, so that it is no scanner, and audited.
 */
import type { FastifyRequest } from 'fastify';
import type { NodeId, ResourceId } from '../../../protocol/ids.ts';
import { parseName } from '../../../protocol/names.ts';
import { listsPort } from '../../../protocol/ports.ts';
import { TargetTest, TargetTested, targetTestMs, type Target } from '../../../protocol/target-test.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../../context.ts';
import { ConnectorQuestions } from '../../control/ask-connector.ts';
import { isStrictLiteral, resourceWithin } from '../../organisation/resource-hosts.ts';
import { stepText } from '../target-step-text.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

/** Of one organisation together. */
const tests = { limit: 30, windowMs: 5 * 60_000 };

/** There and back. */
const onTheWayMs = 3_000;

export function targetTestRoutes(app: TypedApp, context: ControllerContext): void {
  const questions = new ConnectorQuestions(context);
  const counted = context.live.throttle('target tests', tests);

  app.post(
    '/api/v1/target-tests',
    {
      config: {
        atOnce: true,
        access: ['document.write-network'],
        problems: ['invalid-request', 'not-found', 'conflict', 'too-many'],
      },
      schema: {
        summary: 'A connector tries a target: name, connection, TLS, HTTP, each with its time',
        body: TargetTest,
        response: { 200: TargetTested },
      },
    },
    async (request) => {
      const { network, target } = withDefaults(request.body);
      if (!isStrictLiteral(target.host) && parseName(target.host) === undefined)
        throw new ProblemError('invalid-request', `"${target.host}" is neither a name nor an address.`);
      const organisation = context.organisation(organisationOf(request));
      const lockedMs = counted.lockedUntilMs(organisation.id);
      if (lockedMs !== undefined) throw ProblemError.tooMany(lockedMs - context.now());
      const connector = await connectorOf(context, organisation, network);
      counted.fail(organisation.id);
      await noteTest(context, request, organisation, connector);
      const resource = await resourceAt(organisation, network, target);
      const asked = { t: 'probe', target, ...(resource === undefined ? {} : { resource }) } as const;
      const answer = await questions.ask(organisation.id, connector.id, asked, targetTestMs + onTheWayMs);
      if (answer === undefined)
        throw new ProblemError(
          'conflict',
          `The connector ${connector.name} did not answer; it may be of an older version: update it.`,
        );
      const { steps } = answer;
      return {
        connector: connector.name,
        ok: steps.every(({ code }) => code === undefined),
        steps: steps.map((step) => ({ ...step, text: stepText(step, target) })),
      };
    },
  );
}

/** A wildcard leads where it would as a resource. */
function withDefaults({ network, target }: TargetTest): TargetTest {
  if (target.wildcard === undefined) return { network, target };
  return { network, target: { ...target, within: [...resourceWithin(target)] } };
}

/** The resource whose own target this is: what comes of the test counts for it. */
async function resourceAt(
  { reader }: Organisation,
  network: string,
  { host, wildcard, port }: Target,
): Promise<ResourceId | undefined> {
  if (wildcard !== undefined) return undefined;
  const { resources } = await reader.current();
  return resources.find(
    ({ network: of, definition: { address, ports } }) =>
      of.name === network && address === host && listsPort(ports, 'tcp', port),
  )?.id;
}

interface Connector {
  readonly id: NodeId;
  readonly name: string;
}

/** One of the network that is connected. */
async function connectorOf(
  context: ControllerContext,
  { store, reader }: Organisation,
  name: string,
): Promise<Connector> {
  const { networks } = await reader.current();
  const network = networks.find((each) => each.name === name);
  if (network === undefined) throw new ProblemError('not-found', `There is no network "${name}".`);
  const nodes = await store
    .select('nodes')
    .select(['id', 'name'])
    .where('kind', '=', 'connector')
    .where('network', '=', network.id)
    .orderBy('name')
    .execute();
  const connected = nodes.find(({ id }) => context.presence.isOnline(id));
  if (connected === undefined)
    throw new ProblemError('conflict', `No connector of the network "${name}" is connected.`);
  return connected;
}

/** In a transaction, so that a right that went meanwhile is noticed before anything is dialled. */
async function noteTest(
  context: ControllerContext,
  request: FastifyRequest<{ Body: TargetTest }>,
  { store }: Organisation,
  connector: Connector,
): Promise<void> {
  const { network, target } = request.body;
  await store.transaction((tx) =>
    appendAudit(tx, [
      {
        atMs: context.now(),
        who: whoOf(request),
        what: 'target.test',
        result: 'done',
        detail: { network, connector: connector.id, ...target },
      },
    ]),
  );
}
