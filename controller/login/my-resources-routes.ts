/**
 * What a person may use, from one of their devices or from a browser alone, decided as everywhere else. What they may not
 * know of is left out, and asked for by name it answers like what does not exist.
 */
import { Type } from 'typebox';
import type { DeviceId } from '../../protocol/ids.ts';
import { MyResources, PortalResource } from '../../protocol/portal.ts';
import { hiddenText, readableReason, type System } from '../../protocol/reasons.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { entitlements, visitorEntitlements, type Entitlement } from '../decisions/entitlements.ts';
import { seatOf, subjectOf } from '../decisions/seat.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';
import { signInFacts } from './step-ups.ts';

const config = { access: ['person'] } as const;
const querystring = Type.Object({ device: Type.Optional(Type.String({ maxLength: 64 })) });

export function myResourcesRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/me/resources',
    {
      config: { ...config, problems: ['not-found'] },
      schema: { summary: 'What the signed-in person may use', querystring, response: { 200: MyResources } },
    },
    async (request) => {
      const caller = await portalCaller(context, request);
      const { device, system, rights } = await rightsOf(context, caller, request.ip, request.query.device);
      return { device, resources: rights.map((right) => shownResource(right, system)) };
    },
  );

  app.get(
    '/api/v1/me/resources/:name',
    {
      config,
      schema: {
        summary: 'Why the signed-in person may or may not use one resource',
        params: Type.Object({ name: Type.String({ maxLength: 512 }) }),
        querystring,
        response: { 200: PortalResource },
      },
    },
    async (request) => {
      const caller = await portalCaller(context, request);
      const { rights, system } = await rightsOf(context, caller, request.ip, request.query.device);
      const { name } = request.params;
      const found = rights.find(
        ({ resource }) =>
          resource.definition.name === name ||
          resourceHosts(resource.definition).some((host) => host === name.toLowerCase()),
      );
      if (found === undefined) throw new ProblemError('not-found', hiddenText);
      return shownResource(found, system);
    },
  );
}

/** What the caller may know of, from the device they chose, or else the one last seen that is signed in. */
async function rightsOf(
  context: ControllerContext,
  { organisation, person, session }: PortalCaller,
  address: string,
  chosen: string | undefined,
): Promise<{
  device: { id: string; name: string } | null;
  system: System | undefined;
  rights: Entitlement[];
}> {
  const nowMs = context.now();
  const { store } = organisation;
  const state = await organisation.reader.current();
  const devices = await store
    .select('nodes')
    .select(['id', 'name'])
    .where('kind', '=', 'device')
    .where('owner', '=', person.id)
    .orderBy('seen_ms', 'desc')
    .execute();
  const open = await store
    .select('sessions')
    .select('device')
    .where('kind', '=', 'device')
    .where('subject', '=', person.id)
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .execute();
  const device =
    chosen === undefined
      ? devices.find(({ id }) => open.some((each) => each.device === id))
      : devices.find(({ id }) => id === chosen);
  if (chosen !== undefined && device === undefined) throw new ProblemError('not-found');
  const seat = device === undefined ? undefined : await seatOf(store, state, device.id as DeviceId);
  if (device !== undefined && seat !== undefined) {
    const rights = entitlements(state, seat, nowMs).filter(({ known }) => known);
    return { device, system: seat.device.posture?.facts.os, rights };
  }
  const subject = await subjectOf(store, state, person.id);
  if (subject === undefined) throw new ProblemError('not-authenticated');
  const visitor = { subject, session: signInFacts(session), addresses: [session.address, address] };
  return {
    device: null,
    system: undefined,
    rights: visitorEntitlements(state, visitor, nowMs, 'client').filter(({ known }) => known),
  };
}

/** @param system of the device that it is used from, where that is known */
function shownResource(
  { resource, state, reasons, untilMs }: Entitlement,
  system: System | undefined,
): PortalResource {
  const { name, ports } = resource.definition;
  return {
    id: resource.id,
    name,
    hosts: resourceHosts(resource.definition),
    ports: [...ports],
    state,
    reasons: reasons.map((reason) => readableReason(reason, system)),
    ...(untilMs === undefined ? {} : { until: instant(untilMs) }),
  };
}
