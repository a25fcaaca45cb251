/** Invitations to administer: made, listed, and taken back. Whoever gets one takes it at the portal. */
import { Type } from 'typebox';
import { formatDuration, parseDuration } from '../../../protocol/durations.ts';
import { parseEmail } from '../../../protocol/email-address.ts';
import type { Id } from '../../../protocol/ids.ts';
import { Invitations, Invited, NewInvitation } from '../../../protocol/invitations.ts';
import { invite, mostInvitations } from '../../administrators/invitations.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
import { deliverLater } from '../../notifications/deliver.ts';
import { invitationPage, type QueuedInvitation } from '../../notifications/invitation-mail.ts';
import { queueNotifications } from '../../notifications/queue.ts';
import { organisationOf, whoOf } from '../access.ts';
import { byOwner } from '../over-administrators.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const usualMs = 3 * 24 * 3_600_000;
const shortestMs = 3_600_000;
const longestMs = 30 * 24 * 3_600_000;

export function invitationRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/administrators/invitations',
    {
      config: { access: ['administrators.read'] },
      schema: { summary: 'Roles that wait for somebody to take them', response: { 200: Invitations } },
    },
    async (request) => {
      const { store } = context.organisation(organisationOf(request));
      const rows = await store
        .select('invitations')
        .selectAll()
        .where('expires_ms', '>', context.now())
        .orderBy('created_ms')
        .orderBy('id')
        .execute();
      return {
        invitations: rows.map((row) => ({
          id: row.id,
          email: row.email,
          role: row.role,
          created: new Date(row.created_ms).toISOString(),
          createdBy: row.created_by,
          expires: new Date(row.expires_ms).toISOString(),
        })),
      };
    },
  );

  app.post(
    '/api/v1/administrators/invitations',
    {
      config: { access: ['administrators.write'], problems: ['conflict'] },
      schema: {
        summary:
          'Invites somebody to administer, by mail or by a link to hand over; good once, for their address',
        body: NewInvitation,
        response: { 201: Invited },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const { store } = context.organisation(organisation);
      const { role, link } = request.body;
      const email = parseEmail(request.body.email);
      if (email === undefined) throw wrong('email', 'write one address, such as alice@acme.example');
      const lifeMs = request.body.for === undefined ? usualMs : parseDuration(request.body.for);
      if (lifeMs === undefined || lifeMs < shortestMs || lifeMs > longestMs)
        throw wrong(
          'for',
          `write a duration from ${formatDuration(shortestMs)} to ${formatDuration(longestMs)}`,
        );
      const nowMs = context.now();
      const isMailed = link !== true && context.mailer !== undefined;
      const expiresMs = nowMs + lifeMs;
      const made = await store.transaction(async (tx) => {
        if (role === 'owner' && !byOwner(request))
          throw new ProblemError('not-allowed', 'Only an owner, signed in with a browser, makes owners.');
        const { random } = context;
        const invited = await invite(tx, { email, role, expiresMs }, { nowMs, random, who: whoOf(request) });
        if (invited === undefined)
          throw new ProblemError('conflict', `${mostInvitations} invitations wait; take some back first.`);
        const body: QueuedInvitation = { invitation: invited.id };
        const mail = { target: `mail ${email}`, event: 'administrator.invited', body };
        if (isMailed) await queueNotifications(context, tx, [mail]);
        return invited;
      });
      if (isMailed) deliverLater(context, organisation);
      return reply.code(201).send({
        id: made.id,
        expires: new Date(expiresMs).toISOString(),
        ...(isMailed || made.token === undefined
          ? {}
          : { link: invitationPage(context.organisations.addressOf(organisation), made.token) }),
      });
    },
  );

  app.delete(
    '/api/v1/administrators/invitations/:id',
    {
      config: { access: ['administrators.write'], problems: ['not-found'] },
      schema: {
        summary: 'Takes an invitation back: its link is good no more',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { store } = context.organisation(organisationOf(request));
      await store.transaction(async (tx) => {
        const gone = await tx
          .delete('invitations')
          .where('id', '=', request.params.id as Id<'inv'>)
          .returning(['id', 'email', 'role'])
          .executeTakeFirst();
        if (gone === undefined) throw new ProblemError('not-found');
        const detail = { invitation: gone.id, email: gone.email, role: gone.role };
        await appendAudit(tx, [
          {
            atMs: context.now(),
            who: whoOf(request),
            what: 'administrator.uninvite',
            result: 'done',
            detail,
          },
        ]);
      });
      return reply.code(204).send(null);
    },
  );
}

function wrong(field: string, message: string): ProblemError {
  return new ProblemError('invalid-request', undefined, [{ path: [field], message }]);
}
