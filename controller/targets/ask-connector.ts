/**
 * Has a connector test a target, wherever its channel is: the question goes over the bus to the controller that holds the
 * channel, and the answer comes back the same way. Only the connector that was asked can answer.
 */
import type { NodeId, OrganisationId } from '../../protocol/ids.ts';
import { targetTestMs, type Target, type TargetStep } from '../../protocol/target-test.ts';
import type { ControllerContext } from '../context.ts';

/** For the way there and back. */
const onTheWayMs = 3_000;

export class ConnectorQuestions {
  readonly #context: ControllerContext;
  readonly #waiting = new Map<string, (node: NodeId, steps: readonly TargetStep[]) => void>();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.bus.subscribe((_organisation, message) => {
      if (message.kind === 'probed') this.#waiting.get(message.question)?.(message.node, message.steps);
    });
  }

  /** The steps; undefined when the connector said nothing in time, as one does that is too old to know the question. */
  ask(
    organisation: OrganisationId,
    node: NodeId,
    target: Target,
  ): Promise<readonly TargetStep[] | undefined> {
    const { bus, clock, random } = this.#context;
    // Nobody else can guess it, so an answer that carries it is to this question.
    const question = random(16).toString('base64url');
    const { promise, resolve } = Promise.withResolvers<readonly TargetStep[] | undefined>();
    const cancelTimer = clock.after(targetTestMs + onTheWayMs, () => resolve(undefined));
    this.#waiting.set(question, (from, steps) => {
      if (from === node) resolve(steps);
    });
    bus.publish(organisation, { kind: 'probe', node, question, target });
    return promise.finally(() => {
      cancelTimer();
      this.#waiting.delete(question);
    });
  }
}
