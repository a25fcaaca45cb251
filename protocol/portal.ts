/**
 * What the portal's pages and the controller tell each other: who is signed in, what they may use and why not, their
 * devices, and the devices that wait to be let in. Times are RFC 3339 instants in UTC.
 */
import { Type, type Static } from 'typebox';
import { HealthState } from './resource-health.ts';
import { Role } from './roles.ts';

const Instant = Type.String({ description: 'an RFC 3339 instant in UTC' });

/** Where a person can sign in. Public: it names providers and nothing else. */
export const SignInOptions = Type.Object({
  organisation: Type.Union([Type.String(), Type.Null()]),
  providers: Type.Array(Type.Object({ name: Type.String() })),
});

/** The signed-in person and their browser session. */
export const Me = Type.Object({
  organisation: Type.Union([Type.String(), Type.Null()]),
  /** Where the organisation signs in, by which its devices are started too. */
  address: Type.String(),
  person: Type.Object({
    id: Type.String(),
    name: Type.String(),
    /** Only when the provider verified it. */
    email: Type.Optional(Type.String()),
    groups: Type.Array(Type.String()),
  }),
  administrator: Type.Object({
    /** Null for everybody who administers nothing. */
    role: Type.Union([Role, Type.Null()]),
    /** The role counts from the next sign-in on; this session began before it was given. */
    fromNextSignIn: Type.Boolean(),
    /** What this session may do now (protocol/roles.ts). */
    actions: Type.Array(Type.String()),
  }),
  session: Type.Object({
    /** The provider to sign in with again; null when it is no longer configured. */
    provider: Type.Union([Type.String(), Type.Null()]),
    until: Instant,
    /** Until when letting a device in needs no new sign-in; null when it already does. */
    freshUntil: Type.Union([Instant, Type.Null()]),
  }),
});

/** The person is signed out here. `provider`: where this browser may sign out of the provider as well. */
export const SignedOut = Type.Object({
  /** How many sessions ended. */
  ended: Type.Integer(),
  provider: Type.Union([Type.Object({ name: Type.String(), url: Type.String() }), Type.Null()]),
});

/** One reason of a decision with its sentence and remedy. Holds no configured value. */
export const ShownReason = Type.Object({
  name: Type.String(),
  met: Type.Boolean(),
  text: Type.String(),
  fix: Type.Optional(Type.String()),
  policy: Type.Optional(Type.String()),
});

export const PortalResource = Type.Object({
  id: Type.String(),
  name: Type.String(),
  /** Names and wildcards under which it is reached: never an address. */
  hosts: Type.Array(Type.String()),
  ports: Type.Array(Type.String()),
  state: Type.Union([Type.Literal('granted'), Type.Literal('refused')]),
  reasons: Type.Array(ShownReason),
  /** Where a browser opens it, with or without a device; absent where this browser may not, or there is no such door. */
  web: Type.Optional(Type.String()),
  /** Whether connectors were answered there when they last dialled; absent where that is not known, and where it is refused. */
  reached: Type.Optional(HealthState),
  /** A new sign-in can mend what fails: of this browser, or of the device from which this was decided. */
  stepUp: Type.Optional(Type.Union([Type.Literal('browser'), Type.Literal('device')])),
  /** When time alone changes the state. */
  until: Type.Optional(Instant),
  /** Of one that is refused and was asked for by itself: under which an administrator finds it in the audit log. */
  trace: Type.Optional(Type.String()),
});

/** What the person may use or mend from one of their devices; without a device, from a browser alone. */
export const MyResources = Type.Object({
  device: Type.Union([Type.Object({ id: Type.String(), name: Type.String() }), Type.Null()]),
  resources: Type.Array(PortalResource),
});

/** Exactly what a device tells about itself, in words. */
export const MyPosture = Type.Object({
  reported: Instant,
  /** Macs and Windows PCs are read as their makers document it, which nobody has tried on a real machine yet. */
  untested: Type.Boolean(),
  checks: Type.Array(
    Type.Object({
      title: Type.String(),
      value: Type.String(),
      /** What a profile makes of it: met, or why not, and what would mend it. Absent where no profile asks. */
      met: Type.Optional(Type.Boolean()),
      text: Type.Optional(Type.String()),
      fix: Type.Optional(Type.String()),
    }),
  ),
});

