/** Counts what API and pages answer, by class of status alone: neither who asked nor for what. */
import type { FastifyInstance } from 'fastify';
import { Counts } from '../../protocol/metrics.ts';
import type { ControllerContext } from '../context.ts';

interface Answers {
  readonly answers: Counts;
  seconds: number;
}

const kept = new WeakMap<ControllerContext, Answers>();

export function answersOf(context: ControllerContext): Answers {
  let own = kept.get(context);
  if (own === undefined) {
    own = { answers: new Counts(), seconds: 0 };
    kept.set(context, own);
  }
  return own;
}

/** Before any route is added. */
export function countAnswers(app: FastifyInstance, context: ControllerContext): void {
  const own = answersOf(context);
  app.addHook('onResponse', (_request, reply, done) => {
    own.answers.add(`${Math.floor(reply.statusCode / 100)}xx`);
    own.seconds += reply.elapsedTime / 1_000;
    done();
  });
}
