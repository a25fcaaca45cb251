/**
 * The schemas of what administrators send and receive: `postern.yaml` as one document, and the API's answers. One schema
 * is validation, type and OpenAPI. Rules that span entries (undeclared groups, equal patterns) are the controller's.
 */
import { Type, type Static } from 'typebox';
import { closed, Duration, Names, ShortName } from './document-forms.ts';
import { maxAsked } from './posture.ts';
import { RequestRuleDocument, WebhookDocument } from './request-document.ts';
import { TargetDocument, WhoDocument } from './who-document.ts';
import { WebDocument } from './web-document.ts';

const Instant = Type.String({ format: 'date-time', description: 'an RFC 3339 instant with its offset' });
/** IPv4 or IPv6 with its length; that it is one is checked beside the schema. */
const NetworkRange = Type.String({ minLength: 1, maxLength: 64 });
const CountryCode = Type.String({ pattern: '^[A-Z]{2}$' });
/** Methods (RFC 8176) and context classes (OpenID Connect Core 2) as providers spell them. */
const ClaimValues = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { minItems: 1, maxItems: 32 });

/** An OIDC provider. The command line resolves `clientSecret` from a variable or file before it sends the document. */
export const IdentityProviderDocument = Type.Object(
  {
    name: ShortName,
    issuer: Type.String({ pattern: '^https?://' }),
    clientId: Type.String({ minLength: 1, maxLength: 256 }),
    /** `writeOnly`: sealed when it is stored, and never shown again; an export names a variable in its place. */
    clientSecret: Type.String({ minLength: 1, maxLength: 1_024, writeOnly: true }),
    groupsClaim: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    /** PEM of the provider's own authority, where it has one. The command line reads it from a file. */
    ca: Type.Optional(Type.String({ maxLength: 65_536 })),
    /** Context classes that every sign-in asks for (`acr_values`), the wanted one first. */
    acrValues: Type.Optional(
      Type.Array(Type.String({ pattern: '^[\\x21-\\x7e]{1,256}$' }), { minItems: 1, maxItems: 16 }),
    ),
  },
  closed,
);

export const NetworkDocument = Type.Object(
  {
    name: ShortName,
    /** Whether devices may be told private addresses that its connectors publish; without, names and public ones only. */
    lanCandidates: Type.Optional(Type.Boolean()),
  },
  closed,
);

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
    /** Whoever uses it has signed in at most so long ago: 1m … 30d; as long as the session lasts unless said. */
    session: Type.Optional(Duration),
    /** Who has not used it for so long has to ask for it again: 1d … 366d; never unless said. */
    lockUnused: Type.Optional(Duration),
    web: Type.Optional(WebDocument),
  },
  closed,
);

/** Sessions of people. */
export const SessionsDocument = Type.Object(
  {
    /** How long one lasts from its sign-in, on a device and in a browser: 5m … 30d; 12h unless said. */
    length: Type.Optional(Duration),
  },
  closed,
);

/** Devices of people. */
export const DevicesDocument = Type.Object(
  {
    /**
     * Which new devices wait for an administrator before they may use anything: all (`required`), those that were let in
     * by a code from another network (`elsewhere`, unless said), or none (`off`).
     */
    approval: Type.Optional(
      Type.Union([Type.Literal('required'), Type.Literal('elsewhere'), Type.Literal('off')]),
    ),
    /** A device on which nobody signed in for so long is let in anew, like a new one: 1d … 366d; never unless said. */
    expireAfter: Type.Optional(Duration),
  },
  closed,
);

