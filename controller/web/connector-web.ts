/** The web door of a resource as its connectors are told of it, worked out once per document. */
import type { ResourceDocument } from '../../protocol/organisation-document.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import { parseDuration } from '../../protocol/durations.ts';
import { isWildcard, mostSpecific, type Name, type Pattern } from '../../protocol/names.ts';
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { originTexts, parseOrigin, webHostnames } from '../organisation/resource-web.ts';

const healthEveryS = 10;

/** Undefined where the resource has no web door. */
export function connectorWeb(
  { document, resources }: OrganisationState,
  { id, network, definition }: Resource,
): ConnectorWeb | undefined {
  const { web } = definition;
  if (web === undefined) return undefined;
  const { health } = web;
  const hostnames = webHostnames(definition);
  const elsewhere = resources
    .filter((other) => other.network.id !== network.id)
    .flatMap((other) => webHostnames(other.definition))
    .filter((pattern) => hostnames.some((own) => isBelow(pattern, own)));
  return {
    hostnames,
    ...(elsewhere.length === 0 ? {} : { elsewhere }),
    origins: originTexts(web).flatMap((text) => parseOrigin(text) ?? []),
    ...(web.originCa === undefined ? {} : { originCa: web.originCa }),
    ...(web.originName === undefined ? {} : { originName: web.originName }),
    ...(web.originInsecure === undefined ? {} : { originInsecure: true as const }),
    ...(web.answerWithin === undefined ? {} : { answerWithin: secondsOf(web.answerWithin) }),
    ...(health === undefined
      ? {}
      : {
          health: {
            path: health.path,
            every: health.every === undefined ? healthEveryS : secondsOf(health.every),
          },
        }),
    host: web.host ?? 'hostname',
    headers: web.headers ?? {},
    audience: web.audience ?? id,
    rules: (web.rules ?? []).map(({ paths, methods, effect, groups, signIn }) => ({
      paths,
      effect,
      ...(methods === undefined ? {} : { methods }),
      ...(groups === undefined ? {} : { groups }),
      ...(signIn === undefined ? {} : { signIn: secondsOf(signIn) }),
    })),
    allowOrigins: web.allowOrigins ?? [],
    ...(web.serviceWorkers === undefined ? {} : { serviceWorkers: true as const }),
    bySource: (document.policies ?? []).some((policy) => hangsOnSource(policy, definition)),
    ...(web.maintenance === undefined ? {} : { maintenance: web.maintenance }),
    ...(web.certificate === undefined ? {} : { certificate: web.certificate }),
  };
}

/** The resource whose web door answers for a public hostname; undefined when none does. */
export function resourceAtHost({ resources }: OrganisationState, host: Name): Resource | undefined {
  return mostSpecific(
    resources.map((resource) => ({ resource, hosts: webHostnames(resource.definition) })),
    host,
  )?.resource;
}

/** Whether the wildcard `own` would mean what `pattern` means more exactly. */
function isBelow(pattern: Pattern, own: Pattern): boolean {
  return isWildcard(own) && pattern !== own && pattern.endsWith(own.slice(1));
}

function hangsOnSource(policy: PolicyDocument, { name, tags = [] }: ResourceDocument): boolean {
  const { to = {}, doors, when } = policy;
  if (when?.source === undefined && when?.country === undefined) return false;
  if (doors?.includes('web') === false) return false;
  if (to === 'everything') return true;
  return to.resources?.includes(name) === true || tags.some((tag) => to.tags?.includes(tag) === true);
}

function secondsOf(text: string): number {
  return Math.ceil((parseDuration(text) ?? 0) / 1_000);
}
