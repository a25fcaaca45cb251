/** Webhooks as stored: the document without what requests are signed with, which lies sealed beside it. */
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { WebhookDocument } from '../../protocol/request-document.ts';
import type { SecretKey } from '../keys/secret-key.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export type StoredWebhook = Omit<WebhookDocument, 'secret'>;

/** The webhooks of a document as they are stored. */
export function withoutWebhookSecrets(webhooks: readonly WebhookDocument[]): StoredWebhook[] {
  return webhooks.map(({ secret: _secret, ...open }) => open);
}

/** Names of the webhooks whose secret differs from the stored one. */
export async function changedWebhookSecrets(
  tx: ScopedStore,
  { webhooks = [] }: OrganisationDocument,
  secretKey: SecretKey,
): Promise<Set<string>> {
  const changed = new Set<string>();
  for (const { name, secret } of webhooks)
    if ((await webhookSecret(tx, secretKey, name)) !== secret) changed.add(name);
  return changed;
}

/** Stores the webhooks of a document; with one that is gone goes what it still had to be told. */
export async function writeWebhooks(
  tx: ScopedStore,
  { webhooks = [] }: OrganisationDocument,
  secretKey: SecretKey,
): Promise<void> {
  const present = await tx.select('webhooks').select('name').execute();
  const names = new Set(webhooks.map(({ name }) => name));
  for (const { name } of present) {
    if (names.has(name)) continue;
    await tx.delete('webhooks').where('name', '=', name).execute();
    await tx.delete('notifications').where('target', '=', `webhook ${name}`).execute();
  }
  for (const webhook of webhooks) {
    const secret = secretKey.seal(purpose(webhook.name), Buffer.from(webhook.secret));
    if (present.some(({ name }) => name === webhook.name))
      await tx.update('webhooks').set({ secret }).where('name', '=', webhook.name).execute();
    else await tx.insert('webhooks', { name: webhook.name, secret, told_ms: null, fault: null }).execute();
  }
}

/** What a webhook's requests are signed with; undefined when there is none. Throws when it cannot be opened. */
export async function webhookSecret(
  store: ScopedStore,
  secretKey: SecretKey,
  name: string,
): Promise<string | undefined> {
  const row = await store.select('webhooks').select('secret').where('name', '=', name).executeTakeFirst();
  if (row === undefined) return undefined;
  const secret = secretKey.unseal(purpose(name), row.secret);
  if (secret === undefined)
    throw new Error(`the secret of the webhook ${name} was sealed with another secret key`);
  return secret.toString('utf8');
}

function purpose(name: string): string {
  return `webhook ${name}`;
}
