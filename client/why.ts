/** Explains what is known of a resource, and nothing about what is hidden. */
import { hiddenText, reasonTexts, type ReasonName } from '../protocol/reasons.ts';
import { unknownTexts } from './dns/answer.ts';
import { findResource, type Knowledge } from './standing.ts';
import { resourcesSchema, whySchema, type ResourceList, type WhyAnswer } from './status.ts';

/** Why `text` (the name of a resource, or a name that leads to one) is granted or refused. */
export function explain(text: string, knowledge: Knowledge): WhyAnswer {
  const base = { schema: whySchema, resource: text, reasons: [] } as const;
  if (knowledge.contact !== 'known') {
    const why = knowledge.contact === 'none' ? 'no-contact' : 'session-ended';
    return { ...base, decision: 'unknown', text: unknownTexts[why] };
  }
  const resource = findResource(text, knowledge);
  if (resource === undefined) return { ...base, decision: 'hidden', text: hiddenText };
  const mendable = resource.reasons.some(({ name }) => signInMends.has(name));
  return {
    ...base,
    ...(mendable ? { sign_in_for: resource.name } : {}),
    decision: resource.granted ? 'granted' : 'refused',
    reasons: resource.reasons.map(({ name, policy }) => {
      const { met, text: sentence, fix } = reasonTexts[name];
      return {
        name,
        met,
        text: sentence,
        ...(fix === undefined || met ? {} : { fix }),
        ...(policy === undefined ? {} : { policy }),
      };
    }),
  };
}

/** Reasons that a fresher or stronger sign-in takes away. */
const signInMends = new Set<ReasonName>(['session-too-old', 'mfa-missing', 'mfa-too-old']);

/** Everything this device may use or know of, by name. */
export function listResources(knowledge: Knowledge): ResourceList {
  return {
    schema: resourcesSchema,
    resources: knowledge.resources
      .map(({ name, hosts, ports, granted, reasons, until }) => ({
        name,
        hosts,
        ports,
        state: granted ? ('granted' as const) : ('refused' as const),
        reasons: reasons
          .filter((reason) => !reasonTexts[reason.name].met)
          .map((reason) => reasonTexts[reason.name].text),
        ...(until === undefined ? {} : { until: new Date(until * 1_000).toISOString() }),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
