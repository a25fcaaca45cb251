/**
 * Policies and their tests as `postern.yaml` and the API write them: who, to what, on which conditions, and what is expected
 * to come out. Rules that span entries are the controller's.
 */
import { Type, type Static } from 'typebox';
import { closed, Duration, Names, ShortName } from './document-forms.ts';

const Instant = Type.String({ format: 'date-time', description: 'an RFC 3339 instant with its offset' });
/** IPv4 or IPv6 with its length; that it is one is checked beside the schema. */
const NetworkRange = Type.String({ minLength: 1, maxLength: 64 });
const CountryCode = Type.String({ pattern: '^[A-Z]{2}$' });
/** Methods (RFC 8176) and context classes (OpenID Connect Core 2) as providers spell them. */
const ClaimValues = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { minItems: 1, maxItems: 32 });

/** Who a policy selects: `everyone`, or any of the lists, which add up. */
export const WhoDocument = Type.Union([
  Type.Literal('everyone'),
  Type.Object(
    {
      people: Type.Optional(Type.Array(Type.String({ minLength: 3, maxLength: 254 }), { minItems: 1 })),
      groups: Type.Optional(Names),
      serviceAccounts: Type.Optional(Names),
      /** Whoever proves by a code that mail to them arrives: addresses, or `*@domain`. Through the web door only. */
      guests: Type.Optional(
        Type.Array(Type.String({ minLength: 3, maxLength: 254 }), { minItems: 1, maxItems: 1_024 }),
      ),
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
    /** May be absent where `mayExpose` says what it is about. */
    to: Type.Optional(TargetDocument),
    /** It is about exposing ports of one's own machine (`postern expose`), beside what `to` says. */
    mayExpose: Type.Optional(Type.Literal(true)),
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
    /** An e-mail address; this, a guest or a service account. */
    user: Type.Optional(Type.String({ minLength: 3, maxLength: 254 })),
    /** The e-mail address of a guest, who comes by the web door. */
    guest: Type.Optional(Type.String({ minLength: 3, maxLength: 254 })),
    serviceAccount: Type.Optional(ShortName),
    /** The person's; those of a service account are the ones it declares. */
    groups: Type.Optional(Type.Array(ShortName)),
    /** `client` unless said; `web` for a guest. */
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

export type WhoDocument = Static<typeof WhoDocument>;
export type TargetDocument = Static<typeof TargetDocument>;
export type ScheduleDocument = Static<typeof ScheduleDocument>;
export type MfaDocument = Static<typeof MfaDocument>;
export type ConditionsDocument = Static<typeof ConditionsDocument>;
export type Door = Static<typeof Door>;
export type PolicyDocument = Static<typeof PolicyDocument>;
export type PolicyTestDocument = Static<typeof PolicyTestDocument>;
