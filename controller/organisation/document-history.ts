/**
 * Earlier documents of an organisation: which revision came when, from whom, with how many changes; one of them whole;
 * and one of them made ready to be put into force again.
 */
import type { DocumentChange } from '../../protocol/document-revisions.ts';
import type { IdentityProviderDocument, OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { PostureSourceDocument } from '../../protocol/posture-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import type { WebhookDocument } from '../../protocol/request-document.ts';
import type { SecretKey } from '../keys/secret-key.ts';
import { webhookSecret } from '../notifications/webhook-secrets.ts';
import { sourceToken } from '../posture/source-secrets.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { clientSecretOf } from './apply-document.ts';
import { documentChanges } from './document-changes.ts';
import type { StoredDocument } from './organisation-state.ts';

export interface Revision {
  readonly revision: number;
  readonly atMs: number;
  readonly who: string;
}

export interface RevisionSummary extends Revision {
  /** How many entries it created, changed and removed. */
  readonly changes: number;
}

export interface RevisionDetail extends Revision {
  readonly changes: readonly DocumentChange[];
  readonly document: StoredDocument;
}

const nothing: StoredDocument = { organisation: '' };

/** The newest revisions below `before`, newest first, at most `limit`. */
export async function documentHistory(
  store: ScopedStore,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<RevisionSummary[]> {
  const rows = await store
    .select('documents')
    .select(['revision', 'applied_ms', 'applied_by'])
    .where('revision', '<', before)
    .orderBy('revision', 'desc')
    .limit(limit)
    .execute();
  const summaries: RevisionSummary[] = [];
  // One document at a time: each may be large.
  let document = rows[0] === undefined ? undefined : await documentAt(store, rows[0].revision);
  for (const { revision, applied_ms: atMs, applied_by: who } of rows) {
    const earlier = await documentAt(store, revision - 1);
    const changes = changesBetween(earlier, document ?? nothing).length;
    summaries.push({ revision, atMs, who, changes });
    document = earlier;
  }
  return summaries;
}

/** One revision with what it changed; undefined when there is none of that number. */
export async function documentRevision(
  store: ScopedStore,
  revision: number,
): Promise<RevisionDetail | undefined> {
  const row = await store
    .select('documents')
    .select(['applied_ms', 'applied_by', 'document'])
    .where('revision', '=', revision)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const document = JSON.parse(row.document) as StoredDocument;
  return {
    revision,
    atMs: row.applied_ms,
    who: row.applied_by,
    changes: changesBetween(await documentAt(store, revision - 1), document),
    document,
  };
}

/**
 * The document of an earlier revision with the secrets that are kept now, as if somebody had written them into the file;
 * or what is missing. It is unchecked: rules may have changed since.
 */
export async function revivedDocument(
  store: ScopedStore,
  secretKey: SecretKey,
  { identityProviders, postureSources, webhooks, ...rest }: StoredDocument,
): Promise<{ readonly document: OrganisationDocument } | { readonly issues: readonly DocumentIssue[] }> {
  const issues: DocumentIssue[] = [];
  const lost = (path: (string | number)[], what: string): void => {
    issues.push({ path, message: `the secret of ${what} is kept no longer; apply a file that has both` });
  };
  const providers: IdentityProviderDocument[] = [];
  for (const [index, provider] of (identityProviders ?? []).entries()) {
    const clientSecret = await clientSecretOf(store, secretKey, provider.name);
    if (clientSecret !== undefined) providers.push({ ...provider, clientSecret });
    else lost(['identityProviders', index, 'clientSecret'], `the identity provider "${provider.name}"`);
  }
  const sources: PostureSourceDocument[] = [];
  for (const [index, { name, webhook, poll }] of (postureSources ?? []).entries()) {
    const secret = await sourceToken(store, secretKey, name);
    const source = `the posture source "${name}"`;
    if (webhook !== undefined) {
      if (secret !== undefined) sources.push({ name, webhook: { secret } });
      else lost(['postureSources', index, 'webhook', 'secret'], source);
    } else if (poll !== undefined) {
      const { token, ...open } = poll;
      if (token === undefined) sources.push({ name, poll: open });
      else if (secret !== undefined) sources.push({ name, poll: { ...open, token: secret } });
      else lost(['postureSources', index, 'poll', 'token'], source);
    }
  }
  const told: WebhookDocument[] = [];
  for (const [index, webhook] of (webhooks ?? []).entries()) {
    const secret = await webhookSecret(store, secretKey, webhook.name);
    if (secret !== undefined) told.push({ ...webhook, secret });
    else lost(['webhooks', index, 'secret'], `the webhook "${webhook.name}"`);
  }
  if (issues.length > 0) return { issues };
  return {
    document: {
      ...rest,
      ...(identityProviders === undefined ? {} : { identityProviders: providers }),
      ...(postureSources === undefined ? {} : { postureSources: sources }),
      ...(webhooks === undefined ? {} : { webhooks: told }),
    },
  };
}

async function documentAt(store: ScopedStore, revision: number): Promise<StoredDocument> {
  const row = await store
    .select('documents')
    .select('document')
    .where('revision', '=', revision)
    .executeTakeFirst();
  return row === undefined ? nothing : (JSON.parse(row.document) as StoredDocument);
}

/** A revision that shows no change had a new secret: those are kept nowhere but sealed, and only the newest. */
function changesBetween(before: StoredDocument, after: StoredDocument): DocumentChange[] {
  const changes = documentChanges(before, after);
  return changes.length > 0 ? changes : [{ action: 'changed', kind: 'secret', name: 'not kept' }];
}
