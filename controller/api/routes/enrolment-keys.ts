/** Enrolment keys: made for a connector's network, a relay or a service account; listed; deleted. */
import { Type } from 'typebox';
import { parseDuration } from '../../../protocol/durations.ts';
import type { Id } from '../../../protocol/ids.ts';
import { KeyEntry } from '../../../protocol/inventory.ts';
import type { Action } from '../../../protocol/roles.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
import { createEnrolmentKey } from '../../enrolment/enrolment-keys.ts';
import type { OrganisationState } from '../../organisation/organisation-state.ts';
import { endSessions } from '../../sessions/end-sessions.ts';
import type { KeyPurpose } from '../../store/tables/nodes.ts';
import { organisationOf, requireAction, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

/** A provisioning key lasts this long unless said. */
const provisioningLifeMs = 24 * 3_600_000;

const Purpose = Type.Union([Type.Literal('connector'), Type.Literal('relay'), Type.Literal('service')]);
const NewKeyBody = Type.Object(
  {
    purpose: Purpose,
    /** The name of the network, relay or service account. */
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' }),
    /** How often it can be used: once unless said; service keys any number of times. */
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    /** 24h unless said; service keys never expire by themselves. */
    expires: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}[smhd]$' })),
  },
  { additionalProperties: false },
);
const keyWriting = ['keys.write-servers', 'keys.write-services'] as const;

export function enrolmentKeyRoutes(app: TypedApp, context: ControllerContext): void {
  app.post(
    '/api/v1/enrolment-keys',
    {
      config: { access: keyWriting, problems: ['not-found'] },
      schema: {
        summary: 'Makes an enrolment key',
        description: 'Its text is in this answer, and is never shown again.',
        body: NewKeyBody,
        response: { 201: Type.Object({ id: Type.String(), key: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { purpose, name, uses, expires } = request.body;
      requireAction(request, writingOf(purpose));
      const { store, reader } = context.organisation(organisationOf(request));
      const nowMs = context.now();
      const lifeMs =
        expires === undefined
          ? purpose === 'service'
            ? undefined
            : provisioningLifeMs
          : parseDuration(expires);
      if (expires !== undefined && lifeMs === undefined) {
        throw new ProblemError('invalid-request', 'expires is at most a year.');
      }
      const { id, text } = await createEnrolmentKey(
        store,
        {
          purpose,
          target: targetOf(await reader.current(), purpose, name),
          uses: uses ?? (purpose === 'service' ? undefined : 1),
          expiresMs: lifeMs === undefined ? undefined : nowMs + lifeMs,
          root: context.keys.root.key.publicKey,
          url: context.publicUrl.origin,
        },
        { nowMs, random: context.random, who: whoOf(request) },
      );
      return reply.code(201).send({ id, key: text });
    },
  );

  app.get(
    '/api/v1/enrolment-keys',
    {
      config: { access: ['keys.read'] },
      schema: { summary: 'Enrolment keys, without their text', response: { 200: Type.Array(KeyEntry) } },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const state = await reader.current();
      const rows = await store.select('enrolment_keys').selectAll().orderBy('created_ms').execute();
      const theirs = new Set<string>(state.exposures.map(({ network }) => network));
      return rows
        .filter(({ target }) => !theirs.has(target))
        .map((row) => ({
          id: row.id,
          purpose: row.purpose,
          name: nameOf(state, row.target),
          usesLeft: row.uses_left,
          expires: row.expires_ms === null ? null : new Date(row.expires_ms).toISOString(),
          created: new Date(row.created_ms).toISOString(),
          createdBy: row.created_by,
        }));
    },
  );

  app.delete(
    '/api/v1/enrolment-keys/:id',
    {
      config: { access: keyWriting },
      schema: {
        summary: 'Deletes a key; sessions that a service key began end',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const { store } = context.organisation(organisation);
      const who = whoOf(request);
      const id = request.params.id as Id<'tok'>;
      const sessions = await store.transaction(async (tx) => {
        const gone = await tx
          .delete('enrolment_keys')
          .where('id', '=', id)
          .returning('purpose')
          .executeTakeFirst();
        if (gone === undefined) throw new ProblemError('not-found');
        requireAction(request, writingOf(gone.purpose));
        await appendAudit(tx, [
          {
            atMs: context.now(),
            who,
            what: 'key.delete',
            result: 'done',
            detail: { key: id, purpose: gone.purpose },
          },
        ]);
        return tx
          .select('sessions')
          .select('id')
          .where('enrolment_key', '=', id)
          .where('ended_ms', 'is', null)
          .execute();
      });
      await endSessions(
        context,
        organisation,
        sessions.map((session) => session.id),
        { reason: 'key-deleted', who },
      );
      return reply.code(204).send(null);
    },
  );
}

function writingOf(purpose: KeyPurpose): Action {
  return purpose === 'service' ? 'keys.write-services' : 'keys.write-servers';
}

function targetOf(state: OrganisationState, purpose: KeyPurpose, name: string): string {
  if (purpose === 'relay') return name;
  const [kind, list] =
    purpose === 'connector'
      ? (['network', state.networks] as const)
      : (['service account', state.serviceAccounts] as const);
  const found = list.find((entry) => entry.name === name);
  if (found !== undefined) return found.id;
  const known = list.map((entry) => entry.name).join(', ');
  throw new ProblemError(
    'not-found',
    `There is no ${kind} "${name}". ${known === '' ? 'None is declared yet: apply a document first.' : `Declared: ${known}.`}`,
  );
}

function nameOf(state: OrganisationState, target: string): string {
  const found = [...state.networks, ...state.serviceAccounts].find(({ id }) => id === target);
  return found?.name ?? target;
}
