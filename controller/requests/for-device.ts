/**
 * What a person says of requests from a device of theirs, by `postern request`: the same as at the portal, for whoever is
 * signed in there. A device that may use nothing speaks for nobody.
 */
import type { RequestCall } from '../../protocol/request-messages.ts';
import type { DeviceId, Id, OrganisationId } from '../../protocol/ids.ts';
import { problemAnswer } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { personOnDevice } from '../devices/person-on-device.ts';
import { answerRequest } from './answer.ts';
import { ask } from './ask.ts';
import { withdrawRequest } from './end-requests.ts';
import { approvalsFor, requestsOf } from './shown.ts';

const madeByPeople = 'Requests are made by people; this device belongs to a service account.';

/** The answer as the API would give it: a status and a body. Never rejects for what the person did. */
export async function requestForDevice(
  context: ControllerContext,
  id: OrganisationId,
  device: DeviceId,
  call: RequestCall,
): Promise<{ status: number; body?: unknown }> {
  const organisation = context.organisation(id);
  try {
    const person = await personOnDevice(context, organisation, device, madeByPeople);
    return { status: 200, body: await act(context, organisation, person, call) };
  } catch (error) {
    return problemAnswer(error);
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
