/** Mail: where it goes out, what became of it, and a test. Which server it is, whoever starts the controller says. */
import { parseEmail } from '../../../protocol/email-address.ts';
import { MailStatus, MailTest, MailTested } from '../../../protocol/mail.ts';
import type { ControllerContext } from '../../context.ts';
import { MailFault } from '../../notifications/mailer.ts';
import { mailState } from '../../notifications/tell-by-mail.ts';
import { organisationOf, whoOf } from '../access.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

/** A test goes to any address, so there are few. */
const tests = { limit: 10, windowMs: 10 * 60_000 };

export function mailRoutes(app: TypedApp, context: ControllerContext): void {
  const tried = context.live.throttle('mail tests', tests);

  app.get(
    '/api/v1/mail',
    {
      config: { access: ['mail.read'] },
      schema: {
        summary: 'Mail: its server, what waits, and how sending went last',
        response: { 200: MailStatus },
      },
    },
    async (request) => {
      const { store } = context.organisation(organisationOf(request));
      const row = await store.select('mail_states').select(['sent_ms', 'fault']).executeTakeFirst();
      const waiting = await store
        .select('notifications')
        .select('id')
        .where('target', 'like', 'mail %')
        .execute();
      const { mailer } = context;
      return {
        ...(mailer === undefined ? {} : { server: mailer.server, from: mailer.from }),
        ...(row === undefined || row.sent_ms === null ? {} : { sent: new Date(row.sent_ms).toISOString() }),
        ...(row === undefined || row.fault === null ? {} : { fault: row.fault }),
        waiting: waiting.length,
      };
    },
  );

  app.post(
    '/api/v1/mail/test',
    {
      config: { atOnce: true, access: ['mail.test'], problems: ['conflict', 'too-many'] },
      schema: {
        summary: 'Sends one mail to this address now, and says how that went',
        body: MailTest,
        response: { 200: MailTested },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      const { store, reader } = context.organisation(organisation);
      const to = parseEmail(request.body.to);
      if (to === undefined)
        throw new ProblemError('invalid-request', undefined, [
          { path: ['to'], message: 'write one address, such as alice@acme.example' },
        ]);
      const { mailer, organisations } = context;
      const publicUrl = organisations.addressOf(organisation);
      if (mailer === undefined)
        throw new ProblemError(
          'conflict',
          'No SMTP server is named. Start the controller with --smtp and --mail-from.',
        );
      const beganMs = context.now();
      const lockedMs = tried.lockedUntilMs(organisation);
      if (lockedMs !== undefined) throw ProblemError.tooMany(lockedMs - beganMs);
      tried.fail(organisation);
      const who = whoOf(request);
      const { document } = await reader.current();
      const fault = await mailer
        .deliver({
          to,
          subject: `A test from ${document.organisation}`,
          text: `This mail is a test. Mails about requests for access at ${publicUrl.origin} come from here.\n`,
        })
        .then(
          () => null,
          (error: unknown) => {
            if (error instanceof MailFault) return error.message;
            throw error;
          },
        );
      await mailState(store, fault, context.now());
      await appendAudit(store, [
        {
          atMs: context.now(),
          who,
          what: 'mail.test',
          result: fault === null ? 'done' : 'failed',
          detail: { to },
        },
      ]);
      return { ok: fault === null, ms: context.now() - beganMs, ...(fault === null ? {} : { fault }) };
    },
  );
}
