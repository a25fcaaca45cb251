/**
 * The simulator: what would be decided for this person, device, resource, door, time and source, and why, policy by
 * policy. Asks the same `decide()` as everything else, on facts gathered as everywhere else; changes nothing.
 */
import { traceDecision, type PolicyTrace as Traced } from '../../policy/trace.ts';
import { parseDuration } from '../../protocol/durations.ts';
import { mostSpecific, parseName, type Pattern } from '../../protocol/names.ts';
import { readableReason } from '../../protocol/reasons.ts';
import type { PolicyTrace, Simulation, SimulationRequest } from '../../protocol/simulation.ts';
import type { Organisation } from '../context.ts';
import {
  aboutSubject,
  circumstancesOf,
  entitlement,
  factsOf,
  withheldFrom,
  type Circumstances,
} from '../decisions/entitlements.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import { sourceOf } from '../source/source-of.ts';
import { notThere, simulatedSeat, type SimulatedSeat } from './simulated-seat.ts';

/** Throws a `ProblemError` that names what of the request is wrong or not there. */
export async function simulate(
  { store, reader }: Organisation,
  request: SimulationRequest,
  nowMs: number,
): Promise<Simulation> {
  const state = await reader.current();
  const resource = resourceNamed(state, request.resource);
  const atMs = request.at === undefined ? nowMs : Date.parse(request.at);
  if (Number.isNaN(atMs))
    throw notThere('at', `"${request.at ?? ''}" is no instant; write one such as 2026-11-20T10:00:00Z`);
  const simulated = await simulatedSeat(store, state, request, { nowMs, atMs });
  const circumstances = supposed(state, simulated, request, { nowMs, atMs });
  const door = request.door ?? 'client';
  const trace = traceDecision(factsOf(circumstances, resource, atMs, door), state.policies);
  const { seat, subject, session, basis } = simulated;
  const stands = seat === undefined ? undefined : withheldFrom(state, seat, atMs);
  // A browser brings no device that could be blocked or held.
  const withheld = door === 'web' && stands?.name !== 'session-ended' ? undefined : stands;
  const { authTimeMs } = circumstances.session;
  return {
    decision: withheld === undefined ? trace.decision : 'deny',
    resource: { id: resource.id, name: resource.definition.name },
    subject: {
      kind: subject.kind,
      ...(subject.id === undefined ? {} : { id: subject.id }),
      name: subject.name,
      ...(subject.email === undefined ? {} : { email: subject.email }),
      groups: [...subject.groups],
    },
    device: seat === undefined ? null : { id: seat.device.id, name: seat.device.name },
    door,
    at: instant(atMs),
    ...(circumstances.source === undefined ? {} : { source: { ...circumstances.source } }),
    session: {
      basis,
      started: instant(session.startedMs),
      ...(authTimeMs === undefined ? {} : { authenticated: instant(authTimeMs) }),
      amr: [...circumstances.session.amr],
    },
    ...(withheld === undefined ? {} : { withheld: readableReason(withheld) }),
    reasons: trace.reasons.map((reason) => readableReason(reason, circumstances.device.posture?.facts.os)),
    known: entitlement(resource, trace, withheld).known,
    ...(trace.untilMs === undefined ? {} : { until: instant(trace.untilMs) }),
    policies: trace.policies.map(shownTrace),
  };
}

function resourceNamed(state: OrganisationState, text: string): Resource {
  const called = state.resources.find(({ id, definition }) => id === text || definition.name === text);
  const host = parseName(text);
  const led = host === undefined || called !== undefined ? undefined : mostSpecific(withHosts(state), host);
  const found = called ?? led?.resource;
  if (found === undefined) throw notThere('resource', `there is no resource "${text}"`);
  return found;
}

/** Every resource under the names that lead to it, by either door. */
function withHosts({ resources }: OrganisationState): { resource: Resource; hosts: Pattern[] }[] {
  return resources.map((resource) => ({
    resource,
    hosts: [...resourceHosts(resource.definition), ...webHostnames(resource.definition)],
  }));
}

/** What is known of the seat, with what the request supposes instead. */
function supposed(
  state: OrganisationState,
  { subject, seat, session, address }: SimulatedSeat,
  request: SimulationRequest,
  { nowMs, atMs }: { readonly nowMs: number; readonly atMs: number },
): Circumstances {
  const known = seat === undefined ? undefined : circumstancesOf(state, seat);
  const source = sourceOf(request.source ?? address, state.countries);
  if (request.source !== undefined && source === undefined)
    throw notThere('source', `"${request.source}" is no address; write one such as 192.0.2.7 or 2001:db8::7`);
  const mfaMs = request.mfa === undefined ? undefined : parseDuration(request.mfa);
  if (request.mfa !== undefined && mfaMs === undefined)
    throw notThere('mfa', `"${request.mfa}" is no duration up to a year; write one such as 2h`);
  const reported = known?.device.posture;
  const posture =
    request.posture === undefined
      ? // A device that runs goes on reporting: at another time what it said is as old as it is now.
        reported === undefined
        ? undefined
        : { ...reported, atMs: reported.atMs + (atMs - nowMs) }
      : { atMs, facts: request.posture };
  const about = aboutSubject({ subject, session });
  return {
    ...about,
    ...(mfaMs === undefined ? {} : { session: { ...about.session, authTimeMs: atMs - mfaMs, amr: ['mfa'] } }),
    ...(source === undefined ? {} : { source }),
    device:
      request.door === 'web' && request.posture === undefined
        ? { approved: false, absent: true }
        : { ...(known?.device ?? { approved: false }), ...(posture === undefined ? {} : { posture }) },
  };
}

function shownTrace(traced: Traced): PolicyTrace {
  if (traced.state === 'not-selected') return { ...traced, because: [...traced.because] };
  return {
    ...traced,
    conditions: traced.conditions.map(({ condition, met, reason }) => {
      const { text, fix } = readableReason({ name: reason });
      return { condition, met, reason, text, ...(fix === undefined ? {} : { fix }) };
    }),
  };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
