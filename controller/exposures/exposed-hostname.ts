/**
 * The hostname that something is exposed at: right below the organisation's suffix, beginning with what is its person's for
 * good, and nobody's that has it already.
 */
import type { NewExposure } from '../../protocol/exposures.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext } from '../context.ts';
import { relayHosts } from '../decisions/servers.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { ownedNames } from '../organisation/owned-names.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { resourceAtHost } from '../web/connector-web.ts';
import type { Exposing } from './exposing.ts';
import { invalid } from './invalid.ts';
import { labelOf } from './labels.ts';

/** Inside the transaction that takes it. Throws a `ProblemError` whose sentence is for the person. */
export async function exposedHostname(
  tx: ScopedStore,
  context: Pick<ControllerContext, 'publicUrl' | 'organisations'>,
  { state, person, subject }: Exposing,
  { wanted, others }: { readonly wanted: NewExposure; readonly others: readonly OrganisationState[] },
): Promise<Name> {
  const suffix = await suffixOf(tx, state);
  const label = await labelOf(tx, person, subject);
  const hostname = `${label}-${wanted.name ?? wanted.port}.${suffix}` as Name;
  refuseTaken(state, hostname, [
    context.publicUrl.hostname,
    ...context.organisations.hosts,
    ...(await relayHosts(tx)),
  ]);
  // Relays know names of whatever organisation.
  if (others.some((other) => resourceAtHost(other, hostname) !== undefined)) throw inUse(hostname);
  return hostname;
}

/** Where an organisation has to prove its names, the suffix counts once it is proven. */
async function suffixOf(tx: ScopedStore, state: OrganisationState): Promise<Name> {
  const suffix = parseName(state.document.expose?.suffix ?? '');
  if (suffix === undefined)
    throw new ProblemError('not-allowed', 'Nothing may be exposed here: postern.yaml has no expose section.');
  if (state.namesSerial !== undefined && !(await ownedNames(tx)).has(suffix))
    throw new ProblemError(
      'not-allowed',
      `Nothing may be exposed below ${suffix} before it is proven; administrators see the record: postern hostname proofs.`,
    );
  return suffix;
}

function refuseTaken(state: OrganisationState, hostname: Name, reserved: readonly string[]): void {
  const text = parseName(hostname);
  if (text === undefined) throw invalid('name', `"${hostname}" is too long; give a shorter --name`);
  if (reserved.some((host) => parseName(host) === hostname))
    throw new ProblemError('conflict', `${hostname} is the name of the controller or of a relay.`);
  const taken = resourceAtHost(state, hostname);
  const isInside = state.resources.some(({ definition }) =>
    resourceHosts(definition).some((host) => (host as string) === hostname),
  );
  if (taken !== undefined || isInside) throw inUse(hostname);
}

function inUse(hostname: Name): ProblemError {
  return new ProblemError('conflict', `${hostname} is in use already; choose another name: --name`);
}
