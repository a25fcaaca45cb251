/**
 * What whoever mends something looks at first: who runs and in which version, how far away the records are, what ends, what went
 * wrong last. The schema of the API and the type of the dashboard's page. No secret, no key, no address of a database.
 */
import { Type, type Static } from 'typebox';
import { ServerEntry } from './inventory.ts';
import { HostCertificate } from './web-messages.ts';

const Instant = Type.String({ description: 'an RFC 3339 instant in UTC' });
const RoundTrip = Type.Number({ description: 'milliseconds, measured for this answer' });

/** Of all controllers of the same records; only for the organisation of whoever runs them. */
export const Installation = Type.Object({
  controllers: Type.Array(
    Type.Object({
      id: Type.String(),
      /** The one that answers. */
      isThis: Type.Boolean(),
      /** How long ago it last said that it runs. */
      silentMs: Type.Integer(),
    }),
  ),
  store: Type.Object({
    kind: Type.Union([Type.Literal('sqlite'), Type.Literal('postgres')]),
    roundTripMs: RoundTrip,
  }),
  /** What controllers tell one another by; without Redis, the memory of the one there is. */
  live: Type.Object({
    kind: Type.Union([Type.Literal('memory'), Type.Literal('redis')]),
    /** Whether news reach all controllers now. */
    isWhole: Type.Boolean(),
    /** Absent where there is nothing to ask, or it did not answer. */
    roundTripMs: Type.Optional(RoundTrip),
  }),
  /** When the built-in TLS authority ends; absent where certificates come from files. */
  authorityUntil: Type.Optional(Instant),
});

/** The last thing that went wrong somewhere, as it is kept until it goes well again. */
export const KeptFault = Type.Object({
  of: Type.Union([
    Type.Literal('webhook'),
    Type.Literal('mail'),
    Type.Literal('posture-source'),
    Type.Literal('certificate'),
  ]),
  /** Which of them; absent for mail. */
  name: Type.Optional(Type.String()),
  text: Type.String(),
  /** When it last went well. */
  lastWell: Type.Optional(Instant),
});

export const Diagnostics = Type.Object({
  at: Instant,
  /** Of the controller that answers. */
  version: Type.String(),
  /** Absent for an organisation beside that of whoever runs the controllers. */
  installation: Type.Optional(Installation),
  connectors: Type.Array(ServerEntry),
  relays: Type.Array(ServerEntry),
  /** As connectors last reported them; those that end first come first. */
  certificates: Type.Array(
    Type.Object({
      host: Type.String(),
      connector: Type.String(),
      from: HostCertificate.properties.from,
      state: HostCertificate.properties.state,
      until: Type.Optional(Instant),
    }),
  ),
  faults: Type.Array(KeptFault),
});

export type Installation = Static<typeof Installation>;
export type KeptFault = Static<typeof KeptFault>;
export type Diagnostics = Static<typeof Diagnostics>;
