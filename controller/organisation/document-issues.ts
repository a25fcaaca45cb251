/**
 * The whole-file check of `postern.yaml`: schema, names that refer to each other, addresses, policies.
 * Reports everything at once, each with its place; `apply` changes nothing while there is one.
 */
import type { DocumentIssue } from '../../protocol/problem.ts';
import { OrganisationDocument } from '../../protocol/organisation-document.ts';
import { policyIssues } from '../../policy/policies.ts';
import { policyTestIssues } from '../../policy/policy-tests.ts';
import { postureIssues } from '../posture/posture-issues.ts';
import { exposeIssues } from '../exposures/expose-issues.ts';
import { addressIssues } from './address-issues.ts';
import { providerIssues } from './provider-issues.ts';
import { referenceIssues } from './reference-issues.ts';
import { requestIssues } from './request-issues.ts';
import { schemaIssues } from './schema-issues.ts';
import { settingsIssues } from './settings-issues.ts';
import { webIssues } from './web-issues.ts';

export interface DocumentContext {
  /** The host of the controller's public URL, which no zone and no resource may take. */
  readonly controllerHost: string;
  /** Hosts of the relays and of sign-in addresses, which no public hostname may take; none unless given. */
  readonly reservedHosts?: readonly string[];
  /** The name the organisation has; undefined before the first document. */
  readonly organisationName: string | undefined;
  /** Names of others at this controller; none unless given. */
  readonly otherNames?: readonly string[];
}

export type CheckedDocument =
  { readonly document: OrganisationDocument } | { readonly issues: readonly DocumentIssue[] };

/** The document in `value`, or everything that is wrong with it, ordered by place. */
export function checkDocument(value: unknown, context: DocumentContext): CheckedDocument {
  const ofSchema = schemaIssues(OrganisationDocument, value);
  const sound = soundPart(value, ofSchema);
  const issues = [
    ...ofSchema,
    ...referenceIssues(sound),
    ...addressIssues(sound, context.controllerHost),
    ...providerIssues(sound),
    ...postureIssues(sound),
    ...settingsIssues(sound),
    ...webIssues(sound, [context.controllerHost, ...(context.reservedHosts ?? [])]),
    ...exposeIssues(sound),
    ...policyIssues(sound),
    ...requestIssues(sound),
    ...policyTestIssues(sound.tests ?? []),
  ];
  const { organisationName } = context;
  if (
    organisationName !== undefined &&
    sound.organisation !== '' &&
    sound.organisation !== organisationName
  ) {
    issues.push({
      path: ['organisation'],
      message: `this controller serves the organisation "${organisationName}"; the name cannot change`,
    });
  }
  if (organisationName === undefined && context.otherNames?.includes(sound.organisation) === true)
    issues.push({
      path: ['organisation'],
      message: `another organisation of this controller is called "${sound.organisation}"; choose another name`,
    });
  return issues.length === 0 ? { document: value as OrganisationDocument } : { issues };
}

/**
 * The document without the entries that break the schema, so that the other checks can still run over the rest. A
 * broken entry keeps its index and, where it has one, its name, as an entry that nothing is wrong with.
 */
function soundPart(value: unknown, issues: readonly DocumentIssue[]): OrganisationDocument {
  const sound: Record<string, unknown> = { organisation: '' };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return sound as OrganisationDocument;
  for (const [key, entry] of Object.entries(value)) {
    const below = issues.filter(({ path }) => path[0] === key);
    if (below.some(({ path }) => path.length === 1)) continue;
    if (below.length === 0 || !Array.isArray(entry)) {
      if (below.length === 0) sound[key] = entry;
      continue;
    }
    const broken = new Set(below.map(({ path }) => path[1]));
    sound[key] = entry.map((item: unknown, index) => (broken.has(index) ? standIn(key, item) : item));
  }
  return sound as OrganisationDocument;
}

/** An entry of the right shape that causes no further issue. */
function standIn(list: string, item: unknown): unknown {
  const given = (item as { name?: unknown } | null)?.name;
  const name = typeof given === 'string' ? given : '';
  switch (list) {
    case 'policies':
      return { name, [effectOf(item)]: 'everyone', to: 'everything' };
    case 'resources':
      return { name, network: '', address: '', ports: [], tags: tagsOf(item) };
    case 'identityProviders':
      return { name, issuer: '' };
    case 'tests':
      return { user: 'somebody@acme.example', can: [] };
    case 'groups':
    case 'serials':
    case 'zones':
      return '';
    case 'postureSources':
      return { name, webhook: { secret: '' } };
    case 'postureProfiles':
      return { name, linux: {} };
    case 'requests':
      return { name, who: 'everyone', to: 'everything', breakGlass: true };
    case 'webhooks':
      return { name, url: 'https://sound.invalid', secret: '' };
    default:
      return { name };
  }
}

/** What a policy does stays known to others that refer to it. */
function effectOf(item: unknown): string {
  const keys = Object.keys(item ?? {}).filter((key) => ['allow', 'require'].includes(key));
  return keys[0] ?? 'deny';
}

function tagsOf(item: unknown): string[] {
  const tags = (item as { tags?: unknown } | null)?.tags;
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
}
