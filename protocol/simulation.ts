/**
 * What an administrator asks the simulator and what it answers: one decision for any person, device, resource, door, time
 * and source, with everything that went into it. Holds names of policies, so it is for administrators and auditors alone.
 */
import { Type, type Static } from 'typebox';
import { Door } from './policy-document.ts';
import { PostureFacts } from './posture-facts.ts';
import { ShownReason } from './portal.ts';

const Instant = Type.String({ description: 'an RFC 3339 instant in UTC' });

/** Who is one of `user`, `service`, and `groups` alone, which makes up a person. */
export const SimulationRequest = Type.Object(
  {
    resource: Type.String({ minLength: 1, maxLength: 253, description: 'its name, its id, or a host of it' }),
    user: Type.Optional(
      Type.String({ minLength: 1, maxLength: 254, description: 'the e-mail address or id of a person' }),
    ),
    service: Type.Optional(
      Type.String({ minLength: 1, maxLength: 63, description: 'the name or id of a service account' }),
    ),
    groups: Type.Optional(
      Type.Array(Type.String({ maxLength: 63 }), {
        maxItems: 500,
        description: 'the groups of a person who is made up, or instead of those the person has',
      }),
    ),
    device: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Null()], {
        description: 'its name or id; null: none. Through the client door the one last seen, unless said',
      }),
    ),
    door: Type.Optional(Door),
    at: Type.Optional(Type.String({ format: 'date-time', description: 'now, unless said' })),
    source: Type.Optional(
      Type.String({ maxLength: 64, description: 'an address; the last one seen, unless said' }),
    ),
    mfa: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,6}[smhd]$', description: 'several factors were used so long before' }),
    ),
    posture: Type.Optional(PostureFacts),
  },
  { additionalProperties: false },
);

const Who = Type.Object({
  kind: Type.Union([Type.Literal('person'), Type.Literal('service'), Type.Literal('guest')]),
  /** Absent for a person who is made up. */
  id: Type.Optional(Type.String()),
  name: Type.String(),
  email: Type.Optional(Type.String()),
  groups: Type.Array(Type.String()),
});

const Outcome = Type.Union([Type.Boolean(), Type.Literal('unknown')]);
const Effect = Type.Union([Type.Literal('allow'), Type.Literal('deny'), Type.Literal('require')]);

/** What one policy had to do with it. */
export const PolicyTrace = Type.Union([
  Type.Object({
    policy: Type.String(),
    effect: Effect,
    state: Type.Literal('not-selected'),
    because: Type.Array(
      Type.Union([
        Type.Literal('who'),
        Type.Literal('to'),
        Type.Literal('doors'),
        Type.Literal('validity'),
        Type.Literal('waived'),
      ]),
    ),
  }),
  Type.Object({
    policy: Type.String(),
    effect: Effect,
    state: Type.Literal('selected'),
    /** Whether all its conditions hold. */
    held: Outcome,
    /** A deny that refused, an allow that allowed, a require that refused. */
    inEffect: Type.Boolean(),
    conditions: Type.Array(
      Type.Object({
        condition: Type.String(),
        met: Outcome,
        reason: Type.String(),
        text: Type.String(),
        fix: Type.Optional(Type.String()),
      }),
    ),
  }),
]);

export const Simulation = Type.Object({
  decision: Type.Union([Type.Literal('allow'), Type.Literal('deny')]),
  resource: Type.Object({ id: Type.String(), name: Type.String() }),
  subject: Who,
  device: Type.Union([Type.Object({ id: Type.String(), name: Type.String() }), Type.Null()]),
  door: Door,
  at: Instant,
  source: Type.Optional(Type.Object({ address: Type.String(), country: Type.Optional(Type.String()) })),
  /** `assumed`: a sign-in with one factor at that very moment, since there is none to go by. */
  session: Type.Object({
    basis: Type.Union([Type.Literal('device'), Type.Literal('browser'), Type.Literal('assumed')]),
    started: Instant,
    authenticated: Type.Optional(Instant),
    amr: Type.Array(Type.String()),
  }),
  /** What stands before any policy; absent where nothing does. */
  withheld: Type.Optional(ShownReason),
  reasons: Type.Array(ShownReason),
  /** Whether the person may know that the resource exists. */
  known: Type.Boolean(),
  /** The first instant at which time alone changes what the policies say. */
  until: Type.Optional(Instant),
  policies: Type.Array(PolicyTrace),
});

export type SimulationRequest = Static<typeof SimulationRequest>;
export type Simulation = Static<typeof Simulation>;
export type PolicyTrace = Static<typeof PolicyTrace>;
