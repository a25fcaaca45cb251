/**
 * A person exposes a port of a device of theirs: who may is decided, the hostname is found, and a key is made by which the
 * process on the device joins once, as the connector of a network of its own.
 */
import { parseDuration, formatDuration } from '../../protocol/durations.ts';
import type { ExposureBegun, NewExposure } from '../../protocol/exposures.ts';
import { newId, type ConnectorId, type DeviceId, type Id, type NetworkId } from '../../protocol/ids.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { reasonLine } from '../../protocol/reasons.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { seatOf } from '../decisions/seat.ts';
import { ownedNames } from '../organisation/owned-names.ts';
import { relayHosts } from '../decisions/servers.ts';
import { createEnrolmentKey } from '../enrolment/enrolment-keys.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { resourceAtHost } from '../web/connector-web.ts';
import { allowIssue } from './allow-issue.ts';
import { endExposures } from './end-exposures.ts';
import { exposureOf, networkRow, type Exposure } from './exposure.ts';
import { exposingRight } from './exposing-right.ts';
import { labelOf } from './labels.ts';
import { lookAgain } from './review-exposures.ts';
import { shown } from './shown.ts';

const shortestMs = 60_000;
const usualMs = 8 * 3_600_000;
const usualLongestMs = 24 * 3_600_000;
const mostOfOnePerson = 10;
/** The key goes to a process that waits for it. */
const keyLifeMs = 120_000;

type Outcome = { readonly exposure: Exposure } | { readonly refused: ProblemError };

/** Begins it. Throws a `ProblemError` whose sentence is for the person; a refusal by policy stands in the audit log. */
export async function beginExposure(
  context: ControllerContext,
  organisation: Organisation,
  device: DeviceId,
  wanted: NewExposure,
): Promise<ExposureBegun> {
  const { store, reader } = organisation;
  await endOwnDead(context, organisation, device, wanted);
  // Relays know names of whatever organisation.
  const others = await Promise.all(
    context.organisations.all
      .filter(({ id }) => id !== organisation.id)
      .map(({ id }) => context.organisation(id).reader.current()),
  );
  const outcome = await store.transaction(async (tx): Promise<Outcome> => {
    const nowMs = context.now();
    const state = await reader.current(tx);
    const seat = await seatOf(tx, state, device);
    if (seat === undefined || seat.subject.kind !== 'person')
      throw new ProblemError('not-allowed', 'People expose ports; this device belongs to a service account.');
    const person = seat.subject.id as Id<'usr'>;
    const right = exposingRight(state, seat, nowMs);
    if (!right.may) {
      await appendAudit(tx, [
        {
          atMs: nowMs,
          who: person,
          what: 'exposure.begin',
          result: 'refused',
          reasons: right.reasons.map(({ name }) => name),
          detail: { device, port: wanted.port },
        },
      ]);
      const text = right.reasons.map((reason) => reasonLine({ name: reason.name })).join(' ');
      return right.why === 'signed-out'
        ? { refused: new ProblemError('not-authenticated', text) }
        : { refused: new ProblemError('not-allowed', `You may not expose anything. ${text}`) };
    }
    const { expose } = state.document;
    const suffix = parseName(expose?.suffix ?? '');
    if (expose === undefined || suffix === undefined)
      throw new ProblemError(
        'not-allowed',
        'Nothing may be exposed here: postern.yaml has no expose section.',
      );
    if (state.namesSerial !== undefined && !(await ownedNames(tx)).has(suffix))
      throw new ProblemError(
        'not-allowed',
        `Nothing may be exposed below ${suffix} before it is proven; administrators see the record: postern hostname proofs.`,
      );
    const ttlMs = lengthOf(wanted.for, expose.longest);
    const wrong = wanted.allow === undefined ? undefined : allowIssue(state, wanted.allow);
    if (wrong !== undefined) throw invalid('allow', wrong);
    if (state.exposures.filter((each) => each.person === person).length >= mostOfOnePerson)
      throw new ProblemError(
        'conflict',
        `You expose ${mostOfOnePerson} ports already; end one of them first.`,
      );
    const label = await labelOf(tx, person, seat.subject);
    const hostname = `${label}-${wanted.name ?? wanted.port}.${suffix}` as Name;
    refuseTaken(state, hostname, [
      context.publicUrl.hostname,
      ...context.organisations.hosts,
      ...(await relayHosts(tx)),
    ]);
    if (others.some((other) => resourceAtHost(other, hostname) !== undefined)) throw inUse(hostname);
    const row = {
      id: newId('res', context.random(16)),
      network: newId('net', context.random(16)),
      connector: null,
      person,
      device,
      hostname,
      port: wanted.port,
      allow: wanted.allow === undefined ? null : JSON.stringify(wanted.allow),
      created_ms: nowMs,
      // As long as its right and its session last; a session that is renewed meanwhile changes nothing of it.
      until_ms: Math.min(nowMs + ttlMs, seat.session.untilMs),
      ended_ms: null,
    };
    await tx.insert('networks', networkRow(row)).execute();
    await tx.insert('exposures', row).execute();
    await tx.nextRequestsSerial();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who: person,
        what: 'exposure.begin',
        resource: hostname,
        result: 'done',
        detail: {
          exposure: row.id,
          device,
          port: wanted.port,
          allow: wanted.allow ?? null,
          until: new Date(row.until_ms).toISOString(),
        },
      },
    ]);
    return { exposure: exposureOf(row) };
  });
  if ('refused' in outcome) throw outcome.refused;
  const { exposure } = outcome;
  const { text: key } = await createEnrolmentKey(
    store,
    {
      purpose: 'connector',
      target: exposure.network,
      uses: 1,
      expiresMs: context.now() + keyLifeMs,
      root: context.keys.root.key.publicKey,
      url: context.publicUrl.origin,
    },
    { nowMs: context.now(), random: context.random, who: exposure.person },
  );
  await context.publish(organisation.id, { kind: 'exposure', exposure });
  await lookAgain(context, organisation.id);
  const [entry] = await shown(context, store, [exposure]);
  if (entry === undefined) throw new Error('what was exposed is not shown');
  return { ...entry, key };
}

