/**
 * Whom and what a change of the document can touch: the subjects and resources whose decisions may differ afterwards, so
 * that nobody else is decided anew. Names too many rather than too few; what it does not know touches everything.
 */
import type { ResourceDocument } from '../../protocol/organisation-document.ts';
import type { PolicyDocument, WhoDocument } from '../../protocol/policy-document.ts';
import { patternsFor } from '../../protocol/email-address.ts';
import type { OrganisationState, StoredDocument } from '../organisation/organisation-state.ts';
import type { Subject } from './seat.ts';

export interface Touched {
  readonly who: readonly WhoDocument[] | 'everyone';
  /** Names of resources, of before and after. */
  readonly resources: ReadonlySet<string> | 'all';
  /** Whether every device's picture is another, whatever it may use. */
  readonly pictures: boolean;
  /** Nobody loses anything by it, whatever else holds: it adds allows, and nothing else. */
  readonly onlyGives: boolean;
}

const everything: Touched = { who: 'everyone', resources: 'all', pictures: true, onlyGives: false };
/** Parts of a document on which no decision hangs; what they take along is removed by name. */
const without = new Set(['organisation', 'expose', 'identityProviders', 'networks', 'tests', 'webhooks']);
const effects = ['allow', 'deny', 'require'] as const;
const knownKeys = new Set(['people', 'groups', 'serviceAccounts', 'guests']);

type Half = Pick<OrganisationState, 'document' | 'zones'>;

/** What differs between two states of an organisation. */
export function touchedBy(before: Half, after: Half): Touched {
  const halves = [before.document, after.document] as const;
  const who: WhoDocument[] = [];
  const resources = new Set<string>();
  let allResources = false;
  const add = (target: PolicyDocument): void => {
    for (const effect of effects) if (target[effect] !== undefined) who.push(target[effect]);
    if (target.to === 'everything') allResources = true;
    for (const document of halves)
      for (const resource of document.resources ?? [])
        if (isAbout(target, resource)) resources.add(resource.name);
  };
  for (const key of new Set(halves.flatMap((document) => Object.keys(document)))) {
    if (same(valueOf(before, key), valueOf(after, key)) || without.has(key)) continue;
    switch (key) {
      case 'zones':
        break;
      case 'policies':
        for (const changed of different(halves, ({ policies }) => policies)) add(changed);
        break;
      case 'requests':
        for (const changed of different(halves, ({ requests }) => requests)) {
          who.push(changed.who);
          if (changed.to === 'everything') allResources = true;
          for (const document of halves)
            for (const resource of document.resources ?? [])
              if (isAbout(changed, resource)) resources.add(resource.name);
        }
        break;
      case 'postureProfiles': {
        const names = new Set(
          different(halves, ({ postureProfiles }) => postureProfiles).map(({ name }) => name),
        );
        const asks = ({ when }: PolicyDocument): boolean =>
          when?.posture?.some((name) => names.has(name)) === true;
        for (const { policies } of halves) for (const policy of policies ?? []) if (asks(policy)) add(policy);
        break;
      }
      case 'serviceAccounts':
        allResources = true;
        for (const { name } of different(halves, ({ serviceAccounts }) => serviceAccounts))
          who.push({ serviceAccounts: [name] });
        break;
      case 'resources':
        for (const changed of different(halves, ({ resources: list }) => list)) {
          resources.add(changed.name);
          // Everyone may know of it, before or after.
          if (changed.visibility === 'everyone') who.push('everyone');
          for (const { policies } of halves) {
            for (const policy of policies ?? []) {
              if (!isAbout(policy, changed)) continue;
              for (const effect of effects) if (policy[effect] !== undefined) who.push(policy[effect]);
            }
          }
        }
        break;
      default:
        return everything;
    }
  }
  return {
    who: who.some((each) => each === 'everyone' || Object.keys(each).some((key) => !knownKeys.has(key)))
      ? 'everyone'
      : who,
    resources: allResources ? 'all' : resources,
    pictures:
      !same(before.zones, after.zones) ||
      // Where connectors may be reached is part of what devices are told.
      !same(before.document.networks, after.document.networks) ||
      // Devices are asked for what profiles name, whether or not a policy uses them yet.
      !same(before.document.postureProfiles, after.document.postureProfiles),
    onlyGives: onlyAddsAllows(halves),
  };
}

/** No allow ever narrows what others let in; one that is changed may. */
function onlyAddsAllows([before, after]: readonly [StoredDocument, StoredDocument]): boolean {
  if (!same({ ...before, policies: [], tests: [] }, { ...after, policies: [], tests: [] })) return false;
  const names = new Set((before.policies ?? []).map(({ name }) => name));
  return different([before, after], ({ policies }) => policies).every(
    ({ name, allow }) => allow !== undefined && !names.has(name),
  );
}

/** Whom it touches that this resource comes or goes: whom `allow` names, and whom policies about it do. */
export function touchedByResource(
  { document }: Pick<OrganisationState, 'document'>,
  definition: ResourceDocument,
  allow: readonly WhoDocument[],
): Touched {
  const named = (document.policies ?? []).flatMap((policy) =>
    isAbout(policy, definition) ? effects.flatMap((effect) => policy[effect] ?? []) : [],
  );
  return {
    who: [...allow, ...named],
    resources: new Set([definition.name]),
    pictures: false,
    onlyGives: false,
  };
}

/** Whether a change may touch this subject. */
export function touches({ who }: Touched, { kind, name, email, groups }: Omit<Subject, 'id'>): boolean {
  if (who === 'everyone') return true;
  return who.some((each) => {
    if (each === 'everyone') return true;
    if (each.groups?.some((group) => groups.includes(group)) === true) return true;
    if (kind === 'service') return each.serviceAccounts?.includes(name) === true;
    if (email === undefined) return false;
    const [meant, list] =
      kind === 'person' ? [[email.toLowerCase()], each.people] : [patternsFor(email), each.guests];
    return list?.some((pattern) => meant.includes(pattern.toLowerCase())) === true;
  });
}

/** Entries of a list that are not the same on both sides, in each form they have. */
function different<T extends { readonly name: string }>(
  halves: readonly [StoredDocument, StoredDocument],
  list: (document: StoredDocument) => readonly T[] | undefined,
): T[] {
  const [before, after] = halves.map(
    (document) => new Map((list(document) ?? []).map((each) => [each.name, each])),
  );
  const names = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...names].flatMap((name) => {
    const [was, is] = [before?.get(name), after?.get(name)];
    if (same(was, is)) return [];
    return [was, is].flatMap((each) => each ?? []);
  });
}

function isAbout({ to = {} }: Pick<PolicyDocument, 'to'>, { name, tags = [] }: ResourceDocument): boolean {
  if (to === 'everything') return true;
  return to.resources?.includes(name) === true || tags.some((tag) => to.tags?.includes(tag) === true);
}

function valueOf({ document }: Half, key: string): unknown {
  return (document as Record<string, unknown>)[key];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
