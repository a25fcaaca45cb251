/** Explains what is known of a resource, and nothing about what is hidden. */
import { hiddenText, readableReason, reasonTexts, type Reason } from '../protocol/reasons.ts';
import { matchesPattern, parseName } from '../protocol/names.ts';
import { unknownTexts } from './dns/answer.ts';
import type { ReachedPort, ReachedTargets } from './flows/reached-targets.ts';
import { findResource, webDoorOf, type Knowledge, type VisibleResource } from './standing.ts';
import { resourcesSchema, whySchema, type ResourceList, type WhyAnswer } from './status.ts';
import { thisSystem } from './this-system.ts';

/** Why `text` (the name of a resource, or a name that leads to one) is granted or refused. */
export function explain(text: string, knowledge: Knowledge): WhyAnswer {
  const base = { schema: whySchema, resource: text, reasons: [] } as const;
  if (knowledge.contact !== 'known') {
    const why = knowledge.contact === 'none' ? 'no-contact' : 'session-ended';
    return { ...base, decision: 'unknown', text: unknownTexts[why] };
  }
  const resource = findResource(text, knowledge);
  if (resource === undefined) return { ...base, decision: 'hidden', text: hiddenText };
  const mendable = resource.reasons.some(isMendedBySignIn);
  return {
    ...base,
    ...(mendable ? { sign_in_for: resource.name } : {}),
    decision: resource.granted ? 'granted' : 'refused',
    reasons: resource.reasons.map((reason) => readableReason(reason, thisSystem)),
    ...doorText(text, resource, knowledge),
  };
}

/** Of a public hostname: by which door a browser on this machine comes to it. */
function doorText(text: string, { web }: VisibleResource, knowledge: Knowledge): Pick<WhyAnswer, 'text'> {
  const name = parseName(text);
  if (name === undefined || web?.hostnames.some((host) => matchesPattern(host, name)) !== true) return {};
  const door = webDoorOf(name, knowledge);
  if (door === undefined)
    return { text: 'A browser opens it by the web door, which asks for a sign-in and decides anew.' };
  const through = 'A browser on this computer opens it through Postern, without a sign-in page';
  return {
    text: door.wildcard === undefined ? `${through}.` : `${through}, unless public DNS leads it elsewhere.`,
  };
}

/** Whether a fresher or stronger sign-in takes this away. */
function isMendedBySignIn({ name }: Reason): boolean {
  return !reasonTexts[name].met && (name === 'session-too-old' || name.startsWith('mfa-'));
}

/** Everything this device may use or know of, by name, and what it found behind it when it last tried. */
export function listResources(knowledge: Knowledge, reached?: ReachedTargets): ResourceList {
  return {
    schema: resourcesSchema,
    resources: knowledge.resources
      .map(({ id, name, hosts, web, ports, granted, reasons, until }) => ({
        name,
        hosts,
        urls: (web?.hostnames ?? []).map(
          (host) => `https://${host}${web?.port === 443 ? '' : `:${web?.port}`}`,
        ),
        ports,
        state: granted ? ('granted' as const) : ('refused' as const),
        reasons: reasons
          .filter((reason) => !reasonTexts[reason.name].met)
          .map((reason) => reasonTexts[reason.name].text),
        ...(until === undefined ? {} : { until: new Date(until * 1_000).toISOString() }),
        ...reachedPorts(granted ? (reached?.of(id) ?? []) : []),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function reachedPorts(found: readonly ReachedPort[]): Pick<ResourceList['resources'][number], 'reached'> {
  if (found.length === 0) return {};
  return {
    reached: found.map(({ port, code, atMs }) => ({
      port,
      answers: code === undefined,
      ...(code === undefined ? {} : { code }),
      at: new Date(atMs).toISOString(),
    })),
  };
}
