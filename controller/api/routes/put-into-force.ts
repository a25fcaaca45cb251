/** The one way into force, for apply and rollback: checked whole, tested, applied, published. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApplyResult } from '../../../protocol/document-revisions.ts';
import type { Proposed } from '../../../protocol/proposals.ts';
import type { OrganisationDocument } from '../../../protocol/organisation-document.ts';
import { failedTestIssues, runPolicyTests } from '../../../policy/policy-tests.ts';
import type { ControllerContext } from '../../context.ts';
import { applyDocument, StaleRevision } from '../../organisation/apply-document.ts';
import { checkDocument } from '../../organisation/document-issues.ts';
import { relayHosts } from '../../decisions/servers.ts';
import { documentParts } from '../../organisation/document-parts.ts';
import { NeedsApproval, propose } from '../../organisation/proposals.ts';
import type { ScopedStore } from '../../store/scoped-store.ts';
import { withKeptSecrets } from '../../organisation/kept-secrets.ts';
import { organisationOf, requireAction, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';

/** Who may send a document at all; what it may change is looked at entry by entry. */
export const documentWriting = [
  'document.write-network',
  'document.write-access',
  'document.write-sign-in',
] as const;

export interface IntoForce {
  readonly from: number | undefined;
  /** The revision that comes back. */
  readonly rollback?: number;
  /** Somebody else's change that the caller approves. */
  readonly approval?: {
    /** Whose it is. */
    readonly of: string;
    /** Inside the transaction. Rejects when it is open no more. */
    readonly give: (tx: ScopedStore) => Promise<void>;
  };
}

/** `secrets=keep`: those in force stay where the document leaves them out, for whoever was never shown them. */
export const SecretsQuery = Type.Object({ secrets: Type.Optional(Type.Literal('keep')) });

/** What was sent, with the secrets that the request asks to keep. */
export async function sentDocument(
  context: ControllerContext,
  request: FastifyRequest<{ Querystring: { secrets?: 'keep' }; Body: unknown }>,
): Promise<unknown> {
  if (request.query.secrets === undefined) return request.body;
  const { store, reader } = context.organisation(organisationOf(request));
  const { document } = await reader.current();
  return withKeptSecrets(store, context.secretKey, document, request.body);
}

/** The document in `value`. Throws `invalid-document` with everything that is wrong with it; its tests are not run. */
export async function checkedDocument(
  context: ControllerContext,
  request: FastifyRequest,
  value: unknown,
): Promise<OrganisationDocument> {
  const { organisations } = context;
  const { id, store } = context.organisation(organisationOf(request));
  const checked = checkDocument(value, {
    controllerHost: context.publicUrl.hostname,
    reservedHosts: [...(await relayHosts(store)), ...organisations.hosts],
    organisationName: await store.name(),
    otherNames: organisations.all.flatMap((each) => (each.id === id ? [] : (each.name ?? []))),
  });
  if ('issues' in checked) throw new ProblemError('invalid-document', undefined, checked.issues);
  return checked.document;
}

/**
 * Applies the document; or, where the one in force asks for a second administrator and `approval` is not given, keeps it as
 * a proposal. Throws `not-allowed` when it changes what the caller’s role does not cover, `invalid-document` when it is wrong
 * or one of its tests fails, `conflict` when `from` is not in force.
 */
export async function putIntoForce(
  context: ControllerContext,
  request: FastifyRequest,
  value: unknown,
  { from, rollback, approval }: IntoForce,
): Promise<ApplyResult | Proposed> {
  const organisation = context.organisation(organisationOf(request));
  const document = await checkedDocument(context, request, value);
  const { secretKey, random } = context;
  const nowMs = context.now();
  const failed = failedTestIssues(runPolicyTests(document, nowMs));
  if (failed.length > 0) throw new ProblemError('invalid-document', undefined, failed);
  const applied = await applyDocument(organisation.store, document, {
    secretKey,
    random,
    nowMs,
    who: approval?.of ?? whoOf(request),
    permit: async (tx, changes, before) => {
      for (const part of documentParts(changes)) requireAction(request, part.action, part.sentence);
      if (approval !== undefined) await approval.give(tx);
      else if (before.document.changes?.approval === 'required')
        throw new NeedsApproval(changes, before.revision);
    },
    ...(from === undefined ? {} : { from }),
    ...(rollback === undefined ? {} : { rollback }),
  }).catch((error: unknown) => {
    if (error instanceof NeedsApproval) return error;
    if (!(error instanceof StaleRevision)) throw error;
    throw new ProblemError(
      'conflict',
      `Revision ${error.inForce} is in force, not ${from}: somebody else changed the document. ` +
        'Look at it (postern policy history), bring your change up to date and try again. Nothing was changed.',
    );
  });
  if (applied instanceof NeedsApproval) {
    const { changes, revision } = applied;
    const who = whoOf(request);
    return { proposal: await propose(context, organisation.store, document, { changes, revision, who }) };
  }
  await context.publish(organisation.id, { kind: 'document', applied });
  return { changes: applied.changes, revision: applied.revision };
}

/** The revision in `If-Match` (RFC 9110, 13.1.1); undefined when any will do. Throws `invalid-request` on another text. */
export function ifMatch({ headers }: FastifyRequest): number | undefined {
  const text = headers['if-match'];
  if (text === undefined || text === '*') return undefined;
  const revision = /^(0|[1-9]\d{0,14})$/.exec(/^"(.*)"$/.exec(text)?.[1] ?? text)?.[1];
  if (revision === undefined)
    throw new ProblemError('invalid-request', 'If-Match is the number of a revision, such as "7".');
  return Number(revision);
}