const VersionText = Type.String({ pattern: '^[0-9]+(\\.[0-9]+){0,3}$' });
const AtLeast = Type.Optional(Type.Literal(true));
const checksOfEverySystem = {
  minVersion: Type.Optional(VersionText),
  diskEncryption: AtLeast,
  firewall: AtLeast,
  /** `true`, or the longest time without input after which the screen is locked. */
  screenLock: Type.Optional(Type.Union([Type.Literal(true), Duration])),
  /** `true`, or any of these products (protocol/posture.ts). */
  antivirus: Type.Optional(Type.Union([Type.Literal(true), Names])),
  secureBoot: AtLeast,
  automaticUpdates: AtLeast,
  /** Names of programs that run, without their folder. */
  processes: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z0-9._+-][A-Za-z0-9 ._+-]{0,63}$' }), {
      minItems: 1,
      maxItems: maxAsked,
    }),
  ),
  minClientVersion: Type.Optional(VersionText),
  /** The serial number stands in `serials`. */
  knownSerial: AtLeast,
};
const unixFiles = {
  /** Files or folders that exist, by their whole path. */
  files: Type.Optional(
    Type.Array(Type.String({ pattern: '^/[^\\u0000-\\u001f]{1,255}$' }), { minItems: 1, maxItems: maxAsked }),
  ),
};
const windowsFiles = {
  files: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z]:\\\\[^\\u0000-\\u001f]{1,252}$' }), {
      minItems: 1,
      maxItems: maxAsked,
    }),
  ),
};

/** What a device has to be like, by system. A system that is not named fails; so does a fact that is not known. */
export const PostureProfileDocument = Type.Object(
  {
    name: ShortName,
    linux: Type.Optional(
      Type.Object(
        {
          ...checksOfEverySystem,
          ...unixFiles,
          /** By the ID of os-release, the least version of each distribution that serves; `any` for those without. */
          distribution: Type.Optional(
            Type.Record(
              Type.String({ pattern: '^[a-z0-9._-]{1,32}$' }),
              Type.Union([Type.Literal('any'), VersionText]),
              { minProperties: 1, maxProperties: 32, additionalProperties: false },
            ),
          ),
        },
        closed,
      ),
    ),
    macos: Type.Optional(Type.Object({ ...checksOfEverySystem, ...unixFiles }, closed)),
    windows: Type.Optional(Type.Object({ ...checksOfEverySystem, ...windowsFiles }, closed)),
    /** Sources that must each call the device compliant. */
    verdicts: Type.Optional(Names),
    /** Facts and verdicts older than this count as unknown; five minutes unless said. */
    freshness: Type.Optional(Duration),
  },
  closed,
);

/** Who says from outside which devices are compliant: it sends verdicts (webhook), or is asked for them (poll). */
export const PostureSourceDocument = Type.Object(
  {
    name: ShortName,
    webhook: Type.Optional(
      Type.Object({ secret: Type.String({ pattern: '^[!-~]{16,1024}$', writeOnly: true }) }, closed),
    ),
    poll: Type.Optional(
      Type.Object(
        {
          url: Type.String({ pattern: '^https?://', maxLength: 2_048 }),
          token: Type.Optional(Type.String({ pattern: '^[!-~]{1,1024}$', writeOnly: true })),
          every: Type.Optional(Duration),
          /** PEM of the source's own authority, where it has one. The command line reads it from a file. */
          ca: Type.Optional(Type.String({ maxLength: 65_536 })),
        },
        closed,
      ),
    ),
  },
  closed,
);

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

/** How the person signed in: how long ago at most, by one of these methods, in one of these context classes. */
export const MfaDocument = Type.Object(
  { age: Duration, amr: Type.Optional(ClaimValues), acr: Type.Optional(ClaimValues) },
  closed,
);

/** The conditions of a policy; all given keys must hold. */
export const ConditionsDocument = Type.Object(
  {
    posture: Type.Optional(Names),
    /** `12h` is short for `{ age: 12h }`. */
    mfa: Type.Optional(Type.Union([Duration, MfaDocument])),
    session: Type.Optional(Duration),
    deviceApproved: Type.Optional(Type.Literal(true)),
    /** Networks, one of which the request comes from. */
    source: Type.Optional(Type.Array(NetworkRange, { minItems: 1, maxItems: 1_024 })),
    /** ISO 3166-1 alpha-2, one of which the request comes from. */
    country: Type.Optional(Type.Array(CountryCode, { minItems: 1, maxItems: 256 })),
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
    /** Requires that whom this allow lets in need not meet; only on an allow that has `until`. */
    waives: Type.Optional(Names),
  },
  closed,
);

/**
 * A test beside the policies: what one person or service account can and cannot use in the circumstances it names. What
 * it does not name is not known, or not so.
 */
