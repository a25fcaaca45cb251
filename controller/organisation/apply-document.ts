/**
 * Puts a checked document into force in one transaction: what it declares keeps its id, what it leaves out is removed
 * together with what hung on it. Says what changed; cutting flows that lost their right is the decisions' part.
 */
import type { ApplyResult, DocumentChange } from '../../protocol/document-revisions.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { newId, type Id, type IdKind, type NodeId, type ResourceId } from '../../protocol/ids.ts';
import type { Random } from '../../protocol/clock.ts';
import type { SecretKey } from '../keys/secret-key.ts';
import { appendAudit } from '../audit/append-audit.ts';
import {
  changedWebhookSecrets,
  withoutWebhookSecrets,
  writeWebhooks,
} from '../notifications/webhook-secrets.ts';
import { changedSourceSecrets, withoutSourceSecrets, writeSources } from '../posture/source-secrets.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { isExposureNetwork } from '../exposures/exposure.ts';
import { documentChanges, withoutValues } from './document-changes.ts';
import { readOrganisation, type OrganisationState, type StoredDocument } from './organisation-state.ts';

export interface ApplyOptions {
  readonly secretKey: SecretKey;
  readonly random: Random;
  readonly nowMs: number;
  /** Who applies it, for the audit log. */
  readonly who: string;
  /** The revision that it was made from; another in force is a `StaleRevision`. */
  readonly from?: number;
  /** The earlier revision that this is, where it is one. */
  readonly rollback?: number;
  /** Rejects with what refuses these changes; asked inside the transaction, before anything is written. */
  readonly permit?: (
    tx: ScopedStore,
    changes: readonly DocumentChange[],
    before: OrganisationState,
  ) => Promise<void>;
}

export interface Applied extends ApplyResult {
  /** The revision in force now. */
  readonly revision: number;
  /** Ids that no longer stand for anything: resources, connectors, service accounts. */
  readonly removed: readonly string[];
  /** Resources that now lead elsewhere or to other ports: open flows no longer mean the same. */
  readonly redirected: readonly ResourceId[];
  /** Sessions whose person, service account or provider is gone. */
  readonly orphaned: readonly Id<'ses'>[];
}

/** The document that somebody started from is not the one in force any more. */
export class StaleRevision extends Error {
  /** The revision in force. */
  readonly inForce: number;

  constructor(inForce: number) {
    super(`revision ${inForce} is in force`);
    this.inForce = inForce;
  }
}

/** Applies the document. Equal to what is in force, it changes nothing and writes nothing. */
export function applyDocument(
  store: ScopedStore,
  document: OrganisationDocument,
  options: ApplyOptions,
): Promise<Applied> {
  return store.transaction(async (tx) => {
    const before = await readOrganisation(tx);
    const { from, rollback } = options;
    if (from !== undefined && from !== before.revision) throw new StaleRevision(before.revision);
    const after = withoutSecrets(document);
    const secrets = await changedSecrets(tx, document, options.secretKey);
    const changes = documentChanges(before.document, after, secrets);
    if (changes.length === 0 && before.revision > 0) {
      return { changes: [], revision: before.revision, removed: [], redirected: [], orphaned: [] };
    }
    await options.permit?.(tx, changes, before);
    if (before.revision === 0) await tx.setName(document.organisation);
    await tx
      .insert('documents', {
        revision: before.revision + 1,
        applied_ms: options.nowMs,
        applied_by: options.who,
        document: JSON.stringify(after),
      })
      .execute();
    const removed: string[] = [];
    const names = (list: 'networks' | 'resources' | 'serviceAccounts'): string[] =>
      (after[list] ?? []).map(({ name }) => name);
    removed.push(...(await syncNames(tx, 'resources', 'res', names('resources'), options.random)));
    const accounts = await syncNames(tx, 'service_accounts', 'svc', names('serviceAccounts'), options.random);
    const networks = await syncNames(
      tx,
      'networks',
      'net',
      names('networks'),
      options.random,
      removeConnectors,
    );
    removed.push(...accounts, ...networks);
    await writeProviders(tx, document, options.secretKey);
    await writeSources(tx, document, options.secretKey);
    await writeWebhooks(tx, document, options.secretKey);
    const orphaned = await orphanedSessions(tx, accounts, before.document, after);
    if (accounts.length > 0) {
      await tx.delete('enrolment_keys').where('target', 'in', accounts).execute();
    }
    await appendAudit(tx, [
      {
        atMs: options.nowMs,
        who: options.who,
        what: rollback === undefined ? 'document.apply' : 'document.rollback',
        result: 'done',
        detail: {
          revision: before.revision + 1,
          ...(rollback === undefined ? {} : { to: rollback }),
          changes,
        },
      },
    ]);
    return {
      changes: changes.map(withoutValues),
      revision: before.revision + 1,
      removed,
      redirected: redirected(before.resources, after),
      orphaned,
    };
  });

  /** Connectors of a network that is gone go with it; their ids are returned for revocation. */
  async function removeConnectors(tx: ScopedStore, network: string): Promise<NodeId[]> {
    const ids = (
      await tx
        .select('nodes')
        .select('id')
        .where('network', '=', network as Id<'net'>)
        .execute()
    ).map(({ id }) => id);
    await tx
      .delete('nodes')
      .where('network', '=', network as Id<'net'>)
      .execute();
    await tx.delete('enrolment_keys').where('target', '=', network).execute();
    return ids;
  }
}

