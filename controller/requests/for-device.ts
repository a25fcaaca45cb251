/**
 * What a person says of requests from a device of theirs, by `postern request`: the same as at the portal, for whoever is
 * signed in there. A device that may use nothing speaks for nobody.
 */
import type { RequestCall } from '../../protocol/request-messages.ts';
import type { DeviceId, Id, OrganisationId } from '../../protocol/ids.ts';
import { fixOf, reasonTexts } from '../../protocol/reasons.ts';
import { problemBody, problemOf, ProblemError } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { withheldFrom } from '../decisions/entitlements.ts';
import { seatOf } from '../decisions/seat.ts';
import { answerRequest } from './answer.ts';
import { ask } from './ask.ts';
import { withdrawRequest } from './end-requests.ts';
import { approvalsFor, requestsOf } from './shown.ts';

/** The answer as the API would give it: a status and a body. Never rejects for what the person did. */
export async function requestForDevice(
  context: ControllerContext,
  id: OrganisationId,
  device: DeviceId,
  call: RequestCall,
): Promise<{ status: number; body?: unknown }> {
  const organisation = context.organisation(id);
  try {
    const person = await personOn(context, organisation, device);
    return { status: 200, body: await act(context, organisation, person, call) };
  } catch (error) {
    const { problem, detail, issues } = problemOf(error);
    if (problem === 'internal') throw error;
    const body = problemBody(problem, detail, issues);
    return { status: body.status, body };
  }
}

async function act(
  context: ControllerContext,
  organisation: Organisation,
  person: Id<'usr'>,
  { call }: RequestCall,
): Promise<unknown> {
  const by = { kind: 'person', id: person } as const;
  switch (call.what) {
    case 'list':
      return { ...(await requestsOf(organisation, person)), ...(await approvalsFor(organisation, person)) };
    case 'ask':
      return { id: await ask(context, organisation, person, call.wanted) };
    case 'withdraw':
      await withdrawRequest(context, organisation, call.request as Id<'req'>, by);
      return { state: 'withdrawn' };
    case 'approve': {
      const answer = { answer: 'approve', ...call.approving } as const;
      return { state: await answerRequest(context, organisation, call.request as Id<'req'>, by, answer) };
    }
    case 'deny': {
      const answer = { answer: 'deny', ...call.denying } as const;
      return { state: await answerRequest(context, organisation, call.request as Id<'req'>, by, answer) };
    }
    default:
      return call satisfies never;
  }
}

async function personOn(
  context: ControllerContext,
  { store, reader }: Organisation,
  device: DeviceId,
): Promise<Id<'usr'>> {
  const state = await reader.current();
  const seat = await seatOf(store, state, device);
  if (seat === undefined || seat.subject.kind !== 'person')
    throw new ProblemError(
      'not-allowed',
      'Requests are made by people; this device belongs to a service account.',
    );
  const withheld = withheldFrom(state, seat, context.now());
  if (withheld !== undefined)
    throw new ProblemError(
      withheld.name === 'session-ended' ? 'not-authenticated' : 'not-allowed',
      [reasonTexts[withheld.name].text, fixOf(withheld.name)].filter((text) => text !== undefined).join('. '),
    );
  return seat.subject.id as Id<'usr'>;
}
