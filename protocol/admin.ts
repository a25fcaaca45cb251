/**
 * The schemas of what administrators send and receive: `postern.yaml` as one document, and the API's answers. One schema
 * is validation, type and OpenAPI. Rules that span entries (undeclared groups, equal patterns) are the controller's.
 */
import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;
/** Names of things in a file: what people type and read. */
const ShortName = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' });
const Duration = Type.String({
  pattern: '^[0-9]{1,6}[smhd]$',
  description: 'a duration such as 90s, 15m, 12h, 7d',
});
const Instant = Type.String({ format: 'date-time', description: 'an RFC 3339 instant with its offset' });
const Names = Type.Array(ShortName, { minItems: 1 });

/** An OIDC provider. The command line resolves `clientSecret` from a variable or file before it sends the document. */
export const IdentityProviderDocument = Type.Object(
  {
    name: ShortName,
    issuer: Type.String({ pattern: '^https?://' }),
    clientId: Type.String({ minLength: 1, maxLength: 256 }),
    clientSecret: Type.String({ minLength: 1, maxLength: 1_024 }),
    groupsClaim: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    /** PEM of the provider's own authority, where it has one. The command line reads it from a file. */
    ca: Type.Optional(Type.String({ maxLength: 65_536 })),
  },
  closed,
);

export const NetworkDocument = Type.Object({ name: ShortName }, closed);

export const ServiceAccountDocument = Type.Object(
  { name: ShortName, groups: Type.Optional(Type.Array(ShortName)) },
  closed,
);

export const ResourceDocument = Type.Object(
  {
    name: ShortName,
    network: ShortName,
    /** A DNS name, a wildcard `*.suffix`, or a strict address literal, which needs an alias. */
    address: Type.String({ minLength: 1, maxLength: 253 }),
    alias: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    ports: Type.Array(Type.String(), { minItems: 1, maxItems: 64 }),
    tags: Type.Optional(Type.Array(ShortName)),
    /** Networks (CIDR) that a wildcard may lead to; the private ranges unless said. */
    within: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    visibility: Type.Optional(
      Type.Union([Type.Literal('granted'), Type.Literal('fixable'), Type.Literal('everyone')]),
    ),
    /** How long it outlives the connector's contact with the controller: 0s … 8h, 1h unless said. */
    outage: Type.Optional(Duration),
  },
  closed,
);

export const PostureProfileDocument = Type.Object(
  {
    name: ShortName,
    linux: Type.Optional(
      Type.Object(
        { minVersion: Type.Optional(Type.String({ pattern: '^[0-9]+(\\.[0-9]+){0,3}$' })) },
        closed,
      ),
    ),
    macos: Type.Optional(
      Type.Object(
        { minVersion: Type.Optional(Type.String({ pattern: '^[0-9]+(\\.[0-9]+){0,3}$' })) },
        closed,
      ),
    ),
    windows: Type.Optional(
      Type.Object(
        { minVersion: Type.Optional(Type.String({ pattern: '^[0-9]+(\\.[0-9]+){0,3}$' })) },
        closed,
      ),
    ),
    /** Facts older than this fail; five minutes unless said. */
    freshness: Type.Optional(Duration),
  },
  closed,
);

/** Who a policy selects: `everyone`, or any of the lists, which add up. */
export const WhoDocument = Type.Union([
  Type.Literal('everyone'),
  Type.Object(
    {
      people: Type.Optional(Type.Array(Type.String({ minLength: 3, maxLength: 254 }), { minItems: 1 })),
      groups: Type.Optional(Names),
      serviceAccounts: Type.Optional(Names),
    },
    closed,
  ),
]);

/** What a policy is about: resources by name or tag, which add up; or `everything`. */
export const TargetDocument = Type.Union([
  Type.Literal('everything'),
  Type.Object({ resources: Type.Optional(Names), tags: Type.Optional(Names) }, closed),
]);

