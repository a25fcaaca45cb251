/**
 * Asks a connector something, wherever its channel is: the question goes over the bus to the controller that holds the
 * channel, and the answer comes back the same way. Only the connector that was asked can answer.
 */
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { AskFlows, FlowsAnswer } from '../../protocol/live-flows.ts';
import type { AskHealth, HealthAnswer } from '../../protocol/resource-health.ts';
import type { Probe, Probed } from '../../protocol/target-test.ts';
import type { ControllerContext } from '../context.ts';

type Question = Omit<Probe, 'question'> | Omit<AskFlows, 'question'> | Omit<AskHealth, 'question'>;
type AnyAnswer = Probed | FlowsAnswer | HealthAnswer;
type Answer<Q extends Question> = Q extends { t: 'probe' }
  ? Probed
  : Q extends { t: 'flows' }
    ? FlowsAnswer
    : HealthAnswer;

const kinds = { probe: 'probed', flows: 'flowing', health: 'healthy' } as const;

export class ConnectorQuestions {
  readonly #context: ControllerContext;
  readonly #waiting = new Map<string, (node: NodeId, answer: AnyAnswer) => void>();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.bus.subscribe((_organisation, heard) => {
      if (heard.kind === 'answer') this.#waiting.get(heard.message.question)?.(heard.node, heard.message);
    });
  }

  /** The answer; undefined when none came in time, as from a connector that is too old to know the question. */
  ask<Q extends Question>(
    organisation: OrganisationId,
    node: NodeId,
    asked: Q,
    waitMs: number,
  ): Promise<Answer<Q> | undefined> {
    const { bus, clock, random } = this.#context;
    // Nobody else can guess it, so an answer that carries it is to this question.
    const question = random(16).toString('base64url');
    const { promise, resolve } = Promise.withResolvers<Answer<Q> | undefined>();
    const cancelTimer = clock.after(waitMs, () => resolve(undefined));
    this.#waiting.set(question, (from, answer) => {
      if (from === node && answer.t === kinds[asked.t]) resolve(answer as Answer<Q>);
    });
    bus.publish(organisation, { kind: 'ask', node, message: { ...asked, question } });
    return promise.finally(() => {
      cancelTimer();
      this.#waiting.delete(question);
    });
  }
}
