/** What a device and the controller say to each other about requests for access (WIRE A4), as schemas of the control channel. */
import { Type, type Static } from 'typebox';
import { Approving, Denying, NewRequest, RequestId } from './requests.ts';

const common = { re: Type.Optional(Type.Integer()) };

/** A person at this device asks, lists, answers or withdraws. `id` is given, and `requested` carries it as `re`. */
export const RequestCall = Type.Object({
  ...common,
  t: Type.Literal('request'),
  id: Type.Integer(),
  call: Type.Union([
    Type.Object({ what: Type.Literal('list') }),
    Type.Object({ what: Type.Literal('ask'), wanted: NewRequest }),
    Type.Object({ what: Type.Literal('withdraw'), request: RequestId }),
    Type.Object({ what: Type.Literal('approve'), request: RequestId, approving: Approving }),
    Type.Object({ what: Type.Literal('deny'), request: RequestId, denying: Denying }),
  ]),
});

/** The answer, as the API would give it: an HTTP status and a JSON body, problem details where it was refused. */
export const RequestAnswer = Type.Object({
  id: Type.Optional(Type.Integer()),
  t: Type.Literal('requested'),
  re: Type.Integer(),
  status: Type.Integer(),
  body: Type.Optional(Type.Unknown()),
});

export type RequestCall = Static<typeof RequestCall>;
export type RequestAnswer = Static<typeof RequestAnswer>;
