/**
 * Decides the answer to a question, as a pure function of what is known. A name below a zone is
 * always answered here and never goes to another resolver, in any state; and never with SERVFAIL or REFUSED, because
 * glibc then asks the next name server, which would leak the name.
 */
import { keptRecords, serviceOwner, type RecordType } from '../../protocol/dns-records.ts';
import { matchesPattern, parseName, type Name } from '../../protocol/names.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import { unmetTexts, type Standing, type Unknown, type VisibleResource } from '../standing.ts';
import type { Existence, RecordsWord } from './connector-word.ts';
import { opcodeOf, type Query } from './query.ts';
import { aRecord, dataRecords, ptrRecord, rcodes, type Reply } from './reply.ts';

/** What an answer depends on. */
export interface AnswerView {
  readonly zones: readonly Name[];
  standing(name: Name): Standing;
  /** What a connector said about a name below a wildcard; undefined: it has not been asked lately. */
  existence(name: Name): Existence | undefined;
  /** The same about the records of a name. */
  records(name: Name, type: RecordType): RecordsWord | undefined;
  /** The synthetic address of a granted name; undefined when none is free. */
  addressOf(name: Name, wildcard: string | undefined): string | undefined;
  /** Whether the address is in the synthetic range. */
  isSynthetic(address: string): boolean;
  /** The name that has this synthetic address now. */
  nameOf(address: string): Name | undefined;
}

/** `ask`: a connector must first say whether the name exists, or which records it has; then `answer` is called again. */
export type Outcome =
  | { readonly do: 'forward' }
  | { readonly do: 'reply'; readonly reply: Reply }
  | {
      readonly do: 'ask';
      readonly name: Name;
      readonly resource: VisibleResource;
      readonly records: RecordType | undefined;
    };

/** Extended errors (RFC 8914): Blocked, Prohibited, No Reachable Authority. */
const extendedErrors = { hidden: 15, refused: 18, unknown: 22 } as const;

export const unknownTexts: Record<Unknown, string> = {
  'no-contact': 'Postern has no contact with its controller yet.',
  'session-ended': 'The session has ended. Sign in again: postern login',
  'no-connector': 'No connector of that network is attached.',
};

const types = { a: 1, ptr: 12, any: 255 } as const;
/** Those that a resource may list, by their numbers. */
const listable: Readonly<Record<number, RecordType>> = { 15: 'MX', 16: 'TXT', 33: 'SRV' };
/** Browsers that find this name missing leave name resolution to the system. */
const dohCanary = 'use-application-dns.net';

/** The answer to one query. */
export function answer(query: Query, view: AnswerView): Outcome {
  const text = query.labels.join('.');
  const name = query.labels.some((label) => label.includes('.')) ? undefined : parseName(text);
  const zone = zoneOf(query.labels, view.zones);
  if (zone !== undefined && (query.edns?.version ?? 0) > 0) return replyWith({ rcode: rcodes.badVersion });
  if (opcodeOf(query.flags) !== 0)
    return zone === undefined ? { do: 'forward' } : replyWith({ rcode: rcodes.notImp });
  if (text === dohCanary) return replyWith({ rcode: rcodes.nxDomain, zone: dohCanary });
  const reverse = reverseAddress(query.labels);
  if (reverse !== undefined && view.isSynthetic(reverse)) return answerReverse(query, reverse, view);
  // A name with octets that no host name has is nobody's; below a zone it is as hidden as any other.
  if (name === undefined) return zone === undefined ? { do: 'forward' } : hidden(zone);
  return answerStanding(query, name, zone, view);
}

function answerStanding(query: Query, name: Name, zone: Name | undefined, view: AnswerView): Outcome {
  const standing = view.standing(name);
  const authority = zone ?? name;
  const records = answerRecords(query, name, authority, standing, view);
  if (records !== undefined) return records;
  switch (standing.is) {
    case 'foreign':
      return { do: 'forward' };
    case 'refused':
      return nxDomain(authority, extendedErrors.refused, unmetTexts(standing.resource.reasons).join(' '));
    case 'unknown':
      return nxDomain(authority, extendedErrors.unknown, unknownTexts[standing.why]);
    case 'granted':
      return answerGranted(query, name, zone, standing, view);
    default:
      return hidden(authority);
  }
}

/**
 * The answer to a question for records that the resource lists; undefined for any other. Services are asked for below the name
 * that they are of, and are not names of a resource themselves.
 */
