/**
 * The test of a target: what a connector is asked to try before something is protected, and the steps it answers with. The
 * schemas of the control channel's messages and of the API alike. Steps carry codes and times, never an address.
 */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';
import { numbered, question } from './message-form.ts';
import { HealthCode } from './resource-health.ts';

const closed = { additionalProperties: false } as const;

/** Where a connector shall try to get, as a resource would say it; guarded like a dial of that resource. */
export const Target = Type.Object(
  {
    /** A DNS name or a strict literal; never a wildcard. */
    host: Type.String({ minLength: 1, maxLength: 253 }),
    /** The wildcard that `host` lies below, where the resource is one. */
    wildcard: Type.Optional(Type.String({ pattern: '^\\*\\..', maxLength: 253 })),
    /** Networks (CIDR) that names below the wildcard may lead to. */
    within: Type.Optional(Type.Array(Type.String({ maxLength: 49 }), { maxItems: 64 })),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** How far it goes: a TCP connection, an HTTP request over it, or one over TLS. */
    speak: Type.Enum(['tcp', 'http', 'https']),
  },
  closed,
);

const stepName = Type.Enum(['dns', 'tcp', 'tls', 'http']);

/**
 * Why a step failed. `certificate`: the target spoke TLS with a certificate that the connector does not trust. `no-http`:
 * what it answered is no HTTP. `busy`: the connector tests as much as it will at once.
 */
const stepCode = Type.Enum([...HealthCode.enum, 'busy']);

/** One step of a test, in the order in which they were taken; the first that failed is the last. */
export const TargetStep = Type.Object({
  step: stepName,
  /** Milliseconds that it took. */
  ms: Type.Integer({ minimum: 0 }),
  /** Absent where it went well. */
  code: Type.Optional(stepCode),
  /** Of the step `http`: the status that the target answered with. */
  status: Type.Optional(Type.Integer({ minimum: 100, maximum: 999 })),
});

/** To a connector. One that does not know it ignores it. */
export const Probe = Type.Object({
  ...numbered,
  t: Type.Literal('probe'),
  question,
  target: Target,
  /** Of which resource this is the target, so that what comes of it counts for that one. */
  resource: Type.Optional(Type.String({ pattern: idPattern('res') })),
});

/** What came of a `probe`. */
export const Probed = Type.Object({
  ...numbered,
  t: Type.Literal('probed'),
  question,
  steps: Type.Array(TargetStep, { minItems: 1, maxItems: 4 }),
});

/** A test as the API takes it. */
export const TargetTest = Type.Object(
  {
    /** The network, by name; one of its connectors that are connected tries. */
    network: Type.String({ minLength: 1, maxLength: 63 }),
    target: Target,
  },
  closed,
);

/** A test as the API answers it. */
export const TargetTested = Type.Object({
  /** The name of the connector that tried. */
  connector: Type.String(),
  ok: Type.Boolean(),
  steps: Type.Array(Type.Object({ ...TargetStep.properties, text: Type.String() })),
});

export type Target = Static<typeof Target>;
export type TargetStep = Static<typeof TargetStep>;
export type Probe = Static<typeof Probe>;
export type Probed = Static<typeof Probed>;
export type TargetTest = Static<typeof TargetTest>;
export type TargetTested = Static<typeof TargetTested>;

/** A connector gives up a test after so long; its controller waits a little longer. */
export const targetTestMs = 15_000;
