/**
 * What a person may use, from one of their devices or from a browser alone, decided as everywhere else. What they may not
 * know of is left out, and asked for by name it answers like what does not exist.
 */
import { Type } from 'typebox';
import type { Door } from '../../protocol/policy-document.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { MyResources, PortalResource } from '../../protocol/portal.ts';
import type { HealthState } from '../../protocol/resource-health.ts';
import { hiddenText, readableReason, reasonTexts, type System } from '../../protocol/reasons.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { healthLooks } from '../control/health-looks.ts';
import { entitlements, visitorEntitlements, type Entitlement } from '../decisions/entitlements.ts';
import { seatOf, subjectOf } from '../decisions/seat.ts';
import { meant } from '../explain/meant.ts';
import { Refusals } from '../explain/refusals.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';
import { webAddress } from '../organisation/resource-web.ts';
import { stepUpFor } from './step-up.ts';
import { signInFacts } from './sign-in-facts.ts';

const config = { access: ['person'] } as const;
const querystring = Type.Object({ device: Type.Optional(Type.String({ maxLength: 64 })) });
/** `door=web`: as the browser that asks would open it at its public hostname. */
const oneQuerystring = Type.Object({ ...querystring.properties, door: Type.Optional(Type.Literal('web')) });

export function myResourcesRoutes(app: TypedApp, context: ControllerContext): void {
  const refusals = new Refusals(context);
  app.get(
    '/api/v1/me/resources',
    {
      config: { ...config, problems: ['not-found'] },
      schema: { summary: 'What the signed-in person may use', querystring, response: { 200: MyResources } },
    },
    async (request) => {
      const caller = await portalCaller(context, request);
      return myResources(context, caller, request.callerAddress, request.query.device);
    },
  );

  app.get(
    '/api/v1/me/resources/:name',
    {
      config: { ...config, problems: ['too-many'] },
      schema: {
        summary: 'Why the signed-in person may or may not use one resource',
        params: Type.Object({ name: Type.String({ maxLength: 512 }) }),
        querystring: oneQuerystring,
        response: { 200: PortalResource },
      },
    },
    async (request) => {
      const caller = await portalCaller(context, request);
      const { door } = request.query;
      const { state, device, rights, ...about } =
        door === undefined
          ? await rightsOf(context, caller, request.callerAddress, request.query.device)
          : await browserRightsOf(context, caller, request.callerAddress, door);
      const asked = request.params.name;
      // Looked for among what there is, and among what may be known: as much work whichever of them holds it.
      const there = meant(state.resources, asked, (resource) => resource);
      const visible = rights.filter(({ known }) => known);
      const right = meant(visible, asked, ({ resource }) => resource);
      const [decided] = rights.filter(({ resource }) => resource === (right?.resource ?? there));
      if (right?.state === 'granted') return shownResource(right, about, door === undefined ? [] : [right]);
      const trace = await refusals.record(caller.organisation.store, {
        who: caller.person.id,
        resource: (right?.resource ?? there)?.definition.name ?? printable(asked),
        reasons: decided?.reasons.map(({ name }) => name) ?? [
          there === undefined ? 'no-resource' : 'no-allow',
        ],
        policies: becauseOf(decided),
        device: device?.id,
        ...(door === undefined ? {} : { door }),
        address: request.callerAddress,
      });
      if (trace === undefined)
        throw new ProblemError(
          'too-many',
          'You asked for too many resources that are not yours; wait ten minutes.',
        );
      if (right === undefined) throw new ProblemError('not-found', hiddenText, undefined, trace);
      return { ...shownResource(right, about), trace };
    },
  );
}

/** What somebody may use, as the portal shows it to a browser at this address, from the device they chose. */
export async function myResources(
  context: ControllerContext,
  caller: PortalCaller,
  address: string,
  chosen: string | undefined,
): Promise<MyResources> {
  const { device, rights, ...about } = await rightsOf(context, caller, address, chosen);
  const known = rights.filter((right) => right.known);
  const reached = healthLooks(context).latest(caller.organisation.id);
  const byBrowser = await browserRightsOf(context, caller, address, 'web');
  const open = byBrowser.rights.filter(({ state, resource }) => state === 'granted' && hasDoor(resource));
  // What only a browser may open is there as well.
  const others = open.filter(({ resource }) => !known.some((right) => right.resource === resource));
  return {
    device,
    resources: [
      ...known.map((right) => shownResource(right, about, open)),
      ...others.map((right) => shownResource(right, byBrowser, open)),
    ].map((shown) => withReached(shown, reached)),
  };
}