export const PolicyTestDocument = Type.Object(
  {
    /** An e-mail address; this or a service account. */
    user: Type.Optional(Type.String({ minLength: 3, maxLength: 254 })),
    serviceAccount: Type.Optional(ShortName),
    /** The person's; those of a service account are the ones it declares. */
    groups: Type.Optional(Type.Array(ShortName)),
    /** `client` unless said. */
    door: Type.Optional(Door),
    /** The time of the check unless said. */
    at: Type.Optional(
      Type.String({
        pattern:
          '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})$',
        description: 'an RFC 3339 instant with its offset; seconds may be left out',
      }),
    ),
    /** Profiles that the device is taken to meet; with this key it fails every other. */
    posture: Type.Optional(Type.Array(ShortName)),
    /** How long ago the person used several factors. */
    mfa: Type.Optional(Duration),
    /** The methods of that sign-in; `mfa` unless said. */
    amr: Type.Optional(ClaimValues),
    acr: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    /** How long ago the session began; just now unless said. */
    session: Type.Optional(Duration),
    deviceApproved: Type.Optional(Type.Boolean()),
    /** The address that the request comes from. */
    source: Type.Optional(Type.String({ minLength: 2, maxLength: 64 })),
    country: Type.Optional(CountryCode),
    can: Type.Optional(Type.Array(ShortName, { minItems: 1, maxItems: 256 })),
    cannot: Type.Optional(Type.Array(ShortName, { minItems: 1, maxItems: 256 })),
  },
  closed,
);

/** A whole organisation as one file. What a list leaves out is removed by `apply`. */
export const OrganisationDocument = Type.Object(
  {
    organisation: ShortName,
    zones: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 253 }))),
    groups: Type.Optional(Type.Array(ShortName)),
    sessions: Type.Optional(SessionsDocument),
    devices: Type.Optional(DevicesDocument),
    identityProviders: Type.Optional(Type.Array(IdentityProviderDocument)),
    networks: Type.Optional(Type.Array(NetworkDocument)),
    serviceAccounts: Type.Optional(Type.Array(ServiceAccountDocument)),
    resources: Type.Optional(Type.Array(ResourceDocument)),
    postureProfiles: Type.Optional(Type.Array(PostureProfileDocument)),
    postureSources: Type.Optional(Type.Array(PostureSourceDocument, { maxItems: 32 })),
    /** Serial numbers of the organisation's own machines; case and blanks do not matter. */
    serials: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 100_000 })),
    policies: Type.Optional(Type.Array(PolicyDocument)),
    /** What may be asked for, by whom, and who approves it. */
    requests: Type.Optional(Type.Array(RequestRuleDocument, { maxItems: 256 })),
    /** Who is told of requests, and may decide on them where it says so. */
    webhooks: Type.Optional(Type.Array(WebhookDocument, { maxItems: 32 })),
    tests: Type.Optional(Type.Array(PolicyTestDocument, { maxItems: 1_000 })),
  },
  closed,
);

export type { RequestRuleDocument, WebhookDocument } from './request-document.ts';
export type { TargetDocument, WhoDocument } from './who-document.ts';
export type { PathRuleDocument, WebDocument } from './web-document.ts';
export type IdentityProviderDocument = Static<typeof IdentityProviderDocument>;
export type ServiceAccountDocument = Static<typeof ServiceAccountDocument>;
export type SessionsDocument = Static<typeof SessionsDocument>;
export type DevicesDocument = Static<typeof DevicesDocument>;
export type ResourceDocument = Static<typeof ResourceDocument>;
export type PostureProfileDocument = Static<typeof PostureProfileDocument>;
export type PostureSourceDocument = Static<typeof PostureSourceDocument>;
export type ScheduleDocument = Static<typeof ScheduleDocument>;
export type MfaDocument = Static<typeof MfaDocument>;
export type ConditionsDocument = Static<typeof ConditionsDocument>;
export type Door = Static<typeof Door>;
export type PolicyDocument = Static<typeof PolicyDocument>;
export type PolicyTestDocument = Static<typeof PolicyTestDocument>;
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

const EntryChange = {
  action: Type.Union([Type.Literal('created'), Type.Literal('changed'), Type.Literal('removed')]),
  kind: Type.String(),
  name: Type.String(),
};

