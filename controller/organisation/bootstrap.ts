/**
 * The first document from a file that lies beside the controller, with the owner whom it names: for machines that are set up
 * without anybody to click. Once there is a document the file says nothing any more.
 */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { failedTestIssues, runPolicyTests } from '../../policy/policy-tests.ts';
import { parseEmail } from '../../protocol/email-address.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DocumentIssue } from '../../protocol/problem.ts';
import { bootstrapFile, invite, type NewInvitation } from '../administrators/invitations.ts';
import type { ControllerContext } from '../context.ts';
import { relayHosts } from '../decisions/servers.ts';
import { applyDocument, StaleRevision } from './apply-document.ts';
import { checkDocument } from './document-issues.ts';

/** The owner signs in at one of the file's providers; which one need be said only where there are several. */
const isOwner = Compile(
  Type.Object(
    { email: Type.String(), provider: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
);
const ownerMs = 30 * 24 * 3_600_000;

/** `there-already`: a document is in force, and the file was left alone. */
export type Bootstrapped =
  | { readonly state: 'applied'; readonly owner: string | undefined }
  | { readonly state: 'there-already' }
  | { readonly state: 'wrong'; readonly issues: readonly DocumentIssue[] };

/** @param value the file as JSON, secrets resolved: a document, and `owner` */
export async function bootstrap(context: ControllerContext, value: unknown): Promise<Bootstrapped> {
  const { id, store, reader } = context.organisation(context.firstOrganisation);
  if ((await reader.current()).revision > 0) return { state: 'there-already' };
  const { owner, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const checked = checkDocument(rest, {
    controllerHost: context.publicUrl.hostname,
    reservedHosts: [...(await relayHosts(store)), ...context.organisations.hosts],
    organisationName: await store.name(),
    otherNames: context.organisations.all.flatMap((each) => (each.id === id ? [] : (each.name ?? []))),
  });
  if ('issues' in checked) return { state: 'wrong', issues: checked.issues };
  const { document } = checked;
  const nowMs = context.now();
  const failed = failedTestIssues(runPolicyTests(document, nowMs));
  if (failed.length > 0) return { state: 'wrong', issues: failed };
  const invitation = owner === undefined ? undefined : ownerOf(owner, document, nowMs + ownerMs);
  if (invitation !== undefined && 'message' in invitation)
    return { state: 'wrong', issues: [{ path: ['owner'], message: invitation.message }] };
  const { secretKey, random } = context;
  try {
    const applied = await applyDocument(store, document, {
      secretKey,
      random,
      nowMs,
      who: bootstrapFile,
      from: 0,
      permit: async (tx) => {
        if (invitation !== undefined) await invite(tx, invitation, { nowMs, random, who: bootstrapFile });
      },
    });
    await context.publish(id, { kind: 'document', applied });
    return { state: 'applied', owner: invitation?.email };
  } catch (error) {
    // Another controller of these records was first.
    if (error instanceof StaleRevision) return { state: 'there-already' };
    throw error;
  }
}

function ownerOf(
  given: unknown,
  { identityProviders = [] }: OrganisationDocument,
  expiresMs: number,
): NewInvitation | { readonly message: string } {
  const said = typeof given === 'string' ? { email: given } : given;
  if (!isOwner.Check(said))
    return { message: 'write owner: EMAIL, or owner: { email: EMAIL, provider: NAME }' };
  const email = parseEmail(said.email);
  if (email === undefined) return { message: `"${said.email}" is no e-mail address` };
  const named = identityProviders.filter(({ name }) => said.provider === undefined || name === said.provider);
  const [provider, another] = named;
  if (provider === undefined)
    return {
      message:
        said.provider === undefined
          ? 'the owner signs in at an identity provider, and the file has none; leave owner out and open the setup link'
          : `the file has no identity provider "${said.provider}"`,
    };
  if (another !== undefined)
    return {
      message: 'the file has several identity providers; say which is theirs: owner: { email, provider }',
    };
  return { email, role: 'owner', expiresMs, atSignIn: { issuer: provider.issuer } };
}