function answerRecords(
  query: Query,
  name: Name,
  zone: string,
  standing: Standing,
  view: AnswerView,
): Outcome | undefined {
  const type = listable[query.type];
  if (type === undefined) return undefined;
  const owner = serviceOwner(name);
  const isService = standing.is === 'hidden' && owner !== name;
  const of = isService ? view.standing(owner) : standing;
  if (of.is !== 'granted' || !of.resource.dns.includes(type)) return undefined;
  const { resource } = of;
  // A public hostname leads to the connector itself, which has no records to tell.
  if (!resource.hosts.some((host) => matchesPattern(host, isService ? owner : name))) return undefined;
  const word = view.records(name, type);
  if (word === undefined) return { do: 'ask', name, resource, records: type };
  const isListed = !isService && of.wildcard === undefined;
  if (word === 'unknown') {
    const error = { code: extendedErrors.unknown, text: unknownTexts['no-connector'] };
    // A name that has an address exists all the same.
    return isListed
      ? replyWith({ rcode: rcodes.noError, zone, error })
      : nxDomain(zone, error.code, error.text);
  }
  if (word === 'no') return isListed ? replyWith({ rcode: rcodes.noError, zone }) : hidden(zone);
  const answers = dataRecords(
    query.labels.join('.'),
    keptRecords(word, (target) => isGranted(target, view)),
  );
  return replyWith({ rcode: rcodes.noError, answers, ...(answers.length === 0 ? { zone } : {}) });
}

/** Any other name would be asked elsewhere next, or says what nobody here may know. */
function isGranted(target: string, view: AnswerView): boolean {
  const name = parseName(target);
  return name !== undefined && view.standing(name).is === 'granted';
}

function answerGranted(
  query: Query,
  name: Name,
  within: Name | undefined,
  standing: Standing & { is: 'granted' },
  view: AnswerView,
): Outcome {
  const zone = within ?? name;
  if (standing.wildcard !== undefined) {
    const existence = view.existence(name);
    if (existence === undefined) return { do: 'ask', name, resource: standing.resource, records: undefined };
    // Outside the zones it is a public hostname, which keeps the browser's own door.
    if (existence !== 'yes' && within === undefined) return { do: 'forward' };
    if (existence === 'no') return hidden(zone);
    if (existence === 'unknown') return nxDomain(zone, extendedErrors.unknown, unknownTexts['no-connector']);
  }
  // The name exists and has an IPv4 address only: every other type is NOERROR and empty.
  if (query.type !== types.a && query.type !== types.any) return replyWith({ rcode: rcodes.noError, zone });
  const address = view.addressOf(name, standing.wildcard);
  if (address === undefined)
    return nxDomain(zone, extendedErrors.unknown, 'All synthetic addresses are in use.');
  return replyWith({ rcode: rcodes.noError, answers: [aRecord(name, address)] });
}

function answerReverse(query: Query, address: string, view: AnswerView): Outcome {
  const owner = query.labels.join('.');
  const name = view.nameOf(address);
  if (name === undefined || view.standing(name).is !== 'granted') return hidden(owner);
  if (query.type !== types.ptr && query.type !== types.any)
    return replyWith({ rcode: rcodes.noError, zone: owner });
  return replyWith({ rcode: rcodes.noError, answers: [ptrRecord(owner, name)] });
}

function hidden(zone: string): Outcome {
  return nxDomain(zone, extendedErrors.hidden, hiddenText);
}

function nxDomain(zone: string, code: number, text: string): Outcome {
  return replyWith({ rcode: rcodes.nxDomain, zone, error: { code, text } });
}

function replyWith(reply: Partial<Reply> & { rcode: number }): Outcome {
  return { do: 'reply', reply: { answers: [], zone: undefined, error: undefined, ...reply } };
}

/** The longest zone at or above the name, compared label by label on the raw octets. */
export function zoneOf(labels: readonly string[], zones: readonly Name[]): Name | undefined {
  let best: Name | undefined;
  for (const zone of zones) {
    const suffix = zone.split('.');
    const tail = labels.slice(-suffix.length);
    const within = tail.length === suffix.length && tail.every((label, index) => label === suffix[index]);
    if (within && zone.length > (best?.length ?? 0)) best = zone;
  }
  return best;
}

/** The IPv4 address that a name below in-addr.arpa stands for (RFC 1035 section 3.5). */
function reverseAddress(labels: readonly string[]): string | undefined {
  if (labels.length !== 6 || labels[4] !== 'in-addr' || labels[5] !== 'arpa') return undefined;
  const octets = labels.slice(0, 4).toReversed();
  return octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)
    ? octets.join('.')
    : undefined;
}
