/** Service tokens and device passes are made, listed and revoked here; their secrets are shown once and kept as hashes. */
import { newId, type Id, type OrganisationId } from '../../protocol/ids.ts';
import { encodePass, hashOfSecret } from '../../protocol/secrets.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { Resource } from '../organisation/organisation-state.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import type { WebPassesTable } from '../store/tables/web-door.ts';

export interface NewPass {
  readonly kind: WebPassesTable['kind'];
  readonly name: string;
  readonly subject: WebPassesTable['subject'];
  readonly resource: Resource;
  /** The sign-in of the person who makes it. */
  readonly session?: SessionsTable;
  readonly who: string;
  readonly expiresMs?: number;
}

/** Makes a pass; `secret` is kept nowhere. */
export async function createPass(
  context: ControllerContext,
  organisation: OrganisationId,
  { kind, name, subject, resource, session, who, expiresMs }: NewPass,
): Promise<{ readonly id: Id<'tok'>; readonly secret: string }> {
  const { store } = context.organisation(organisation);
  const bytes = context.random(32);
  const id = newId('tok', context.random(16));
  const nowMs = context.now();
  await store.transaction(async (tx) => {
    await tx
      .insert('web_passes', {
        id,
        kind,
        hash: hashOfSecret(bytes),
        name,
        subject,
        resource: resource.id,
        auth_ms: session?.auth_ms ?? null,
        amr: session?.amr ?? '[]',
        acr: session?.acr ?? null,
        created_ms: nowMs,
        created_by: who,
        expires_ms: expiresMs ?? null,
      })
      .execute();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who,
        what: 'pass.create',
        resource: resource.definition.name,
        result: 'done',
        detail: { pass: id, kind, name, subject, ...(expiresMs === undefined ? {} : { expiresMs }) },
      },
    ]);
  });
  await context.publish(organisation, { kind: 'passes', revoked: [] });
  return { id, secret: encodePass({ kind: kind === 'service' ? 'ws' : 'dp', secret: bytes }) };
}

/** Revokes a pass: what is open under it ends at once. False when there is none; `of`: of this subject alone. */
export async function revokePass(
  context: ControllerContext,
  organisation: OrganisationId,
  id: string,
  { who, of }: { readonly who: string; readonly of?: string },
): Promise<boolean> {
  const { store } = context.organisation(organisation);
  const revoked = await store.transaction(async (tx) => {
    const row = await tx
      .select('web_passes')
      .select(['id', 'name', 'kind', 'subject'])
      .where('id', '=', id as Id<'tok'>)
      .executeTakeFirst();
    if (row === undefined || (of !== undefined && row.subject !== of)) return undefined;
    await tx.delete('web_passes').where('id', '=', row.id).execute();
    const { kind, name, subject } = row;
    const detail = { pass: row.id, kind, name, subject };
    await appendAudit(tx, [{ atMs: context.now(), who, what: 'pass.revoke', result: 'done', detail }]);
    return row.id;
  });
  if (revoked === undefined) return false;
  await context.publish(organisation, { kind: 'passes', revoked: [revoked] });
  return true;
}
