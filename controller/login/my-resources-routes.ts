/**
 * What a person may use, from one of their devices or from a browser alone, decided as everywhere else. What they may not
 * know of is left out, and asked for by name it answers like what does not exist.
 */
import { Type } from 'typebox';
import type { DeviceId } from '../../protocol/ids.ts';
import { MyResources, PortalResource, type ShownReason } from '../../protocol/portal.ts';
import { hiddenText, reasonTexts, type Reason } from '../../protocol/reasons.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import {
  entitlements,
  visitorEntitlements,
  type Entitlement,
  type Visitor,
} from '../decisions/entitlements.ts';
import { seatOf, subjectOf, type Seat } from '../decisions/seat.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';
import { stepUpFor } from './step-up.ts';
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
      const { device, rights, stepUp } = await rightsOf(context, caller, request.query.device);
      return { device, resources: rights.map((right) => shownResource(right, stepUp(right))) };
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
      const { rights, stepUp } = await rightsOf(context, caller, request.query.device);
      const { name } = request.params;
      const found = rights.find(
        ({ resource }) =>
          resource.definition.name === name ||
          resourceHosts(resource.definition).some((host) => host === name.toLowerCase()),
      );
      if (found === undefined) throw new ProblemError('not-found', hiddenText);
      return shownResource(found, stepUp(found));
    },
  );
}

/** What the caller may know of, from the device they chose, or else the one last seen that is signed in. */
async function rightsOf(
  context: ControllerContext,
  { organisation, person, session }: PortalCaller,
  chosen: string | undefined,
): Promise<{
  device: { id: string; name: string } | null;
  rights: Entitlement[];
  readonly stepUp: (right: Entitlement) => PortalResource['stepUp'];
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
  const mends = (who: Seat | Visitor, right: Entitlement): boolean =>
    right.state === 'refused' && stepUpFor(state, who, right.resource, nowMs) !== undefined;
  const seat = device === undefined ? undefined : await seatOf(store, state, device.id as DeviceId);
  if (device !== undefined && seat !== undefined) {
    return {
      device,
      rights: entitlements(state, seat, nowMs).filter(({ known }) => known),
      stepUp: (right) => (mends(seat, right) ? 'device' : undefined),
    };
  }
  const subject = await subjectOf(store, state, person.id);
  if (subject === undefined) throw new ProblemError('not-authenticated');
  const visitor = { subject, session: signInFacts(session) };
  return {
    device: null,
    rights: visitorEntitlements(state, visitor, nowMs, 'client').filter(({ known }) => known),
    stepUp: (right) => (mends(visitor, right) ? 'browser' : undefined),
  };
}

function shownResource(
  { resource, state, reasons, untilMs }: Entitlement,
  stepUp: PortalResource['stepUp'],
): PortalResource {
  const { name, ports } = resource.definition;
  return {
    id: resource.id,
    name,
    hosts: resourceHosts(resource.definition),
    ports: [...ports],
    state,
    reasons: reasons.map(shownReason),
    ...(stepUp === undefined ? {} : { stepUp }),
    ...(untilMs === undefined ? {} : { until: instant(untilMs) }),
  };
}

function shownReason({ name, policy }: Reason): ShownReason {
  const { met, text, fix } = reasonTexts[name];
  return {
    name,
    met,
    text,
    ...(fix === undefined ? {} : { fix }),
    ...(policy === undefined ? {} : { policy }),
  };
}
