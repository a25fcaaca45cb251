/**
 * A person exposes a port of a device of theirs: once it is known that they may and at which hostname, it is recorded with a
 * network of its own, and a key is made by which the process on the device joins once, as the connector of that.
 */
import { parseDuration, formatDuration } from '../../protocol/durations.ts';
import type { ExposureBegun, NewExposure } from '../../protocol/exposures.ts';
import { newId, type DeviceId } from '../../protocol/ids.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { createEnrolmentKey } from '../enrolment/enrolment-keys.ts';
import { allowIssue } from './allow-issue.ts';
import { endExposures } from './end-exposures.ts';
import { isHostSetting } from '../organisation/web-issues.ts';
import { exposureOf, networkRow, type Exposure } from './exposure.ts';
import { exposedHostname } from './exposed-hostname.ts';
import { exposingOn } from './exposing.ts';
import { invalid } from './invalid.ts';
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
  const others = await Promise.all(
    context.organisations.all
      .filter(({ id }) => id !== organisation.id)
      .map(({ id }) => context.organisation(id).reader.current()),
  );
  const outcome = await store.transaction(async (tx): Promise<Outcome> => {
    const nowMs = context.now();
    const state = await reader.current(tx);
    const exposing = await exposingOn(tx, state, device, { port: wanted.port, nowMs });
    if ('refused' in exposing) return exposing;
    const { person } = exposing;
    const ttlMs = lengthOf(wanted.for, state.document.expose?.longest);
    const wrong = wanted.allow === undefined ? undefined : allowIssue(state, wanted.allow);
    if (wrong !== undefined) throw invalid('allow', wrong);
    if (wanted.host !== undefined && !isHostSetting(wanted.host))
      throw invalid('host', `"${wanted.host}" is no host; write origin, or a name with an optional port`);
    if (state.exposures.filter((each) => each.person === person).length >= mostOfOnePerson)
      throw new ProblemError(
        'conflict',
        `You expose ${mostOfOnePerson} ports already; end one of them first.`,
      );
    const hostname = await exposedHostname(tx, context, exposing, { wanted, others });
    const row = {
      id: newId('res', context.random(16)),
      network: newId('net', context.random(16)),
      connector: null,
      person,
      device,
      hostname,
      port: wanted.port,
      allow: wanted.allow === undefined ? null : JSON.stringify(wanted.allow),
      host: wanted.host ?? null,
      created_ms: nowMs,
      // As long as its right and its session last; a session that is renewed meanwhile changes nothing of it.
      until_ms: Math.min(nowMs + ttlMs, exposing.untilMs),
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

function lengthOf(text: string | undefined, most: string | undefined): number {
  const longestMs = (most === undefined ? undefined : parseDuration(most)) ?? usualLongestMs;
  if (text === undefined) return Math.min(usualMs, longestMs);
  const ms = parseDuration(text);
  if (ms === undefined || ms < shortestMs || ms > longestMs)
    throw invalid('for', `is a duration from 1m to ${formatDuration(longestMs)}; give another --ttl`);
  return ms;
}
