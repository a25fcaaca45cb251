/**
 * The sources of verdicts as stored: the document without what they prove themselves with, which lies sealed beside it.
 * Used by `apply`, the webhook and the poller.
 */
import { timingSafeEqual } from 'node:crypto';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { PostureSourceDocument } from '../../protocol/posture-document.ts';
import type { SecretKey } from '../keys/secret-key.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** A source without its webhook's secret; an empty text stands for the token that it is asked with. */
export interface StoredPostureSource {
  name: string;
  webhook?: object;
  poll?: NonNullable<PostureSourceDocument['poll']>;
}

/** The sources of a document as they are stored. */
export function withoutSourceSecrets(sources: readonly PostureSourceDocument[]): StoredPostureSource[] {
  return sources.map(({ name, webhook, poll }) => ({
    name,
    ...(webhook === undefined ? {} : { webhook: {} }),
    ...(poll === undefined ? {} : { poll: { ...poll, ...(poll.token === undefined ? {} : { token: '' }) } }),
  }));
}

/** Names of the sources whose secret differs from the stored one. */
export async function changedSourceSecrets(
  tx: ScopedStore,
  { postureSources = [] }: OrganisationDocument,
  secretKey: SecretKey,
): Promise<Set<string>> {
  const changed = new Set<string>();
  for (const source of postureSources) {
    const stored = await openSecret(tx, secretKey, source.name);
    const given = secretIn(source);
    if (stored?.toString('utf8') !== given) changed.add(source.name);
  }
  return changed;
}

/** Stores the sources of a document; with one that is gone goes what it said. */
export async function writeSources(
  tx: ScopedStore,
  { postureSources = [] }: OrganisationDocument,
  secretKey: SecretKey,
): Promise<void> {
  const present = await tx.select('posture_sources').select('name').execute();
  const names = new Set(postureSources.map(({ name }) => name));
  for (const { name } of present) {
    if (names.has(name)) continue;
    await tx.delete('posture_sources').where('name', '=', name).execute();
    await tx.delete('posture_verdicts').where('source', '=', name).execute();
  }
  for (const source of postureSources) {
    const text = secretIn(source);
    const secret = text === undefined ? null : secretKey.seal(purpose(source.name), Buffer.from(text));
    if (present.some(({ name }) => name === source.name)) {
      await tx.update('posture_sources').set({ secret }).where('name', '=', source.name).execute();
    } else {
      await tx
        .insert('posture_sources', { name: source.name, secret, heard_ms: null, fault: null })
        .execute();
    }
  }
}

/** The token that a source is asked with; undefined when it has none. Throws when it cannot be opened. */
export async function sourceToken(
  store: ScopedStore,
  secretKey: SecretKey,
  name: string,
): Promise<string | undefined> {
  return (await openSecret(store, secretKey, name))?.toString('utf8');
}

/**
 * Whether `given` is the secret of that webhook: compared in constant time, over keyed hashes so that lengths do not show.
 * A source that does not exist takes as long and is never proven.
 */
export async function provesSource(
  store: ScopedStore,
  secretKey: SecretKey,
  name: string,
  given: string,
): Promise<boolean> {
  const stored = await openSecret(store, secretKey, name);
  const wanted = secretKey.hash('posture webhook', stored?.toString('utf8') ?? '');
  const same = timingSafeEqual(Buffer.from(wanted), Buffer.from(secretKey.hash('posture webhook', given)));
  return same && stored !== undefined;
}

async function openSecret(
  store: ScopedStore,
  secretKey: SecretKey,
  name: string,
): Promise<Buffer | undefined> {
  const row = await store
    .select('posture_sources')
    .select('secret')
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined || row.secret === null) return undefined;
  const secret = secretKey.unseal(purpose(name), row.secret);
  if (secret === undefined)
    throw new Error(`the secret of the posture source ${name} was sealed with another secret key`);
  return secret;
}

function secretIn({ webhook, poll }: PostureSourceDocument): string | undefined {
  return webhook?.secret ?? poll?.token;
}

function purpose(name: string): string {
  return `posture source ${name}`;
}
