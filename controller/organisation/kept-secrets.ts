/**
 * A document whose sender has not seen the secrets: what it leaves out is taken from those in force, each only where it goes
 * to the same place as before. A secret whose issuer or address is new has to be written anew, or whoever may change an
 * address could have it sent to themselves.
 */
import type { SecretKey } from '../keys/secret-key.ts';
import { webhookSecret } from '../notifications/webhook-secrets.ts';
import { sourceToken } from '../posture/source-secrets.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { clientSecretOf } from './apply-document.ts';
import type { StoredDocument } from './organisation-state.ts';

/** `value` unchecked, with the secrets that may be kept; whatever has no form of a document stays as it is. */
export async function withKeptSecrets(
  store: ScopedStore,
  secretKey: SecretKey,
  inForce: StoredDocument,
  value: unknown,
): Promise<unknown> {
  if (!isRecord(value)) return value;
  const { identityProviders, postureSources, webhooks } = value;
  return {
    ...value,
    ...(Array.isArray(identityProviders)
      ? {
          identityProviders: await each(identityProviders, (one) => provider(store, secretKey, inForce, one)),
        }
      : {}),
    ...(Array.isArray(postureSources)
      ? { postureSources: await each(postureSources, (one) => source(store, secretKey, inForce, one)) }
      : {}),
    ...(Array.isArray(webhooks)
      ? { webhooks: await each(webhooks, (one) => webhook(store, secretKey, inForce, one)) }
      : {}),
  };
}

type Entry = Readonly<Record<string, unknown>>;

async function provider(
  store: ScopedStore,
  secretKey: SecretKey,
  { identityProviders = [] }: StoredDocument,
  entry: Entry,
): Promise<unknown> {
  if (entry['clientSecret'] !== undefined) return entry;
  const before = identityProviders.find(({ name }) => name === entry['name']);
  if (before === undefined || before.issuer !== entry['issuer'] || before.clientId !== entry['clientId'])
    return entry;
  const clientSecret = await clientSecretOf(store, secretKey, before.name);
  return clientSecret === undefined ? entry : { ...entry, clientSecret };
}

/** As it is shown: a webhook without its secret, a poll with an empty token. */
async function source(
  store: ScopedStore,
  secretKey: SecretKey,
  { postureSources = [] }: StoredDocument,
  entry: Entry,
): Promise<unknown> {
  const before = postureSources.find(({ name }) => name === entry['name']);
  const { webhook, poll } = entry;
  if (before === undefined) return entry;
  const secret = await sourceToken(store, secretKey, before.name);
  if (secret === undefined) return entry;
  if (isRecord(webhook) && webhook['secret'] === undefined && before.webhook !== undefined)
    return { ...entry, webhook: { ...webhook, secret } };
  const samePlace = isRecord(poll) && poll['url'] === before.poll?.url && poll['ca'] === before.poll?.ca;
  if (samePlace && poll['token'] === '' && before.poll?.token !== undefined)
    return { ...entry, poll: { ...poll, token: secret } };
  return entry;
}

async function webhook(
  store: ScopedStore,
  secretKey: SecretKey,
  { webhooks = [] }: StoredDocument,
  entry: Entry,
): Promise<unknown> {
  if (entry['secret'] !== undefined) return entry;
  const before = webhooks.find(({ name }) => name === entry['name']);
  if (before === undefined || before.url !== entry['url'] || before.ca !== entry['ca']) return entry;
  const secret = await webhookSecret(store, secretKey, before.name);
  return secret === undefined ? entry : { ...entry, secret };
}

async function each(
  list: readonly unknown[],
  change: (entry: Entry) => Promise<unknown>,
): Promise<unknown[]> {
  return Promise.all(list.map((entry) => (isRecord(entry) ? change(entry) : entry)));
}

function isRecord(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
