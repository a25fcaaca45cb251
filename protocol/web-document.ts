/**
 * The web door of a resource as `postern.yaml` has it: public hostnames, where the origin is, path rules. Rules that span
 * entries (a hostname is owned once, an origin that can be read) are the controller's.
 */
import { Type, type Static } from 'typebox';
import { closed, Duration, Names } from './document-forms.ts';

/** A rule for paths of a web application; the first that matches counts, and where none does people sign in. */
export const PathRuleDocument = Type.Object(
  {
    /** `/exact`, or `/prefix/*`, which stands for `/prefix` and everything below it. */
    paths: Type.Array(Type.String({ pattern: '^/[\\x21-\\x7e]{0,255}$' }), { minItems: 1, maxItems: 64 }),
    /** Every method unless said. */
    methods: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Z]{3,16}$' }), { minItems: 1, maxItems: 32 }),
    ),
    /** No sign-in (`public`), nobody (`block`), or signed in and more (`require`). */
    effect: Type.Union([Type.Literal('public'), Type.Literal('block'), Type.Literal('require')]),
    /** With `require`: the person has one of these groups. */
    groups: Type.Optional(Names),
    /** With `require`: they signed in at most so long ago. */
    signIn: Type.Optional(Duration),
  },
  closed,
);

/** The web door of a resource: a public hostname with sign-in in front of an origin. */
export const WebDocument = Type.Object(
  {
    /** The public name, or `*.suffix`; several as `hostnames`. */
    hostname: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    hostnames: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { minItems: 1, maxItems: 64 }),
    ),
    /** `http://name:port` or `https://…` as the connector reaches it; several as `origins`, the first that is well is used. */
    origin: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    origins: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { minItems: 1, maxItems: 16 }),
    ),
    /** PEM of the origin's own authority, where it has one. The command line reads it from a file. */
    originCa: Type.Optional(Type.String({ maxLength: 65_536 })),
    /** The name on the origin's certificate, where it is another than in its address. */
    originName: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    /** The origin's certificate is not checked. */
    originInsecure: Type.Optional(Type.Literal(true)),
    /** How long an origin may take until its answer begins; 60s unless said. What follows may take as long as it likes. */
    answerWithin: Type.Optional(Duration),
    /** A path that an origin answers with 2xx or 3xx while it is well; asked every 10s unless said. */
    health: Type.Optional(
      Type.Object(
        { path: Type.String({ pattern: '^/[\\x21-\\x7e]{0,255}$' }), every: Type.Optional(Duration) },
        closed,
      ),
    ),
    /** The Host that the origin is sent: the public `hostname` (unless said), its own (`origin`), or a name. */
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    /** Further request headers for the origin, with `{{email}}`, `{{name}}`, `{{user}}`, `{{groups}}` or `{{jwt}}` filled in. */
    headers: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$' }),
        Type.String({ pattern: '^[\\x20-\\x7e]{0,512}$' }),
        { maxProperties: 32, additionalProperties: false },
      ),
    ),
    /** The audience of the assertion; the resource's id unless said. */
    audience: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    rules: Type.Optional(Type.Array(PathRuleDocument, { maxItems: 128 })),
    /** Other sites whose pages may send requests and preflights, and open WebSockets, `https://host[:port]`. */
    allowOrigins: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/\\s]+$', maxLength: 300 }), {
        minItems: 1,
        maxItems: 64,
      }),
    ),
    /** The application may put service workers over its whole hostname, and so over the door's own pages there. */
    serviceWorkers: Type.Optional(Type.Literal(true)),
    /** What people read in place of the application while this is set. */
    maintenance: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
    /** Where its connectors take the certificate from; unless said files, then ACME where it is set up, then built-in. */
    certificate: Type.Optional(
      Type.Union([Type.Literal('file'), Type.Literal('acme'), Type.Literal('built-in')]),
    ),
  },
  closed,
);

export type WebDocument = Static<typeof WebDocument>;
export type PathRuleDocument = Static<typeof PathRuleDocument>;
