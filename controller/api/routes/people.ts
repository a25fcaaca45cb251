/** People and service accounts: listed, disabled and enabled; a person signed out everywhere. */
import { Type } from 'typebox';
import { parseId, type Id } from '../../../protocol/ids.ts';
import { PersonEntry, ServiceAccountEntry } from '../../../protocol/inventory.ts';
import type { ControllerContext } from '../../context.ts';
import { hasRoom, limitTexts } from '../../operator/limits.ts';
import { isDisabled, setDisabled, type AccountId } from '../../people/disable.ts';
import { endSessions, openSessionsOf } from '../../sessions/end-sessions.ts';
import type { ScopedStore } from '../../store/scoped-store.ts';
import { organisationOf, whoOf } from '../access.ts';
import { outOfReach, requireOver } from '../over-administrators.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const reading = { access: ['people.read'] } as const;
const params = Type.Object({ id: Type.String() });

export function peopleRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/people',
    {
      config: reading,
      schema: { summary: 'People who have signed in', response: { 200: Type.Array(PersonEntry) } },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { document, groups } = await reader.current();
      const rows = await store.select('people').selectAll().orderBy('name').execute();
      const open = await openCounts(store, context.now());
      const kept = await outOfReach(store, request);
      return rows.map((row) => {
        const provider = document.identityProviders?.find(({ issuer }) => issuer === row.issuer)?.name;
        return {
          id: row.id,
          name: row.name,
          ...(row.email === null ? {} : { email: row.email }),
          groups: (JSON.parse(row.groups) as string[]).filter((group) => groups.has(group)),
          ...(provider === undefined ? {} : { provider }),
          signedIn: new Date(row.signed_in_ms).toISOString(),
          disabled: row.disabled_ms !== null,
          ...(kept.has(row.id) ? { outOfReach: true as const } : {}),
          sessions: open.get(row.id) ?? 0,
        };
      });
    },
  );

  app.get(
    '/api/v1/service-accounts',
    {
      config: reading,
      schema: { summary: 'Service accounts', response: { 200: Type.Array(ServiceAccountEntry) } },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { serviceAccounts } = await reader.current();
      const rows = await store.select('service_accounts').select(['id', 'disabled_ms']).execute();
      const disabled = new Set(rows.flatMap((row) => (row.disabled_ms === null ? [] : row.id)));
      const open = await openCounts(store, context.now());
      return serviceAccounts.map(({ id, name, groups }) => ({
        id,
        name,
        groups: [...groups],
        disabled: disabled.has(id),
        sessions: open.get(id) ?? 0,
      }));
    },
  );

  for (const [path, kind, noun] of [
    ['people', 'usr', 'person'],
    ['service-accounts', 'svc', 'service account'],
  ] as const) {
    for (const [action, disabled, summary] of [
      ['disable', true, `Ends every session of a ${noun} at once and lets it in no more`],
      ['enable', false, `Lets a ${noun} in again`],
    ] as const) {
      app.post(
        `/api/v1/${path}/:id/${action}`,
        {
          config: {
            access: ['people.write'],
            problems: ['conflict'],
            ...(disabled ? { atOnce: true } : {}),
          },
          schema: { summary, params, response: { 204: Type.Null() } },
        },
        async (request, reply) => {
          const id: AccountId | undefined = parseId(kind, request.params.id);
          const organisation = organisationOf(request);
          const known =
            id !== undefined &&
            (await setDisabled(context, organisation, id, disabled, {
              who: whoOf(request),
              permit: async (tx) => {
                if (kind !== 'usr') return;
                await requireOver(tx, request, id as Id<'usr'>);
                if (!disabled) await requireRoom(tx, id);
              },
            }));
          if (!known) throw new ProblemError('not-found');
          return reply.code(204).send(null);
        },
      );
    }
  }

  app.delete(
    '/api/v1/people/:id/sessions',
    {
      config: { access: ['people.write'] },
      schema: {
        summary: 'Signs a person out everywhere, with every flow they have open',
        params,
        response: { 200: Type.Object({ ended: Type.Integer() }) },
      },
    },
    async (request) => {
      const organisation = organisationOf(request);
      const { store } = context.organisation(organisation);
      const id = request.params.id as Id<'usr'>;
      const known = await store.select('people').select('id').where('id', '=', id).executeTakeFirst();
      if (known === undefined) throw new ProblemError('not-found');
      const ending = { reason: 'ended-by-administrator', who: whoOf(request) };
      const ended = await endSessions(context, organisation, await openSessionsOf(store, id), ending);
      return { ended: ended.length };
    },
  );
}

/** Whoever is enabled is one more. Throws `conflict` where there may be none. */
async function requireRoom(tx: ScopedStore, id: AccountId): Promise<void> {
  if ((await isDisabled(tx, id)) && !(await hasRoom(tx, 'people')))
    throw new ProblemError('conflict', limitTexts.people);
}

/** How many sessions each subject has open. */
async function openCounts(store: ScopedStore, nowMs: number): Promise<Map<string, number>> {
  const rows = await store
    .select('sessions')
    .select((eb) => ['subject', eb.fn.countAll<number>().as('count')])
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .groupBy('subject')
    .execute();
  return new Map(rows.map(({ subject, count }) => [subject, count]));
}
