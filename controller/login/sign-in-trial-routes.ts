/** An administrator tries a sign-in at a provider: begins it, and reads once what came of it. */
import { Type } from 'typebox';
import { NewSignInTrial, SignInTrial, SignInTrialBegun } from '../../protocol/sign-in-trials.ts';
import { organisationOf } from '../api/access.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { trialAction, type SignInTrials } from './sign-in-trials.ts';
import type { SignIns } from './sign-ins.ts';

/** That one administrator may begin: each is a sign-in at somebody else's door. */
const begun = { limit: 30, windowMs: 10 * 60_000 };

export function signInTrialRoutes(
  app: TypedApp,
  context: ControllerContext,
  trials: SignInTrials,
  signIns: SignIns,
): void {
  const made = context.live.throttle('sign-in trials', begun);
  app.post(
    '/api/v1/sign-in-trials',
    {
      config: { atOnce: true, access: [trialAction], problems: ['conflict', 'too-many', 'not-found'] },
      schema: {
        summary:
          'Begins a sign-in that is only tried; where this browser is to go. Only for a browser’s session',
        body: NewSignInTrial,
        response: { 200: SignInTrialBegun },
      },
    },
    async (request, reply) => {
      const { caller } = request;
      if (caller.kind !== 'person')
        throw new ProblemError('conflict', 'A browser tries a sign-in, in the session of an administrator.');
      const lockedUntilMs = made.lockedUntilMs(caller.person);
      if (lockedUntilMs !== undefined) throw ProblemError.tooMany(lockedUntilMs - context.now());
      made.fail(caller.person);
      const organisation = context.organisation(organisationOf(request));
      const { provider } = request.body;
      const url = await signIns.beginTrial(request, reply, organisation, provider, caller.session);
      return { url: url.href };
    },
  );

  app.post(
    '/api/v1/sign-in-trials/:id/take',
    {
      config: { atOnce: true, access: [trialAction] },
      schema: {
        summary: 'What came of a sign-in that was tried, once, for the session that began it',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: SignInTrial },
      },
    },
    async (request) => {
      const { caller } = request;
      const trial =
        caller.kind === 'person' ? await trials.take(request.params.id, caller.session) : undefined;
      if (trial === undefined) throw new ProblemError('not-found');
      return trial;
    },
  );
}
