/**
 * What the controller wants to know of a device, as its snapshot says: the checks that a profile of the organisation asks
 * of its system, and the resources that need each. What no profile asks for is not collected.
 */
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import type { PostureFacts, PostureWanted } from '../../protocol/posture-facts.ts';
import { maxAsked, postureChecks, type PostureCheck } from '../../protocol/posture.ts';
import type { System } from '../../protocol/reasons.ts';
import { compileChecks } from '../../policy/conditions/posture-checks.ts';
import type { Entitlement } from '../decisions/entitlements.ts';
import type { OrganisationState, StoredDocument } from '../organisation/organisation-state.ts';

/** So many resources are named for each check; the rest are counted. */
const maxNamed = 20;
const systems: readonly System[] = ['linux', 'macos', 'windows'];

/** What profiles of a document ask of one system. */
interface Asked {
  readonly checks: ReadonlySet<PostureCheck>;
  readonly processes: readonly string[];
  readonly files: readonly string[];
  readonly byPolicy: ReadonlyMap<string, ReadonlySet<PostureCheck>>;
}

/**
 * @param os the device's system; undefined before its first report, and then what any system is asked for is
 * @param list what the device may use; only resources that the person may know of are named
 */
export function postureWanted(
  { document }: Pick<OrganisationState, 'document'>,
  os: PostureFacts['os'] | undefined,
  list: readonly Entitlement[],
): PostureWanted {
  const asked = askedOf(document, os);
  const needed = new Map<PostureCheck, { resources: string[]; count: number }>();
  for (const { resource, known, judged } of list) {
    if (!known || asked.byPolicy.size === 0) continue;
    const checks = new Set(judged.flatMap(({ policy }) => [...(asked.byPolicy.get(policy ?? '') ?? [])]));
    for (const check of checks) {
      const entry = needed.get(check) ?? { resources: [], count: 0 };
      entry.count += 1;
      if (entry.resources.length < maxNamed) entry.resources.push(resource.definition.name);
      needed.set(check, entry);
    }
  }
  return {
    checks: postureChecks
      .filter((check) => asked.checks.has(check))
      .map((check) => ({ check, ...(needed.get(check) ?? { resources: [], count: 0 }) })),
    processes: [...asked.processes],
    files: [...asked.files],
  };
}

const perDocument = new WeakMap<StoredDocument, Map<string, Asked>>();

function askedOf(document: StoredDocument, os: System | undefined): Asked {
  const bySystem = perDocument.get(document) ?? new Map<string, Asked>();
  perDocument.set(document, bySystem);
  const asked = bySystem.get(os ?? '') ?? readAsked(document, os === undefined ? systems : [os]);
  bySystem.set(os ?? '', asked);
  return asked;
}

function readAsked(
  { postureProfiles = [], postureSources = [], policies = [] }: StoredDocument,
  of: readonly System[],
): Asked {
  const wanted = postureProfiles.flatMap((profile) => of.flatMap((system) => profile[system] ?? []));
  const checks = new Set(wanted.flatMap((each) => compileChecks(each).map(({ check }) => check)));
  // Sources of verdicts name devices by their serial number.
  if (postureSources.length > 0) checks.add('serial');
  const checksOf = (profile: PostureProfileDocument): PostureCheck[] =>
    of.flatMap((system) => {
      const each = profile[system];
      return each === undefined ? [] : compileChecks(each).map(({ check }) => check);
    });
  const byPolicy = policies.map(({ name, when }) => {
    const profiles = postureProfiles.filter((profile) => when?.posture?.includes(profile.name) === true);
    return [name, new Set(profiles.flatMap(checksOf))] as const;
  });
  return {
    checks,
    processes: [...new Set(wanted.flatMap(({ processes = [] }) => processes))].slice(0, maxAsked),
    files: [...new Set(wanted.flatMap(({ files = [] }) => files))].slice(0, maxAsked),
    byPolicy: new Map(byPolicy.filter(([, set]) => set.size > 0)),
  };
}
