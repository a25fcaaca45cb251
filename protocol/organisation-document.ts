/**
 * `postern.yaml`: a whole organisation as one document. One schema is validation, type and OpenAPI. Rules that span entries
 * (undeclared groups, equal patterns) are the controller's.
 */
import { Type, type Static } from 'typebox';
import { RecordType } from './dns-records.ts';
import { closed, Duration, ShortName } from './document-forms.ts';
import { PolicyDocument, PolicyTestDocument } from './policy-document.ts';
import { PostureProfileDocument, PostureSourceDocument } from './posture-document.ts';
import { RequestRuleDocument, WebhookDocument } from './request-document.ts';
import { WebDocument } from './web-document.ts';

/** How the people of a directory (SCIM 2.0) are found among those who sign in, and what it may take away at once. */
export const DirectoryDocument = Type.Object(
  {
    /** What must be equal: the verified e-mail address (unless said), or the subject and this attribute. */
    join: Type.Optional(
      Type.Union([Type.Literal('email'), Type.Literal('externalId'), Type.Literal('userName')]),
    ),
    /** Whether only those may sign in whom the directory tells of. */
    required: Type.Optional(Type.Literal(true)),
    /**
     * The share of its people, in percent, that may lose something within an hour; one person always may. Unless said 20, or five
     * people where that is more.
     */
    stopAt: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  },
  closed,
);

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
    /** Its directory may tell of people and groups (SCIM 2.0), by a token of its own. */
    directory: Type.Optional(DirectoryDocument),
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
    /** A DNS name, a wildcard `*.suffix`, or a strict address literal or network (CIDR), which need an alias. */
    address: Type.String({ minLength: 1, maxLength: 253 }),
    alias: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    ports: Type.Array(Type.String(), { minItems: 1, maxItems: 64 }),
    tags: Type.Optional(Type.Array(ShortName)),
    /** Networks (CIDR) that a wildcard may lead to; the private ranges unless said. */
    within: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    /** Records that may be asked for besides addresses; none unless said. */
    dns: Type.Optional(Type.Array(RecordType, { minItems: 1, uniqueItems: true })),
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
    /** The same for guests, at one hostname each: 8h unless said. */
    guests: Type.Optional(Duration),
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

/** Ports of people's own machines that they put behind the web door for a while; who may is said by policies. */
export const ExposeDocument = Type.Object(
  {
    /** Their hostnames lie right below this name. */
    suffix: Type.String({ minLength: 1, maxLength: 180 }),
    /** How long one lasts at most: 1m … 7d; 24h unless said. */
    longest: Type.Optional(Duration),
    /** Whether guests, by e-mail, may be let in. */
    guests: Type.Optional(Type.Literal(true)),
  },
  closed,
);

/** Changes of this document. */
export const ChangesDocument = Type.Object(
  {
    /** `required`: a second administrator approves each one, this one included, before it is in force. `off` unless said. */
    approval: Type.Optional(Type.Union([Type.Literal('required'), Type.Literal('off')])),
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
    changes: Type.Optional(ChangesDocument),
    expose: Type.Optional(ExposeDocument),
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

export type DirectoryDocument = Static<typeof DirectoryDocument>;
export type IdentityProviderDocument = Static<typeof IdentityProviderDocument>;
export type ServiceAccountDocument = Static<typeof ServiceAccountDocument>;
export type SessionsDocument = Static<typeof SessionsDocument>;
export type ExposeDocument = Static<typeof ExposeDocument>;
export type DevicesDocument = Static<typeof DevicesDocument>;
export type ResourceDocument = Static<typeof ResourceDocument>;
export type OrganisationDocument = Static<typeof OrganisationDocument>;