/** Days and hours of a time zone in which a policy's condition holds. */
export const ScheduleDocument = Type.Object(
  {
    zone: Type.String({ minLength: 1, maxLength: 64 }),
    /** `mon-fri`, `sat`, or a list of such. */
    days: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    /** `09:00-18:00`, local time; an end before the start runs past midnight. */
    hours: Type.Optional(Type.String({ pattern: '^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$' })),
  },
  closed,
);

/** The conditions of a policy; all given keys must hold. */
export const ConditionsDocument = Type.Object(
  {
    posture: Type.Optional(Names),
    mfa: Type.Optional(Duration),
    session: Type.Optional(Duration),
    deviceApproved: Type.Optional(Type.Literal(true)),
    schedule: Type.Optional(ScheduleDocument),
  },
  closed,
);

export const Door = Type.Union([Type.Literal('client'), Type.Literal('web')]);

/** A policy: exactly one of `allow`, `deny` and `require` says whom. */
export const PolicyDocument = Type.Object(
  {
    name: ShortName,
    allow: Type.Optional(WhoDocument),
    deny: Type.Optional(WhoDocument),
    require: Type.Optional(WhoDocument),
    to: TargetDocument,
    doors: Type.Optional(Type.Array(Door, { minItems: 1 })),
    from: Type.Optional(Instant),
    until: Type.Optional(Instant),
    when: Type.Optional(ConditionsDocument),
  },
  closed,
);

/** A whole organisation as one file. What a list leaves out is removed by `apply`. */
export const OrganisationDocument = Type.Object(
  {
    organisation: ShortName,
    zones: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 253 }))),
    groups: Type.Optional(Type.Array(ShortName)),
    identityProviders: Type.Optional(Type.Array(IdentityProviderDocument)),
    networks: Type.Optional(Type.Array(NetworkDocument)),
    serviceAccounts: Type.Optional(Type.Array(ServiceAccountDocument)),
    resources: Type.Optional(Type.Array(ResourceDocument)),
    postureProfiles: Type.Optional(Type.Array(PostureProfileDocument)),
    policies: Type.Optional(Type.Array(PolicyDocument)),
  },
  closed,
);

export type IdentityProviderDocument = Static<typeof IdentityProviderDocument>;
export type ServiceAccountDocument = Static<typeof ServiceAccountDocument>;
export type ResourceDocument = Static<typeof ResourceDocument>;
export type PostureProfileDocument = Static<typeof PostureProfileDocument>;
export type WhoDocument = Static<typeof WhoDocument>;
export type TargetDocument = Static<typeof TargetDocument>;
export type ScheduleDocument = Static<typeof ScheduleDocument>;
export type ConditionsDocument = Static<typeof ConditionsDocument>;
export type Door = Static<typeof Door>;
export type PolicyDocument = Static<typeof PolicyDocument>;
export type OrganisationDocument = Static<typeof OrganisationDocument>;

/** One thing wrong with a document: where (a path of keys and indices), what, and what to do. */
export const DocumentIssue = Type.Object({
  path: Type.Array(Type.Union([Type.String(), Type.Integer()])),
  message: Type.String(),
});
export type DocumentIssue = Static<typeof DocumentIssue>;

/** RFC 9457 problem details, the form of every error of the API. `type` is stable. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.Optional(Type.String()),
  issues: Type.Optional(Type.Array(DocumentIssue)),
  /** Under which an administrator finds it in the audit log, where it stands there. */
  trace: Type.Optional(Type.String()),
});
export type Problem = Static<typeof Problem>;

/** The answer to `apply`: what it created, changed and removed, by kind and name. */
export const ApplyResult = Type.Object({
  changes: Type.Array(
    Type.Object({
      action: Type.Union([Type.Literal('created'), Type.Literal('changed'), Type.Literal('removed')]),
      kind: Type.String(),
      name: Type.String(),
    }),
  ),
});
export type ApplyResult = Static<typeof ApplyResult>;