/** The document as it is stored and compared. */
export function withoutSecrets({
  identityProviders,
  postureSources,
  webhooks,
  ...rest
}: OrganisationDocument): StoredDocument {
  return {
    ...rest,
    ...(identityProviders === undefined
      ? {}
      : { identityProviders: identityProviders.map(({ clientSecret: _secret, ...open }) => open) }),
    ...(postureSources === undefined ? {} : { postureSources: withoutSourceSecrets(postureSources) }),
    ...(webhooks === undefined ? {} : { webhooks: withoutWebhookSecrets(webhooks) }),
  };
}

/** Brings a table of named entries in line and returns the ids that went, with those `remove` took along. */
async function syncNames(
  tx: ScopedStore,
  table: 'networks' | 'resources' | 'service_accounts',
  kind: IdKind,
  names: readonly string[],
  random: Random,
  remove?: (tx: ScopedStore, id: string) => Promise<string[]>,
): Promise<string[]> {
  const present = await tx.select(table).select(['id', 'name']).execute();
  const gone = present.filter((entry) => !names.includes(entry.name) && !isExposureNetwork(entry));
  const removed: string[] = [];
  for (const { id } of gone) {
    removed.push(id, ...((await remove?.(tx, id)) ?? []));
    await tx
      .delete(table as 'networks')
      .where('id', '=', id as Id<'net'>)
      .execute();
  }
  for (const name of names) {
    if (present.some((entry) => entry.name === name)) continue;
    await tx.insert(table as 'networks', { id: newId(kind, random(16)) as Id<'net'>, name }).execute();
  }
  return removed;
}

/** Names of the entries whose secret differs from the stored one. */
export async function changedSecrets(
  tx: ScopedStore,
  document: OrganisationDocument,
  secretKey: SecretKey,
): Promise<Record<'identityProviders' | 'postureSources' | 'webhooks', Set<string>>> {
  return {
    identityProviders: await changedClientSecrets(tx, document, secretKey),
    postureSources: await changedSourceSecrets(tx, document, secretKey),
    webhooks: await changedWebhookSecrets(tx, document, secretKey),
  };
}

async function changedClientSecrets(
  tx: ScopedStore,
  document: OrganisationDocument,
  secretKey: SecretKey,
): Promise<Set<string>> {
  const stored = await tx.select('identity_providers').select(['name', 'client_secret']).execute();
  const changed = (document.identityProviders ?? []).filter(({ name, clientSecret }) => {
    const row = stored.find((provider) => provider.name === name);
    const secret = row === undefined ? undefined : secretKey.unseal(providerPurpose(name), row.client_secret);
    return secret?.toString('utf8') !== clientSecret;
  });
  return new Set(changed.map(({ name }) => name));
}

async function writeProviders(
  tx: ScopedStore,
  document: OrganisationDocument,
  secretKey: SecretKey,
): Promise<void> {
  await tx.delete('identity_providers').execute();
  for (const { name, clientSecret } of document.identityProviders ?? []) {
    const sealed = secretKey.seal(providerPurpose(name), Buffer.from(clientSecret));
    await tx.insert('identity_providers', { name, client_secret: sealed }).execute();
  }
}

/** The client secret of a provider; undefined when there is no such provider. Throws when it cannot be opened. */
export async function clientSecretOf(
  store: ScopedStore,
  secretKey: SecretKey,
  name: string,
): Promise<string | undefined> {
  const row = await store
    .select('identity_providers')
    .select('client_secret')
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const secret = secretKey.unseal(providerPurpose(name), row.client_secret);
  if (secret === undefined)
    throw new Error(`the client secret of ${name} was sealed with another secret key`);
  return secret.toString('utf8');
}

function providerPurpose(name: string): string {
  return `identity provider ${name}`;
}

function redirected(
  before: Awaited<ReturnType<typeof readOrganisation>>['resources'],
  after: StoredDocument,
) {
  const reach = ({
    network,
    address,
    alias,
    ports,
    within,
  }: NonNullable<StoredDocument['resources']>[number]) =>
    JSON.stringify([network, address, alias, ports, within]);
  return before.flatMap(({ id, definition }) => {
    const now = after.resources?.find(({ name }) => name === definition.name);
    return now !== undefined && reach(now) !== reach(definition) ? [id] : [];
  });
}

/** Open sessions of service accounts that were removed and of people whose provider was. */
async function orphanedSessions(
  tx: ScopedStore,
  accounts: readonly string[],
  before: StoredDocument,
  after: StoredDocument,
): Promise<Id<'ses'>[]> {
  const issuers = (document: StoredDocument): string[] =>
    (document.identityProviders ?? []).map(({ issuer }) => issuer);
  const lost = issuers(before).filter((issuer) => !issuers(after).includes(issuer));
  const people =
    lost.length === 0 ? [] : await tx.select('people').select('id').where('issuer', 'in', lost).execute();
  const subjects = [...accounts, ...people.map(({ id }) => id)];
  if (subjects.length === 0) return [];
  const sessions = await tx
    .select('sessions')
    .select('id')
    .where('subject', 'in', subjects)
    .where('ended_ms', 'is', null)
    .execute();
  return sessions.map(({ id }) => id);
}
