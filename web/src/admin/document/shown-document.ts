/** The organisation's document as the controller shows it: whole but for the secrets, which it never shows. */
import { entryKinds } from '../../../../protocol/entry-kinds.ts';
import type {
  IdentityProviderDocument,
  OrganisationDocument,
} from '../../../../protocol/organisation-document.ts';
import type { PostureSourceDocument } from '../../../../protocol/posture-document.ts';
import type { WebhookDocument } from '../../../../protocol/request-document.ts';

/** `clientSecret` stands in it only when a new one is being sent. */
export type ShownProvider = Omit<IdentityProviderDocument, 'clientSecret'> & { clientSecret?: string };

/** `secret` likewise. */
export type ShownWebhook = Omit<WebhookDocument, 'secret'> & { secret?: string };
export type ShownPostureSource = Omit<PostureSourceDocument, 'webhook'> & { webhook?: { secret?: string } };

export type ShownDocument = Omit<
  OrganisationDocument,
  'identityProviders' | 'webhooks' | 'postureSources'
> & {
  identityProviders?: ShownProvider[];
  webhooks?: ShownWebhook[];
  postureSources?: ShownPostureSource[];
};

/** Lists of the document whose entries have a name. */
export type NamedList =
  | 'identityProviders'
  | 'networks'
  | 'serviceAccounts'
  | 'resources'
  | 'postureProfiles'
  | 'postureSources'
  | 'policies'
  | 'requests'
  | 'webhooks';

export type EntryOf<K extends NamedList> = NonNullable<ShownDocument[K]>[number];

/** What an entry of each list is called. */
export const entryNouns: Readonly<Record<NamedList, string>> = entryKinds;

/** The document with `entry` in the place of the one called `name`, at the end when there is none, or without it. */
export function withEntry<K extends NamedList>(
  document: ShownDocument,
  list: K,
  name: string | undefined,
  entry: EntryOf<K> | undefined,
): ShownDocument {
  const entries = (document[list] ?? []) as EntryOf<K>[];
  const place = entries.findIndex((each) => each.name === name);
  const next =
    place < 0
      ? [...entries, ...(entry === undefined ? [] : [entry])]
      : entries.toSpliced(place, 1, ...(entry === undefined ? [] : [entry]));
  return { ...document, [list]: next };
}
