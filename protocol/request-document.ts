/** Requests for access in `postern.yaml`: who may ask for what, who approves it, and who is told. */
import { Type, type Static } from 'typebox';
import { closed, Duration, Names, ShortName } from './document-forms.ts';
import { TargetDocument } from './policy-document.ts';

/** People by verified e-mail address and by group, which add up. */
const People = Type.Object(
  {
    people: Type.Optional(Type.Array(Type.String({ minLength: 3, maxLength: 254 }), { minItems: 1 })),
    groups: Type.Optional(Names),
  },
  closed,
);

/** What may be asked for. Exactly one of an approval by people and `breakGlass`, which needs none. */
export const RequestRuleDocument = Type.Object(
  {
    name: ShortName,
    /** Who may ask, and so may know of these resources. */
    who: Type.Union([Type.Literal('everyone'), People]),
    to: TargetDocument,
    /** Who approves; with `breakGlass`, who is told. */
    approvers: Type.Optional(People),
    /** How many of them must agree; 1 unless said. */
    quorum: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
    /** For how long at most: 5m … 30d. */
    longest: Duration,
    /** Requires that approvers may waive; with `breakGlass`, that are waived. */
    waives: Type.Optional(Names),
    /** Access at once, for a reason, and everybody is told. */
    breakGlass: Type.Optional(Type.Literal(true)),
  },
  closed,
);

/** Somewhere that is told what happens, over a signed request. */
export const WebhookDocument = Type.Object(
  {
    name: ShortName,
    url: Type.String({ pattern: '^https?://', maxLength: 2_048 }),
    /** What requests are signed with, in both directions. `writeOnly`: sealed when it is stored, and never shown again. */
    secret: Type.String({ pattern: '^[!-~]{16,1024}$', writeOnly: true }),
    /** PEM of its own authority, where it has one. The command line reads it from a file. */
    ca: Type.Optional(Type.String({ maxLength: 65_536 })),
    /** Whether what it sends back decides on requests. */
    decides: Type.Optional(Type.Literal(true)),
  },
  closed,
);

export type RequestRuleDocument = Static<typeof RequestRuleDocument>;
export type WebhookDocument = Static<typeof WebhookDocument>;