/**
 * The process that joined with a key for this network serves what is exposed there; undefined when it is an ordinary
 * network. Inside the transaction that used the key.
 */
export async function bindExposure(
  tx: ScopedStore,
  network: NetworkId,
  connector: ConnectorId,
): Promise<Exposure | undefined> {
  const row = await tx
    .update('exposures')
    .set({ connector })
    .where('network', '=', network)
    .where('ended_ms', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  await tx.nextRequestsSerial();
  return exposureOf(row);
}

/** Whoever exposes the same thing anew after a crash need not wait until that was noticed. */
async function endOwnDead(
  context: ControllerContext,
  organisation: Organisation,
  device: DeviceId,
  { port, name }: NewExposure,
): Promise<void> {
  const { exposures } = await organisation.reader.current();
  const dead = exposures.filter(
    (each) =>
      each.device === device &&
      each.hostname.split('.')[0]?.endsWith(`-${name ?? port}`) === true &&
      (each.connector === undefined || !context.presence.isOnline(each.connector)),
  );
  await endExposures(context, organisation.id, dead, { cause: 'replaced', who: 'controller' });
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

function lengthOf(text: string | undefined, most: string | undefined): number {
  const longestMs = (most === undefined ? undefined : parseDuration(most)) ?? usualLongestMs;
  if (text === undefined) return Math.min(usualMs, longestMs);
  const ms = parseDuration(text);
  if (ms === undefined || ms < shortestMs || ms > longestMs)
    throw invalid('for', `is a duration from 1m to ${formatDuration(longestMs)}; give another --ttl`);
  return ms;
}

function invalid(field: keyof NewExposure, message: string): ProblemError {
  return new ProblemError('invalid-request', undefined, [{ path: [field], message }]);
}
