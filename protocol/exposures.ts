/**
 * What people expose: a port of their own machine behind the web door, for a while (`postern expose`). The forms that the
 * control channel (WIRE A4), the client's local API and the administrators' API share. Instants are RFC 3339 in UTC.
 */
import { Type, type Static } from 'typebox';
import { closed, Duration } from './document-forms.ts';
import { WhoDocument } from './policy-document.ts';

/** Behind the owner's own part of the hostname. It begins and ends with a letter or digit. */
export const exposureNamePattern = '^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$';

/** What somebody wants to expose. */
export const NewExposure = Type.Object(
  {
    /** Of loopback, on the machine that asks. */
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** The port unless said. */
    name: Type.Optional(Type.String({ pattern: exposureNamePattern })),
    /** Who may open it besides whoever exposes it; nobody unless said. */
    allow: Type.Optional(WhoDocument),
    /** The Host it is sent: its own (`origin`), or a name; the public one unless said. */
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    /** For how long; as long as may be, and at most 8h, unless said. */
    for: Type.Optional(Duration),
  },
  closed,
);

/** What is exposed now. */
export const ExposureEntry = Type.Object({
  id: Type.String(),
  hostname: Type.String(),
  url: Type.String(),
  port: Type.Integer(),
  person: Type.String(),
  /** Their e-mail address, or else their name. */
  personName: Type.String(),
  device: Type.String(),
  deviceName: Type.String(),
  /** Besides the person; absent: nobody. */
  allow: Type.Optional(WhoDocument),
  started: Type.String(),
  until: Type.String(),
  /** Whether its process is connected. */
  online: Type.Boolean(),
});

/** What has begun, with the key by which its connector joins, once. */
export const ExposureBegun = Type.Object({ ...ExposureEntry.properties, key: Type.String() });

export const Exposures = Type.Object({ exposures: Type.Array(ExposureEntry) });

const ExposureId = Type.String({ minLength: 1, maxLength: 253 });

/** A person at this device exposes something, lists what they do, or ends it. `id` is given, and `exposed` carries it as `re`. */
export const ExposeCall = Type.Object({
  re: Type.Optional(Type.Integer()),
  t: Type.Literal('expose'),
  id: Type.Integer(),
  call: Type.Union([
    Type.Object({ what: Type.Literal('begin'), wanted: NewExposure }),
    Type.Object({ what: Type.Literal('list') }),
    /** By its id or hostname. */
    Type.Object({ what: Type.Literal('end'), exposure: ExposureId }),
  ]),
});

/** The answer, as the API would give it: an HTTP status and a JSON body, problem details where it was refused. */
export const ExposeAnswer = Type.Object({
  id: Type.Optional(Type.Integer()),
  t: Type.Literal('exposed'),
  re: Type.Integer(),
  status: Type.Integer(),
  body: Type.Optional(Type.Unknown()),
});

export type NewExposure = Static<typeof NewExposure>;
export type ExposureEntry = Static<typeof ExposureEntry>;
export type ExposureBegun = Static<typeof ExposureBegun>;
export type ExposeCall = Static<typeof ExposeCall>;
export type ExposeAnswer = Static<typeof ExposeAnswer>;
