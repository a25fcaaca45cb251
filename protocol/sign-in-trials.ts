/**
 * A sign-in that an administrator tries at an identity provider to see what comes of it: the claims, whom they make, and
 * what would be refused. It signs nobody in. The schemas of its API, and what the dashboard shows.
 */
import { Type, type Static } from 'typebox';
import { ShortName } from './document-forms.ts';

export const NewSignInTrial = Type.Object({ provider: ShortName });

/** Where the browser that asked is to go, once. */
export const SignInTrialBegun = Type.Object({ url: Type.String() });

/** One claim, as the provider sent it. */
export const ShownClaim = Type.Object({
  name: Type.String(),
  /** As JSON; what is longer than 2,000 characters is cut, and `cut` says so. */
  value: Type.String(),
  cut: Type.Optional(Type.Literal(true)),
  from: Type.Union([Type.Literal('id-token'), Type.Literal('userinfo')]),
});

/**
 * What an administrator should know of an answer that is otherwise good. `no-groups-claim`: the claim that the provider's
 * settings name is not there; `no-time`: the provider does not say when it signed them in, so whatever asks for a fresh
 * sign-in refuses them; `not-fresh`: it was asked for a new one and told of an old one.
 */
export const TrialNote = Type.Union([
  Type.Literal('no-email'),
  Type.Literal('email-not-verified'),
  Type.Literal('no-groups-claim'),
  Type.Literal('no-time'),
  Type.Literal('not-fresh'),
]);

export const SignInTrial = Type.Union([
  Type.Object({
    state: Type.Literal('failed'),
    provider: Type.String(),
    reason: Type.Union([
      Type.Literal('provider-refused'),
      Type.Literal('provider-unreachable'),
      Type.Literal('provider-answer'),
    ]),
  }),
  Type.Object({
    state: Type.Literal('answered'),
    provider: Type.String(),
    issuer: Type.String(),
    claims: Type.Array(ShownClaim),
    /** Claims beyond those shown. */
    moreClaims: Type.Integer(),
    person: Type.Object({
      subject: Type.String(),
      name: Type.String(),
      email: Type.Optional(Type.String()),
      /** Absent: nobody yet; a real sign-in makes them known. */
      id: Type.Optional(Type.String()),
    }),
    /** Those that count, from the claim and the directory, as a sign-in would write them down. */
    groups: Type.Array(Type.String()),
    /** Of the claim, those that do not: nobody declared them, or the directory says otherwise. */
    ignoredGroups: Type.Array(Type.String()),
    /** Where the provider has a directory: what it says of them. */
    directory: Type.Optional(
      Type.Union([Type.Literal('unknown'), Type.Literal('active'), Type.Literal('inactive')]),
    ),
    /** When the provider signed them in. */
    signedIn: Type.Optional(Type.String()),
    /** How (RFC 8176). */
    methods: Type.Array(Type.String()),
    contextClass: Type.Optional(Type.String()),
    /** Why a sign-in with this answer would be refused; absent: it would not. */
    refused: Type.Optional(
      Type.Union([Type.Literal('disabled'), Type.Literal('limit'), Type.Literal('not-in-directory')]),
    ),
    notes: Type.Array(TrialNote),
  }),
]);

export type SignInTrial = Static<typeof SignInTrial>;
export type AnsweredTrial = Extract<SignInTrial, { state: 'answered' }>;
export type TrialNote = Static<typeof TrialNote>;
