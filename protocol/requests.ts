/**
 * Requests for access as the API, the portal and the control channel speak of them: what may be asked for, what was asked,
 * and what approvers are shown and answer.
 */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';

const Instant = Type.String({ description: 'an RFC 3339 instant in UTC' });
export const RequestId = Type.String({ pattern: idPattern('req') });
export const RequestDuration = Type.String({
  pattern: '^[0-9]{1,6}[smhd]$',
  description: 'a duration such as 30m, 4h, 2d',
});
const closed = { additionalProperties: false } as const;

/** What a person asks for. */
export const NewRequest = Type.Object(
  {
    /** The name of a resource, or a host that leads to it. */
    resource: Type.String({ minLength: 1, maxLength: 512 }),
    for: RequestDuration,
    /** For those who approve, and for the audit log. */
    reason: Type.String({ minLength: 1, maxLength: 500 }),
    /** At once, approved by nobody, and everybody is told. */
    breakGlass: Type.Optional(Type.Literal(true)),
  },
  closed,
);

/** What an approver says to one. */
export const Approving = Type.Object(
  {
    /** For how long at most; as long as it was asked for unless said. */
    for: Type.Optional(RequestDuration),
    /** Requires that are waived, of those that the request shows; none unless said. */
    waives: Type.Optional(Type.Array(Type.String({ maxLength: 63 }), { maxItems: 64 })),
  },
  closed,
);
export const Denying = Type.Object({ text: Type.String({ minLength: 1, maxLength: 500 }) }, closed);

/** How a person answers at the portal: `link` is the token of the mail that brought them there, good once. */
const link = { link: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })) };
export const PortalApproving = Type.Object({ ...Approving.properties, ...link }, closed);
export const PortalDenying = Type.Object({ ...Denying.properties, ...link }, closed);

export const RequestState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('approved'),
  Type.Literal('denied'),
  Type.Literal('withdrawn'),
  Type.Literal('expired'),
]);

/** One request. Times are instants; what does not apply is absent. */
export const AccessRequest = Type.Object({
  id: RequestId,
  resource: Type.String(),
  rule: Type.String(),
  person: Type.Object({ id: Type.String(), name: Type.String(), email: Type.Optional(Type.String()) }),
  reason: Type.String(),
  state: RequestState,
  breakGlass: Type.Boolean(),
  /** For how long it was asked. */
  forMs: Type.Integer(),
  asked: Instant,
  /** When it lapses unanswered. */
  answerBy: Instant,
  /** Of one that was approved. */
  until: Type.Optional(Instant),
  /** How many must approve it. */
  quorum: Type.Integer(),
  answers: Type.Array(
    Type.Object({
      who: Type.String(),
      answer: Type.Union([Type.Literal('approve'), Type.Literal('deny')]),
      at: Instant,
      text: Type.Optional(Type.String()),
      forMs: Type.Optional(Type.Integer()),
      waives: Type.Optional(Type.Array(Type.String())),
    }),
  ),
  /** For approvers: requires that an approval may waive, and what each asks for. */
  waivable: Type.Optional(
    Type.Array(Type.Object({ policy: Type.String(), needs: Type.Array(Type.String()) })),
  ),
  /** For approvers: what an approval waived. */
  waives: Type.Optional(Type.Array(Type.String())),
  ended: Type.Optional(Instant),
  endedBy: Type.Optional(Type.String()),
});

/** What a person may ask for. */
export const Requestable = Type.Object({
  resource: Type.String(),
  hosts: Type.Array(Type.String()),
  rule: Type.String(),
  longestMs: Type.Integer(),
  quorum: Type.Integer(),
  breakGlass: Type.Boolean(),
});

export const MyRequests = Type.Object({
  requests: Type.Array(AccessRequest),
  requestable: Type.Array(Requestable),
});
/** Those that wait for this approver, and those that were answered lately. */
export const MyApprovals = Type.Object({
  waiting: Type.Array(AccessRequest),
  answered: Type.Array(AccessRequest),
});
export const AccessRequests = Type.Object({
  requests: Type.Array(AccessRequest),
  /** The cursor of the following page; absent on the last one. */
  next: Type.Optional(Type.String()),
});

export type NewRequest = Static<typeof NewRequest>;
export type Approving = Static<typeof Approving>;
export type PortalApproving = Static<typeof PortalApproving>;
export type PortalDenying = Static<typeof PortalDenying>;
export type Denying = Static<typeof Denying>;
export type RequestState = Static<typeof RequestState>;
export type AccessRequest = Static<typeof AccessRequest>;
export type Requestable = Static<typeof Requestable>;
export type MyRequests = Static<typeof MyRequests>;
export type MyApprovals = Static<typeof MyApprovals>;
export type AccessRequests = Static<typeof AccessRequests>;
