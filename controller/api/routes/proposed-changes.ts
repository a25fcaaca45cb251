/** Changes beside the document that wait for a second administrator: listed, approved, refused, and what came of them. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Id } from '../../../protocol/ids.ts';
import { ProposedChanges, type ProposedChange } from '../../../protocol/proposed-changes.ts';
import {
  decideChange,
  keepAnswer,
  subjectOf,
  takeAnswer,
  waitingChanges,
} from '../../administrators/proposed-changes.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
import { comesFrom } from '../../source/caller-address.ts';
import type { ProposedChangesTable } from '../../store/tables/organisations.ts';
import { admit, organisationOf, whoOf } from '../access.ts';
import { admission, type Access, type Caller } from '../callers.ts';
import { ProblemError } from '../problems.ts';
import { bothOf, carryOut, requireSame } from '../carried-change.ts';
import type { TypedApp } from '../typed-app.ts';
import { decidedText, openChange } from './open-change.ts';

const params = Type.Object({ id: Type.String() });
/** Whoever may do any of what waits here; what one of them takes is looked at for each. */
const deciding = [
  'administrators.write',
  'tokens.write',
  'people.write',
  'devices.write',
  'passes.write',
  'directories.resume',
  'directories.write-tokens',
  'keys.write-servers',
  'keys.write-services',
] as const satisfies Access;

export function proposedChangeRoutes(app: TypedApp, context: ControllerContext): void {
  const declared = new Map<string, { readonly access: Access; readonly summary: string }>();
  app.addHook('onReady', (done) => {
    for (const { method, url, access, summary } of app.declaredRoutes)
      declared.set(`${method} ${url}`, { access, summary });
    done();
  });

  app.get(
    '/api/v1/proposals',
    {
      config: { access: ['document.read'] },
      schema: {
        summary: 'Changes beside the document that wait for a second administrator, the oldest first',
        response: { 200: ProposedChanges },
      },
    },
    async (request) => {
      const { store } = context.organisation(organisationOf(request));
      const proposals: ProposedChange[] = [];
      for (const row of await waitingChanges(store)) {
        // What came of one is its proposer's alone.
        if (row.state !== 'open' && row.who !== whoOf(request)) continue;
        proposals.push(shown(request, row, await subjectOf(store, row.url)));
      }
      return { proposals };
    },
  );

  app.post(
    '/api/v1/proposals/:id/approve',
    {
      config: { access: deciding, atOnce: true, problems: ['conflict'] },
      schema: {
        summary: 'Carries it out; for a person who does not stand behind it and may do it themself',
        params,
        response: { 200: Type.Object({ status: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      const change = await find(request, request.params.id);
      const { caller } = request;
      if (caller.kind !== 'person')
        throw new ProblemError('not-allowed', 'A person approves, signed in with a browser.');
      if (isOwn(request, change))
        throw new ProblemError('not-allowed', 'This is your own change; somebody else has to approve it.');
      const access = accessOf(change);
      if (access === undefined)
        throw new ProblemError(
          'conflict',
          'This version of the controller has no such change. Refuse it, and propose it anew.',
        );
      admit(caller, access, context.now());
      const { store } = context.organisation(organisationOf(request));
      const carried = { change, approver: caller };
      const decided = { who: whoOf(request), nowMs: context.now() };
      await store.transaction(async (tx) => {
        admit(await bothOf(tx, carried, context.now()), access, context.now());
        await requireSame(tx, change);
        if (!(await decideChange(tx, change, 'approved', decided)))
          throw new ProblemError('conflict', decidedText);
      });
      const { method, url, body } = change;
      const payload = JSON.parse(body ?? 'null') as object | null;
      const answer = await carryOut(carried, async () =>
        app.inject({
          method: method as 'POST' | 'PUT',
          url,
          ...comesFrom(request),
          headers: { host: request.headers.host ?? '' },
          ...(payload === null ? {} : { payload }),
        }),
      );
      if (answer.statusCode >= 300) {
        const detail = { proposal: change.id, status: answer.statusCode };
        const entry = { atMs: context.now(), what: 'change.carry-out', result: 'refused', detail } as const;
        await appendAudit(store, [{ ...entry, who: change.who }]);
        return reply
          .code(answer.statusCode as 200)
          .type('application/problem+json')
          .serializer((text: unknown) => String(text))
          .send(answer.body as never);
      }
      if (answer.body !== '') await keepAnswer(context, store, change.id, answer.body);
      return { status: answer.statusCode };
    },
  );

  app.post(
    '/api/v1/proposals/:id/refuse',
    {
      config: { access: deciding, atOnce: true, problems: ['conflict'] },
      schema: {
        summary: 'Refuses it, for whoever may do it themself, or takes one’s own back; nothing changes',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const change = await find(request, request.params.id);
      const { caller } = request;
      const access = accessOf(change);
      if (!isOwn(request, change) && !decides(caller, access))
        throw new ProblemError(
          'not-allowed',
          'Whoever may do it themself refuses it, or whoever proposed it.',
        );
      const { store } = context.organisation(organisationOf(request));
      const decided = { who: whoOf(request), nowMs: context.now() };
      const done = await store.transaction(async (tx) => decideChange(tx, change, 'refused', decided));
      if (!done) throw new ProblemError('conflict', decidedText);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/proposals/:id/take',
    {
      config: { access: deciding, atOnce: true, problems: ['not-found'] },
      schema: {
        summary: 'What came of one’s own change that was carried out, such as the text of a token; only once',
        params,
        response: { 200: Type.Object({ answer: Type.Unknown() }) },
      },
    },
    async (request) => {
      const { store } = context.organisation(organisationOf(request));
      const answer = await takeAnswer(context, store, request.params.id, whoOf(request));
      if (answer === undefined) throw new ProblemError('not-found');
      return { answer };
    },
  );

  /** What it takes to do this; undefined where there is no such route any more, as after an older version. */
  function accessOf({ method, route }: ProposedChangesTable): Exclude<Access, 'public'> | undefined {
    const access = declared.get(`${method} ${route}`)?.access;
    return access === 'public' ? undefined : access;
  }

  async function find(request: FastifyRequest, id: string): Promise<ProposedChangesTable> {
    const { store } = context.organisation(organisationOf(request));
    return openChange(
      await store
        .select('proposed_changes')
        .selectAll()
        .where('id', '=', id as Id<'chg'>)
        .executeTakeFirst(),
    );
  }

  /** Where there is no such route any more, whoever may decide anything here may clear it away. */
  function decides(caller: Caller, access: Exclude<Access, 'public'> | undefined): boolean {
    if (caller.kind === 'nobody') return false;
    return admission(caller, access ?? deciding, context.now()) !== 'no';
  }

  function shown(request: FastifyRequest, row: ProposedChangesTable, now: string): ProposedChange {
    const access = accessOf(row);
    return {
      id: row.id,
      who: row.who,
      created: new Date(row.created_ms).toISOString(),
      what: declared.get(`${row.method} ${row.route}`)?.summary ?? `${row.method} ${row.route}`,
      method: row.method,
      path: row.url,
      before: JSON.parse(row.before ?? 'null') as unknown,
      after: JSON.parse(row.body ?? 'null') as unknown,
      stale: row.state === 'open' && (access === undefined || now !== row.before),
      own: isOwn(request, row),
      decides: decides(request.caller, access),
      state: row.state === 'open' ? 'open' : 'done',
    };
  }
}

function isOwn(request: FastifyRequest, { behind }: ProposedChangesTable): boolean {
  return (JSON.parse(behind) as string[]).includes(whoOf(request));
}
