/** The audit log, oldest first, by cursor. */
import { Type } from 'typebox';
import { AuditRow } from '../../../protocol/inventory.ts';
import type { ControllerContext } from '../../context.ts';
import { tracePattern } from '../../explain/refusals.ts';
import { auditConditions } from '../../audit/audit-conditions.ts';
import type { ScopedStore } from '../../store/scoped-store.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

const pageSize = 200;

export function auditRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/audit',
    {
      config: { access: ['audit.read'] },
      schema: {
        summary: 'The audit log after a cursor; `next` is the cursor of the following page',
        querystring: Type.Object({
          after: Type.Optional(Type.Integer({ minimum: 0 })),
          /** The newest so many entries instead, oldest of them first. */
          last: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
          /** Only entries of this kind, or below it: `flow` takes `flow.open`. */
          what: Type.Optional(Type.String({ pattern: '^[a-z.-]{1,64}$' })),
          /** Entries below this cursor: with `last`, the page before. */
          before: Type.Optional(Type.Integer({ minimum: 1 })),
          /** Only of this person, token or other id, about this resource, with this outcome. */
          /** As it stands in the entries, or the e-mail address of a person or guest. */
          who: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
          resource: Type.Optional(Type.String({ maxLength: 253 })),
          result: Type.Optional(Type.String({ pattern: '^[a-z-]{1,32}$' })),
          /** Only from this instant on. */
          since: Type.Optional(Type.String({ format: 'date-time' })),
          /** Only with this text in who, resource, reasons or detail. */
          q: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
          /** Only the refusal that a person was shown under this trace. */
          trace: Type.Optional(Type.String({ pattern: tracePattern })),
        }),
        response: { 200: Type.Object({ entries: Type.Array(AuditRow), next: Type.Integer() }) },
      },
    },
    async (request) => {
      const { after = 0, before, limit = pageSize, last, who, ...rest } = request.query;
      const { store } = context.organisation(organisationOf(request));
      const filters = who === undefined ? rest : { ...rest, who: await meantBy(store, who) };
      const query = store
        .select('audit')
        .selectAll()
        .where('seq', '>', after)
        .$if(before !== undefined, (all) => all.where('seq', '<', before ?? 0))
        .where((eb) => eb.and(auditConditions(eb, filters)))
        .orderBy('seq', last === undefined ? 'asc' : 'desc')
        .limit(last ?? limit);
      const rows = (await query.execute()).toSorted((a, b) => a.seq - b.seq);
      return {
        entries: rows.map((row) => ({
          seq: row.seq,
          time: new Date(row.at_ms).toISOString(),
          who: row.who,
          what: row.what,
          ...(row.resource === null ? {} : { resource: row.resource }),
          result: row.result,
          reasons: JSON.parse(row.reasons) as string[],
          ...(row.cause === null ? {} : { cause: row.cause }),
          detail: JSON.parse(row.detail) as unknown,
        })),
        next: rows.at(-1)?.seq ?? after,
      };
    },
  );
}

/** What stands in the entries of whoever is called so: people and guests stand there by their ids. */
async function meantBy(store: ScopedStore, text: string): Promise<string[]> {
  if (!text.includes('@')) return [text];
  const people = await store.select('people').select('id').where('email', '=', text.toLowerCase()).execute();
  return [text, ...people.map(({ id }) => id)];
}
