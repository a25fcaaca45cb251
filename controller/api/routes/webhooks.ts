/**
 * Webhooks: what became of what they were told, a test, and the answers to requests that one may send back, proven by its
 * signature.
 */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { parseId, type Id } from '../../../protocol/ids.ts';
import { RequestDuration, RequestId, RequestState } from '../../../protocol/requests.ts';
import { WebhookEntry, WebhookTested } from '../../../protocol/webhooks.ts';
import type { ControllerContext, Organisation } from '../../context.ts';
import { Guesses } from '../../guesses.ts';
import { tellWebhook } from '../../notifications/tell-webhook.ts';
import { isSigned } from '../../notifications/signature.ts';
import { webhookSecret } from '../../notifications/webhook-secrets.ts';
import { answerRequest, type Answer } from '../../requests/answer.ts';
import { organisationOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

/** An answer by somebody who may approve, as the other side knows them by their address. */
const SentAnswer = Type.Object(
  {
    request: RequestId,
    by: Type.String({ minLength: 3, maxLength: 254 }),
    answer: Type.Union([Type.Literal('approve'), Type.Literal('deny')]),
    for: Type.Optional(RequestDuration),
    waives: Type.Optional(Type.Array(Type.String({ maxLength: 63 }), { maxItems: 64 })),
    /** Of a denial: why. */
    text: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
);
const params = Type.Object({ name: Type.String({ maxLength: 64 }) });
const wrongSignatures = { limit: 30, windowMs: 10 * 60_000 };

export function webhookRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/webhooks',
    {
      config: { access: ['webhooks.read'] },
      schema: {
        summary: 'Webhooks: when each took what it was told, and what waits',
        response: { 200: Type.Array(WebhookEntry) },
      },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { document } = await reader.current();
      const rows = await store.select('webhooks').select(['name', 'told_ms', 'fault']).execute();
      const waiting = await store.select('notifications').select('target').execute();
      return (document.webhooks ?? []).map(({ name, url, decides = false }) => {
        const row = rows.find((each) => each.name === name);
        return {
          name,
          url,
          decides,
          ...(row === undefined || row.told_ms === null ? {} : { told: new Date(row.told_ms).toISOString() }),
          ...(row === undefined || row.fault === null ? {} : { fault: row.fault }),
          waiting: waiting.filter(({ target }) => target === `webhook ${name}`).length,
        };
      });
    },
  );

  app.post(
    '/api/v1/webhooks/:name/test',
    {
      config: { atOnce: true, access: ['webhooks.test'], problems: ['not-found'] },
      schema: {
        summary: 'Tells a webhook something once, now, and says how that went',
        params,
        response: { 200: WebhookTested },
      },
    },
    async (request) => {
      const organisation = context.organisation(organisationOf(request));
      const { document } = await organisation.reader.current();
      const webhook = document.webhooks?.find(({ name }) => name === request.params.name);
      if (webhook === undefined) throw new ProblemError('not-found');
      const beganMs = context.now();
      const at = new Date(beganMs).toISOString();
      const body = JSON.stringify({ event: 'test', organisation: document.organisation, at });
      const id = context.random(16).toString('hex');
      const told = await tellWebhook(context, organisation, webhook, { id, event: 'test', body });
      return { ok: told.ok, ms: context.now() - beganMs, ...(told.ok ? {} : { fault: told.fault }) };
    },
  );

  sentAnswers(app, context);
}

/** The body as it was signed. */
const texts = new WeakMap<object, string>();

function sentAnswers(app: TypedApp, context: ControllerContext): void {
  const guesses = new Guesses(context.live, 'webhook signatures', wrongSignatures);
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      const value: unknown = text === '' ? undefined : JSON.parse(text as string);
      if (typeof value === 'object' && value !== null) texts.set(value, text as string);
      done(null, value);
    } catch {
      done(new ProblemError('invalid-request', 'The body is no JSON.'));
    }
  });

  app.post(
    '/api/v1/webhooks/:organisation/:name/answers',
    {
      config: {
        access: 'public',
        unbounded: true,
        problems: ['not-found', 'conflict', 'too-many', 'not-allowed'],
      },
      schema: {
        summary:
          'An approver answers a request by way of a webhook that decides, signed as what it is told is',
        params: Type.Object({
          organisation: Type.String({ maxLength: 64 }),
          name: Type.String({ maxLength: 64 }),
        }),
        body: SentAnswer,
        response: { 200: Type.Object({ state: RequestState }) },
      },
    },
    async (request) => {
      const waitMs = guesses.waitMs(request.callerAddress, context.now());
      if (waitMs !== undefined) throw ProblemError.tooMany(waitMs);
      const { organisation: id, name } = request.params;
      const organisation = await provenOrganisation(context, request, id, name);
      if (organisation === undefined) {
        guesses.wrong(request.callerAddress, `${id} ${name} ${String(request.headers['postern-signature'])}`);
        throw new ProblemError('not-found');
      }
      const { request: asked, by, answer, text = '', ...approving } = request.body;
      const given: Answer = answer === 'deny' ? { answer, text } : { answer, ...approving };
      const person = await personOf(organisation, by);
      const approver = { kind: 'person', id: person, by: `webhook ${name}` } as const;
      return { state: await answerRequest(context, organisation, asked as Id<'req'>, approver, given) };
    },
  );
}

/** The organisation whose webhook of this name signed the request; undefined for everything else. */
async function provenOrganisation(
  context: ControllerContext,
  { headers, body }: FastifyRequest,
  given: string,
  name: string,
): Promise<Organisation | undefined> {
  const id = parseId('org', given);
  const header = headers['postern-signature'];
  const text = texts.get(body as object);
  if (id === undefined || typeof header !== 'string' || text === undefined) return undefined;
  if (!(await context.store.organisations()).includes(id)) return undefined;
  const organisation = context.organisation(id);
  const { document, isSuspended } = await organisation.reader.current();
  if (isSuspended) return undefined;
  const decides = document.webhooks?.some((webhook) => webhook.name === name && webhook.decides === true);
  const secret = await webhookSecret(organisation.store, context.secretKey, name);
  if (decides !== true || secret === undefined) return undefined;
  return isSigned(secret, header, text, Math.floor(context.now() / 1_000)) ? organisation : undefined;
}

/** The one person with this verified address who may come in. */
async function personOf({ store }: Organisation, email: string): Promise<Id<'usr'>> {
  const people = await store
    .select('people')
    .select('id')
    .where('email', '=', email.toLowerCase())
    .where('disabled_ms', 'is', null)
    .execute();
  const [person, another] = people;
  if (person === undefined || another !== undefined)
    throw new ProblemError('not-allowed', `"${email}" is not one person here.`);
  return person.id;
}