/** The answer to `apply`: what it created, changed and removed, by kind and name, and the revision in force now. */
export const ApplyResult = Type.Object({
  changes: Type.Array(Type.Object(EntryChange)),
  revision: Type.Integer(),
});
export type ApplyResult = Static<typeof ApplyResult>;

/** A change with what stood there before and after; absent where there was or is nothing. */
export const DocumentChange = Type.Object({
  ...EntryChange,
  before: Type.Optional(Type.Unknown()),
  after: Type.Optional(Type.Unknown()),
});
export type DocumentChange = Static<typeof DocumentChange>;

/** One line of the document's history. */
export const DocumentRevision = Type.Object({
  revision: Type.Integer(),
  time: Type.String(),
  who: Type.String(),
  /** How many entries it created, changed and removed. */
  changes: Type.Integer(),
});
export type DocumentRevision = Static<typeof DocumentRevision>;

/** Who would lose or gain what by a document; one row for people and resources to whom the same happens. */
export const PlanAccess = Type.Object({
  /** `needs-…`: possible before and after, but it takes more, less, or something else. */
  change: Type.Union([
    Type.Literal('loses'),
    Type.Literal('gains'),
    Type.Literal('needs-more'),
    Type.Literal('needs-less'),
    Type.Literal('needs-other'),
  ]),
  /** `now`: with the devices and sessions that are open. `once-met`: as soon as they are signed in and meet `needs`. */
  when: Type.Union([Type.Literal('now'), Type.Literal('once-met')]),
  who: Type.Object({
    /** `anyone`: one of these groups, of which nobody has been seen. */
    kind: Type.Union([Type.Literal('people'), Type.Literal('anyone'), Type.Literal('service account')]),
    count: Type.Integer(),
    /** Some of them. */
    names: Type.Array(Type.String()),
    /** Groups that all of them have. */
    groups: Type.Array(Type.String()),
  }),
  /** Some of them. */
  resources: Type.Array(Type.String()),
  resourceCount: Type.Integer(),
  doors: Type.Array(Door),
  /** Conditions that it takes afterwards. */
  needs: Type.Array(Type.String()),
  /** Policies that are new, gone or changed and make the difference. */
  policies: Type.Array(Type.String()),
});
export type PlanAccess = Static<typeof PlanAccess>;

/** Something that is allowed in a document and probably not meant. */
export const PlanWarning = Type.Object({
  kind: Type.Union([
    Type.Literal('looser-allow'),
    Type.Literal('matches-nobody'),
    Type.Literal('matches-nothing'),
    Type.Literal('waives-nothing'),
    Type.Literal('over'),
  ]),
  policy: Type.String(),
  other: Type.Optional(Type.String()),
  resources: Type.Optional(Type.Array(Type.String())),
  message: Type.String(),
});
export type PlanWarning = Static<typeof PlanWarning>;

/** A policy test that fails, with each resource about which it is wrong and what decided. */
export const FailedPolicyTest = Type.Object({
  /** Its place in `tests`. */
  index: Type.Integer(),
  subject: Type.String(),
  failures: Type.Array(
    Type.Object({
      expected: Type.Union([Type.Literal('can'), Type.Literal('cannot')]),
      /** Its place in that list. */
      place: Type.Integer(),
      resource: Type.String(),
      door: Door,
      reasons: Type.Array(
        Type.Object({
          reason: Type.String(),
          policy: Type.Optional(Type.String()),
          condition: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
});
export type FailedPolicyTest = Static<typeof FailedPolicyTest>;

/** The answer to `plan`: what a document would do. */
export const PlanResult = Type.Object({
  /** The revision in force, which it was compared with. */
  revision: Type.Integer(),
  changes: Type.Array(Type.Object(EntryChange)),
  access: Type.Array(PlanAccess),
  /** Rows of `access` that are not shown. */
  moreAccess: Type.Integer(),
  /** Combinations of people, resource and door that were not looked at: the change is too large. */
  notLookedAt: Type.Integer(),
  warnings: Type.Array(PlanWarning),
  moreWarnings: Type.Integer(),
  tests: Type.Object({ passed: Type.Integer(), failed: Type.Array(FailedPolicyTest) }),
});
export type PlanResult = Static<typeof PlanResult>;
