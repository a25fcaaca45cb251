/**
 * Web sessions decided anew after a change: what was lost is revoked by its id, what is narrower or says something else of
 * the person is replaced before the old one is revoked, so that open flows whose right stands go on.
 */
import type { Id, OrganisationId, NetworkId } from '../../protocol/ids.ts';
import type { Revocation } from '../../protocol/lease.ts';
import { appendAudit, type AuditEntry } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { storeRevocations } from '../decisions/revocations.ts';
import { subjectsOf, type Subject } from '../decisions/seat.ts';
import { touches, type Touched } from '../decisions/touched.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import type { WebSessionsTable } from '../store/tables/web-door.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { claimsIn, mintWebSession } from './web-sessions.ts';
import { decideAtHost, rightAtHost, sameDoor, visitorOf } from './web-right.ts';

/** Whose: everyone's, of some people, or of those whom a change of the document touches. */
export type WebFilter = 'all' | { readonly subjects: readonly string[] } | Touched;

/** So many are decided before what they lost is stored and told. */
const perStep = 200;

/** Decides anew and tells every connector; `cause` is a code for logs and for the person. */
export async function webSessionsAnew(
  context: ControllerContext,
  organisation: OrganisationId,
  filter: WebFilter,
  cause: string,
): Promise<void> {
  const { store } = context.organisation(organisation);
  const chosen = await candidates(store, filter, context.now());
  for (let at = 0; at < chosen.length; at += perStep) {
    await step(context, organisation, filter, chosen.slice(at, at + perStep), cause);
  }
}

/** Forgets the web sessions of sessions that are over: the revocation of the session is theirs as well. */
export async function forgetWebSessionsOf(tx: ScopedStore, sessions: readonly Id<'ses'>[]): Promise<void> {
  await tx.delete('web_sessions').where('session', 'in', sessions).execute();
  await tx.delete('web_codes').where('session', 'in', sessions).execute();
}

async function candidates(store: ScopedStore, filter: WebFilter, nowMs: number): Promise<Id<'tok'>[]> {
  const query = store.select('web_sessions').select('id').where('expires_ms', '>', nowMs);
  const rows = await (
    typeof filter === 'object' && 'subjects' in filter
      ? query.where('subject', 'in', filter.subjects as Id<'usr'>[])
      : query
  ).execute();
  return rows.map(({ id }) => id);
}

/** What one web session comes to. */
type Outcome =
  | { readonly kind: 'lost'; readonly row: WebSessionsTable; readonly reasons: readonly string[] }
  | { readonly kind: 'replaced'; readonly row: WebSessionsTable; readonly token: string };

async function step(
  context: ControllerContext,
  organisation: OrganisationId,
  filter: WebFilter,
  ids: readonly Id<'tok'>[],
  cause: string,
): Promise<void> {
  const { store, reader } = context.organisation(organisation);
  const told = await store.transaction(async (tx) => {
    const nowMs = context.now();
    const state = await reader.current(tx);
    const rows = await tx.select('web_sessions').selectAll().where('id', 'in', ids).execute();
    const subjects = await subjectsOf(
      tx,
      state,
      rows.map(({ subject }) => subject),
    );
    const sessions = await inChunks([...new Set(rows.map(({ session }) => session))], (some) =>
      tx.select('sessions').selectAll().where('id', 'in', some).execute(),
    );
    const byId = new Map(sessions.map((session) => [session.id, session]));
    const outcomes: Outcome[] = [];
    for (const row of rows) {
      const subject = subjects.get(row.subject);
      if (
        subject !== undefined &&
        typeof filter === 'object' &&
        'who' in filter &&
        !touches(filter, subject)
      ) {
        if (!isAbout(filter, state, row)) continue;
      }
      const outcome = await reconsider(context, organisation, tx, state, row, subject, byId.get(row.session));
      if (outcome !== undefined) outcomes.push(outcome);
    }
    const over = outcomes.map(({ row }) => row.id);
    if (over.length > 0) await tx.delete('web_sessions').where('id', 'in', over).execute();
    await appendAudit(
      tx,
      outcomes.flatMap((outcome) => lostEntry(state, outcome, nowMs, cause)),
    );
    return { outcomes, revocations: await storeRevocations(tx, over, cause, nowMs) };
  });
  tell(context, organisation, told);
}

/** Replacements first: whoever holds both is covered throughout. */
function tell(
  { bus }: ControllerContext,
  organisation: OrganisationId,
  { outcomes, revocations }: { outcomes: readonly Outcome[]; revocations: readonly Revocation[] },
): void {
  const byNetwork = new Map<NetworkId, string[]>();
  for (const outcome of outcomes) {
    if (outcome.kind !== 'replaced') continue;
    const list = byNetwork.get(outcome.row.network);
    if (list === undefined) byNetwork.set(outcome.row.network, [outcome.token]);
    else list.push(outcome.token);
  }
  for (const [network, list] of byNetwork) bus.publish(organisation, { kind: 'web', network, list });
  for (const revocation of revocations) bus.publish(organisation, { kind: 'revoked', revocation });
}

/** Whether the resource itself is among those that changed: then it may lead elsewhere, whoever is touched. */
function isAbout(filter: Touched, { resources }: OrganisationState, row: WebSessionsTable): boolean {
  if (filter.resources === 'all') return true;
  const resource = resources.find(({ id }) => id === row.resource);
  return resource === undefined || filter.resources.has(resource.definition.name);
}

async function reconsider(
  context: ControllerContext,
  organisation: OrganisationId,
  tx: ScopedStore,
  state: OrganisationState,
  row: WebSessionsTable,
  subject: Subject | undefined,
  session: SessionsTable | undefined,
): Promise<Outcome | undefined> {
  if (subject === undefined || session === undefined)
    return { kind: 'lost', row, reasons: ['session-ended'] };
  const nowMs = context.now();
  const addresses = JSON.parse(row.addresses) as string[];
  const visitor = visitorOf(subject, session, addresses);
  const right = rightAtHost(state, visitor, session, row.host, nowMs);
  if (right === undefined || !sameDoor(right.terms, row.terms)) {
    const decided = right === undefined ? decideAtHost(state, visitor, row.host, nowMs) : undefined;
    return { kind: 'lost', row, reasons: decided?.reasons.map(({ name }) => name) ?? [] };
  }
  // A second is for rounding, as with grants.
  if (right.terms === row.terms && row.until_ms <= right.untilMs + 1_000) return undefined;
  const { ch, src } = claimsIn(row);
  const claims = { host: row.host, ch, addresses, ...(src === undefined ? {} : { src }) };
  const { token } = await mintWebSession(context, organisation, tx, session, right, claims);
  return { kind: 'replaced', row, token };
}

function lostEntry(
  { resources }: OrganisationState,
  outcome: Outcome,
  nowMs: number,
  cause: string,
): AuditEntry[] {
  if (outcome.kind !== 'lost') return [];
  const { row, reasons } = outcome;
  return [
    {
      atMs: nowMs,
      who: row.subject,
      what: 'access.end',
      resource: resources.find(({ id }) => id === row.resource)?.definition.name ?? row.resource,
      result: 'refused',
      reasons,
      cause,
      detail: { door: 'web', host: row.host, web: row.id, session: row.session },
    },
  ];
}
