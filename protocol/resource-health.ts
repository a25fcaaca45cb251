/**
 * Whether what lies behind a resource answers, as the connectors that dial it see it: the schemas of the control channel's messages
 * and of the API alike. Told when somebody looks, kept by the connector alone, since its start. Codes, never an address.
 */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';
import { numbered, question } from './message-form.ts';

/** What a connector tells at once; those that fail come first. */
export const maxHealth = 5_000;
/** Changes that a connector remembers of one port of a resource, the newest. */
export const maxHealthChanges = 32;

/** Why a target was not reached, as a flow to it would be told. */
export const HealthCode = Type.Enum([
  'no-name',
  'address-forbidden',
  'timeout',
  'refused',
  'unreachable',
  'certificate',
  'no-tls',
  'no-http',
]);

const change = Type.Object({
  /** Epoch milliseconds, as everywhere in these messages. */
  at: Type.Integer({ minimum: 0 }),
  /** Absent: it answers from here on. */
  code: Type.Optional(HealthCode),
});

const port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** To a connector: what became of your last dials? With `resource`: of that one, and how it changed. */
export const AskHealth = Type.Object({
  ...numbered,
  t: Type.Literal('health'),
  question,
  resource: Type.Optional(Type.String({ pattern: idPattern('res') })),
});

/** What a connector answers: one entry for each port of a resource that was dialled since it started. */
export const HealthAnswer = Type.Object({
  ...numbered,
  t: Type.Literal('healthy'),
  question,
  list: Type.Array(
    Type.Object({
      resource: Type.String({ pattern: idPattern('res') }),
      port,
      /** Absent: it answered. */
      code: Type.Optional(HealthCode),
      /** When it came to be so. */
      since: Type.Integer({ minimum: 0 }),
      /** When it last answered; absent when it never did. */
      ok: Type.Optional(Type.Integer({ minimum: 0 })),
      /** Oldest first. */
      changes: Type.Optional(Type.Array(change, { maxItems: maxHealthChanges })),
    }),
    { maxItems: maxHealth },
  ),
  /** Those beyond. */
  more: Type.Integer({ minimum: 0 }),
});

/** `partly`: one connector or port is answered and another is not. What nobody dialled has no state. */
export const HealthState = Type.Enum(['ok', 'partly', 'failing']);

/** How one connector found one port of a resource. */
export const PortHealth = Type.Object({
  connector: Type.String(),
  port,
  code: Type.Optional(HealthCode),
  since: Type.String(),
  /** When it last answered. */
  lastOk: Type.Optional(Type.String()),
  /** Since the connector started, oldest first; only of a resource that was asked for by itself. */
  changes: Type.Optional(Type.Array(Type.Object({ at: Type.String(), code: Type.Optional(HealthCode) }))),
});

export const ResourceHealth = Type.Object({
  /** The id of the resource. */
  resource: Type.String(),
  name: Type.String(),
  state: HealthState,
  ports: Type.Array(PortHealth),
});

export const ResourceHealthList = Type.Object({
  resources: Type.Array(ResourceHealth),
  /** Connectors that are connected and did not answer, by name. */
  silent: Type.Array(Type.String()),
  /** Ports that connectors did not tell of, because they were too many. */
  more: Type.Integer(),
});

export type HealthCode = Static<typeof HealthCode>;
export type HealthState = Static<typeof HealthState>;
export type AskHealth = Static<typeof AskHealth>;
export type HealthAnswer = Static<typeof HealthAnswer>;
export type PortHealth = Static<typeof PortHealth>;
export type ResourceHealth = Static<typeof ResourceHealth>;
export type ResourceHealthList = Static<typeof ResourceHealthList>;
