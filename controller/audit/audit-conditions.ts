/** Which entries of the audit log are asked for, as conditions on its table. */
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import type { ScopedSchema } from '../store/schema.ts';

export interface AuditFilters {
  /** Of this kind, or below it: `flow` takes `flow.open`. */
  readonly what?: string;
  /** As it stands in the entries: any of these. */
  readonly who?: readonly string[];
  readonly resource?: string;
  readonly result?: string;
  /** An RFC 3339 instant. */
  readonly since?: string;
  /** The refusal that somebody was shown under this trace. */
  readonly trace?: string;
  /** Text in who, resource, reasons or detail, in any case of its letters. */
  readonly q?: string;
}

export function auditConditions(
  eb: ExpressionBuilder<ScopedSchema, 'audit'>,
  { what, who, resource, result, since, trace, q }: AuditFilters,
): Expression<SqlBool>[] {
  const conditions: Expression<SqlBool>[] = [];
  if (what !== undefined) conditions.push(eb.or([eb('what', '=', what), eb('what', 'like', `${what}.%`)]));
  if (who !== undefined) conditions.push(eb('who', 'in', who));
  if (resource !== undefined) conditions.push(eb('resource', '=', resource));
  if (result !== undefined) conditions.push(eb('result', '=', result));
  if (since !== undefined) conditions.push(eb('at_ms', '>=', Date.parse(since)));
  if (trace !== undefined) conditions.push(eb('detail', 'like', `%"trace":"${trace}"%`));
  if (q !== undefined) {
    const pattern = `%${q.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
    const holds = (column: 'who' | 'resource' | 'reasons' | 'detail' | 'what'): Expression<SqlBool> =>
      sql<SqlBool>`lower(${eb.ref(column)}) like ${pattern} escape '\\'`;
    conditions.push(
      eb.or([holds('who'), holds('resource'), holds('reasons'), holds('detail'), holds('what')]),
    );
  }
  return conditions;
}
