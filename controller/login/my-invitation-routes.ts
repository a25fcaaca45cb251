/** Somebody who is signed in looks at an invitation to administer, and takes it. */
import { Type } from 'typebox';
import { InvitationLink, OpenInvitation } from '../../protocol/invitations.ts';
import { openInvitation, takeInvitation } from '../administrators/invitations.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { instant, portalCaller } from './portal-caller.ts';

const config = { access: ['person'], problems: ['not-found', 'conflict', 'not-allowed'] } as const;
const goneText =
  'This invitation was taken, taken back or replaced, has run out, or is for another address. Ask for another.';

export function myInvitationRoutes(app: TypedApp, context: ControllerContext): void {
  app.post(
    '/api/v1/me/invitation',
    {
      config,
      schema: {
        summary: 'What an invitation offers, and whether it is for the signed-in person; changes nothing',
        body: InvitationLink,
        response: { 200: OpenInvitation },
      },
    },
    async (request) => {
      const { organisation, person } = await portalCaller(context, request);
      const invitation = await openInvitation(organisation.store, request.body.link, context.now());
      if (invitation === undefined) throw new ProblemError('not-found', goneText);
      const { email, role, expires_ms: expiresMs } = invitation;
      return { email, role, expires: instant(expiresMs), yours: person.email === email };
    },
  );

  app.post(
    '/api/v1/me/invitation/take',
    {
      config,
      schema: {
        summary: 'Takes the role of an invitation; it counts from the next sign-in',
        body: InvitationLink,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { organisation, person } = await portalCaller(context, request);
      const taken = await takeInvitation(organisation.store, request.body.link, person.id, context.now());
      switch (taken) {
        case 'done':
          return reply.code(204).send(null);
        case 'last-owner':
          throw new ProblemError('conflict', 'You are the last owner. Make another one first.');
        case 'owners-only':
        case 'not-any-more':
          throw new ProblemError(
            'conflict',
            'Whoever invited you may not give you this role. Ask for another.',
          );
        case 'unknown':
        case 'gone':
          throw new ProblemError('not-found', goneText);
        default:
          return taken satisfies never;
      }
    },
  );
}