export const MyDevice = Type.Object({
  id: Type.String(),
  name: Type.String(),
  os: Type.String(),
  lastSeen: Instant,
  /** `held`: an administrator has to approve it first. */
  state: Type.Union([
    Type.Literal('active'),
    Type.Literal('held'),
    Type.Literal('suspended'),
    Type.Literal('blocked'),
    Type.Literal('signed-out'),
  ]),
  sessionUntil: Type.Optional(Instant),
  /** It was let in and its owner has not said yet that they know it: when, and from where. */
  news: Type.Optional(Type.Object({ at: Instant, address: Type.String() })),
  /** Absent before the first report. */
  posture: Type.Optional(MyPosture),
});
export const MyDevices = Type.Object({ devices: Type.Array(MyDevice) });

/** Where a person is signed in, the newest first. */
export const MySession = Type.Object({
  id: Type.String(),
  kind: Type.Union([Type.Literal('device'), Type.Literal('browser')]),
  /** Whether it is the one that asks. */
  isThis: Type.Boolean(),
  device: Type.Optional(Type.String()),
  /** Empty for a device that is forgotten. */
  deviceName: Type.Optional(Type.String()),
  /** The provider at which it began; absent for a sign-in at the controller itself. */
  provider: Type.Optional(Type.String()),
  /** Where it was begun from, as the controller saw it. */
  address: Type.String(),
  started: Instant,
  until: Instant,
});
export const MySessions = Type.Object({ sessions: Type.Array(MySession) });

/** How many sessions ended beside the one that asked. */
export const OthersEnded = Type.Object({ ended: Type.Integer() });

/** What lets a device in: the code a person typed, or the secret of a loopback link. */
export const LoginEntry = Type.Union([
  Type.Object({ code: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
  Type.Object({ secret: Type.String({ maxLength: 128 }) }, { additionalProperties: false }),
]);

const refusals = [
  Type.Object({ state: Type.Literal('wrong'), triesLeft: Type.Integer() }),
  Type.Object({ state: Type.Literal('locked'), until: Instant }),
  /** The person has to sign in again before a device may be let in by code. */
  Type.Object({ state: Type.Literal('stale') }),
  /** The device asks for the sake of a resource that needs a fresher or stronger sign-in than this browser's. */
  Type.Object({ state: Type.Literal('step-up'), resource: Type.String(), device: Type.String() }),
  /** Expired, used, or never there. */
  Type.Object({ state: Type.Literal('gone') }),
] as const;

/** The device that waits, as it describes itself, and where it is seen from. */
export const LoginLookUp = Type.Union([
  Type.Object({
    state: Type.Literal('found'),
    device: Type.Object({ name: Type.String(), os: Type.String(), address: Type.String() }),
    browserAddress: Type.String(),
    /** Whether this browser and the device are seen at the same address. */
    sharesAddress: Type.Boolean(),
    /** Whether an administrator has to approve the device after the person did. */
    needsApproval: Type.Boolean(),
    /** Private suffixes that the organisation will answer for on the device: no record in DNS can prove them. */
    unprovenZones: Type.Array(Type.String()),
    expires: Instant,
  }),
  ...refusals,
]);

export const LoginAnswer = Type.Union([
  Type.Object({ state: Type.Literal('joined'), needsApproval: Type.Boolean() }),
  /** Loopback: the browser goes to the device's own port. */
  Type.Object({ state: Type.Literal('redirect'), url: Type.String() }),
  Type.Object({ state: Type.Literal('refused') }),
  Type.Object({ state: Type.Literal('blocked') }),
  /** An administrator has disabled this person. */
  Type.Object({ state: Type.Literal('disabled') }),
  ...refusals,
]);

/** Why the sign-in page is shown again, in its `error` parameter. */
export type SignInError =
  | 'provider-refused'
  | 'provider-unreachable'
  | 'provider-answer'
  | 'attempt-gone'
  | 'not-fresh'
  | 'not-enough'
  | 'disabled'
  | 'suspended'
  | 'limit'
  | 'busy'
  | 'throttled';

export type SignInOptions = Static<typeof SignInOptions>;
export type Me = Static<typeof Me>;
export type SignedOut = Static<typeof SignedOut>;
export type ShownReason = Static<typeof ShownReason>;
export type PortalResource = Static<typeof PortalResource>;
export type MyResources = Static<typeof MyResources>;
export type MyPosture = Static<typeof MyPosture>;
export type MyDevice = Static<typeof MyDevice>;
export type MyDevices = Static<typeof MyDevices>;
export type MySession = Static<typeof MySession>;
export type MySessions = Static<typeof MySessions>;
export type OthersEnded = Static<typeof OthersEnded>;
export type LoginEntry = Static<typeof LoginEntry>;
export type LoginLookUp = Static<typeof LoginLookUp>;
export type LoginAnswer = Static<typeof LoginAnswer>;