/** The policies that a refusal is of: those that deny, and those of which a condition is not met. */
function becauseOf(decided: Entitlement | undefined): string[] {
  const unmet = (decided?.judged ?? []).filter(({ name }) => !reasonTexts[name].met);
  return [...new Set(unmet.flatMap(({ policy }) => policy ?? []))];
}

/** What a person typed, for administrators to read: what does not print is left out. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '').slice(0, 253);
}

function hasDoor({ definition }: Resource): boolean {
  return definition.web !== undefined;
}

/** What all of the caller's rights have in common. */
interface About {
  readonly webPort: number;
  /** Of the device that they are asked for, where it is known. */
  readonly system: System | undefined;
  /** Where a new sign-in would mend a refusal. */
  readonly stepUp: (right: Entitlement) => PortalResource['stepUp'];
}

interface Asked {
  readonly state: OrganisationState;
  readonly device: { id: string; name: string } | null;
  readonly rights: readonly Entitlement[];
}

/** What the caller could be allowed, from the device they chose, or else the one last seen that is signed in. */
async function rightsOf(
  context: ControllerContext,
  { organisation, person, session }: PortalCaller,
  address: string,
  chosen: string | undefined,
): Promise<About & Asked> {
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
    return {
      state,
      device,
      system: seat.device.posture?.facts.os,
      rights: entitlements(state, seat, nowMs),
      webPort: context.webPort,
      stepUp: ({ state: now, resource }) =>
        now === 'refused' && stepUpFor(state, seat, resource, nowMs) !== undefined ? 'device' : undefined,
    };
  }
  return browserRightsOf(context, { organisation, person, session }, address, 'client');
}

/** What the caller could be allowed from the browser that asks, without a device. */
async function browserRightsOf(
  context: ControllerContext,
  { organisation, person, session }: PortalCaller,
  address: string,
  door: Door,
): Promise<About & Asked> {
  const nowMs = context.now();
  const state = await organisation.reader.current();
  const subject = await subjectOf(organisation.store, state, person.id);
  if (subject === undefined) throw new ProblemError('not-authenticated');
  const visitor = { subject, session: signInFacts(session), addresses: [session.address, address] };
  return {
    state,
    device: null,
    system: undefined,
    webPort: context.webPort,
    rights: visitorEntitlements(state, visitor, nowMs, door),
    stepUp: ({ state: now, resource }) =>
      now === 'refused' && stepUpFor(state, visitor, resource, nowMs, door) !== undefined
        ? 'browser'
        : undefined,
  };
}

/** Only of what the person may use: of the rest they are told nothing new. */
function withReached(shown: PortalResource, states: ReadonlyMap<string, HealthState>): PortalResource {
  const reached = states.get(shown.id);
  const isUsable = shown.state === 'granted' || shown.web !== undefined;
  return reached === undefined || !isUsable ? shown : { ...shown, reached };
}

/** @param open what this browser may open by itself */
function shownResource(
  right: Entitlement,
  { system, stepUp, webPort }: About,
  open: readonly Entitlement[] = [],
): PortalResource {
  const { resource, state, reasons, untilMs } = right;
  const web = open.some((other) => other.resource === resource) ? webAddress(resource, webPort) : undefined;
  const mend = stepUp(right);
  const { name, ports } = resource.definition;
  return {
    id: resource.id,
    name,
    hosts: resourceHosts(resource.definition),
    ports: [...ports],
    state,
    reasons: reasons.map((reason) => readableReason(reason, system)),
    ...(web === undefined ? {} : { web }),
    ...(mend === undefined ? {} : { stepUp: mend }),
    ...(untilMs === undefined ? {} : { until: instant(untilMs) }),
  };
}
