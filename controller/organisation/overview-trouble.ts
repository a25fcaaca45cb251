/** What of an organisation waits for an administrator or does not work, for the overview: each thing by its name. */
import type { Overview } from '../../protocol/overview.ts';
import type { Certificates } from '../../protocol/web-messages.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import type { OrganisationState } from './organisation-state.ts';

export async function pendingRequests(store: ScopedStore, nowMs: number): Promise<number> {
  const row = await store
    .select('access_requests')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('state', '=', 'pending')
    .where('answer_by_ms', '>', nowMs)
    .executeTakeFirstOrThrow();
  return row.count;
}

export async function waitingProposals(store: ScopedStore): Promise<number> {
  const counts = (['proposals', 'proposed_changes'] as const).map((table) =>
    store
      .select(table as 'proposals')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('state', '=', 'open')
      .executeTakeFirstOrThrow(),
  );
  const rows = await Promise.all(counts);
  return rows.reduce((sum, { count }) => sum + count, 0);
}

/** What went wrong the last time it was tried, or stopped by itself. What the document does not name any more is left out. */
export async function failing(
  store: ScopedStore,
  { document }: OrganisationState,
  connectors: readonly Pick<NodesTable, 'certificates'>[],
): Promise<Overview['failing']> {
  const [halted, webhooks, mail, sources] = await Promise.all([
    store.select('directories').select('name').where('halted_ms', 'is not', null).execute(),
    store.select('webhooks').select('name').where('fault', 'is not', null).execute(),
    store.select('mail_states').select('fault').where('fault', 'is not', null).execute(),
    store.select('posture_sources').select('name').where('fault', 'is not', null).execute(),
  ]);
  const { identityProviders = [], webhooks: declared = [], postureSources = [] } = document;
  const directories = identityProviders.filter(({ directory }) => directory !== undefined);
  return [
    ...named('directory', halted, directories),
    ...named('certificate', failedCertificates(connectors)),
    ...named('webhook', webhooks, declared),
    ...named('posture source', sources, postureSources),
    ...(mail.length === 0 ? [] : [{ kind: 'mail' as const, name: 'mail' }]),
  ];
}

interface Named {
  readonly name: string;
}

function named(
  kind: Overview['failing'][number]['kind'],
  list: readonly Named[],
  known: readonly Named[] = list,
): Overview['failing'] {
  return list
    .filter(({ name }) => known.some((each) => each.name === name))
    .map(({ name }) => ({ kind, name }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Hostnames that some connector has no certificate for, having tried. */
function failedCertificates(connectors: readonly Pick<NodesTable, 'certificates'>[]): Named[] {
  const hosts = connectors.flatMap(({ certificates }) =>
    certificates === null
      ? []
      : (JSON.parse(certificates) as Certificates['list'])
          .filter(({ state }) => state === 'failed')
          .map(({ host }) => host),
  );
  return [...new Set(hosts)].map((name) => ({ name }));
}

/** Tokens of programs and directories that end between now and `untilMs`; those without an end go on. */
export async function tokensEnding(
  store: ScopedStore,
  { nowMs, untilMs, withApiTokens }: { nowMs: number; untilMs: number; withApiTokens: boolean },
): Promise<Overview['expiring']> {
  const directory = await store
    .select('directory_tokens')
    .select(['directory as name', 'expires_ms'])
    .where('expires_ms', '>', nowMs)
    .where('expires_ms', '<', untilMs)
    .execute();
  const api = withApiTokens
    ? await store
        .select('api_tokens')
        .select(['id', 'name', 'expires_ms'])
        .where('expires_ms', '>', nowMs)
        .where('expires_ms', '<', untilMs)
        .execute()
    : [];
  const at = (ms: number | null): string => new Date(ms ?? nowMs).toISOString();
  return [
    ...directory.map(({ name, expires_ms: ms }) => ({ kind: 'directory token' as const, name, at: at(ms) })),
    ...api.map(({ id, name, expires_ms: ms }) => ({
      kind: 'API token' as const,
      name: name === '' ? id : name,
      at: at(ms),
    })),
  ];
}
