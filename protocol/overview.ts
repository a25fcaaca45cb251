/** What an administrator is shown first: how many there are of everything, what was refused of late, what runs out. */
import { Type, type Static } from 'typebox';

export const Overview = Type.Object({
  counts: Type.Object({
    identityProviders: Type.Integer(),
    networks: Type.Integer(),
    connectors: Type.Integer(),
    connectorsOnline: Type.Integer(),
    relays: Type.Integer(),
    relaysOnline: Type.Integer(),
    resources: Type.Integer(),
    policies: Type.Integer(),
    people: Type.Integer(),
    devices: Type.Integer(),
    devicesOnline: Type.Integer(),
    /** Let in, and waiting for an administrator. */
    devicesHeld: Type.Integer(),
    devicesSuspended: Type.Integer(),
    /** Devices that do not meet every posture profile, whoever asks for it. */
    devicesFailing: Type.Integer(),
    sessions: Type.Integer(),
    /** Requests for access that nobody has answered, and changes that wait for a second administrator. */
    requestsPending: Type.Integer(),
    proposalsWaiting: Type.Integer(),
  }),
  /** Networks that no connector has joined, those whose connectors are all gone, and those with a single one. */
  networksEmpty: Type.Array(Type.String()),
  networksDown: Type.Array(Type.String()),
  networksSingle: Type.Array(Type.String()),
  /**
   * What went wrong the last time it was tried, by name: a hostname for a certificate. A directory stopped by itself, since it
   * took away too much at once.
   */
  failing: Type.Array(
    Type.Object({
      kind: Type.Union([
        Type.Literal('certificate'),
        Type.Literal('directory'),
        Type.Literal('mail'),
        Type.Literal('posture source'),
        Type.Literal('webhook'),
      ]),
      name: Type.String(),
    }),
  ),
  /** Decisions and flows refused in the last 24 hours. */
  denied: Type.Object({
    count: Type.Integer(),
    /** Whether there were more than were counted. */
    more: Type.Boolean(),
    /** `text`: the reason in words, where it has any. */
    reasons: Type.Array(
      Type.Object({ name: Type.String(), text: Type.Optional(Type.String()), count: Type.Integer() }),
    ),
    resources: Type.Array(Type.Object({ name: Type.String(), count: Type.Integer() })),
  }),
  /** What ends within 14 days, soonest first. API tokens only for those who may list them. */
  expiring: Type.Array(
    Type.Object({
      kind: Type.Union([
        Type.Literal('API token'),
        Type.Literal('certificate'),
        Type.Literal('directory token'),
        Type.Literal('enrolment key'),
        Type.Literal('policy'),
      ]),
      name: Type.String(),
      at: Type.String(),
    }),
  ),
});
export type Overview = Static<typeof Overview>;
