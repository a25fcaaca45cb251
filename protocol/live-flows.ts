/**
 * Flows that are open now, as the connectors that carry them say: the schemas of the control channel's messages and of the
 * API alike. Nothing of it is kept anywhere; the log has what was.
 */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';
import { numbered, question } from './message-form.ts';

/** Of one connector; the newest. */
export const maxLiveFlows = 500;

const flowId = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' });

/** One that is open. */
const LiveFlow = Type.Object({
  flow: flowId,
  /** Epoch milliseconds. */
  since: Type.Integer({ minimum: 0 }),
  device: Type.Optional(Type.String({ pattern: idPattern('dev') })),
  /** Absent: nobody's, on a public path. */
  subject: Type.Optional(Type.String({ maxLength: 64 })),
  resource: Type.String({ pattern: idPattern('res') }),
  host: Type.String({ maxLength: 253 }),
  port: Type.Integer(),
  /** Absent for TCP. `web`: to a public hostname. */
  kind: Type.Optional(Type.Union([Type.Literal('udp'), Type.Literal('web')])),
  /** Bytes so far; absent for a browser's request. */
  up: Type.Optional(Type.Integer({ minimum: 0 })),
  down: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** To a connector: which flows are open? With `cut`: end that one first. One that does not know it ignores it. */
export const AskFlows = Type.Object({
  ...numbered,
  t: Type.Literal('flows'),
  question,
  cut: Type.Optional(flowId),
});

/** What a connector answers. */
export const FlowsAnswer = Type.Object({
  ...numbered,
  t: Type.Literal('flowing'),
  question,
  list: Type.Array(LiveFlow, { maxItems: maxLiveFlows }),
  /** Those beyond. */
  more: Type.Integer({ minimum: 0 }),
  /** Whether there was such a flow to cut. */
  cut: Type.Optional(Type.Boolean()),
});

/** One as the API tells it. */
export const LiveFlowEntry = Type.Object({
  connector: Type.String(),
  connectorName: Type.String(),
  network: Type.String(),
  flow: Type.String(),
  since: Type.String(),
  subject: Type.Optional(Type.String()),
  /** A person's address or name, a service account's name, or a guest's address. */
  subjectName: Type.String(),
  device: Type.Optional(Type.String()),
  deviceName: Type.Optional(Type.String()),
  resource: Type.String(),
  host: Type.String(),
  port: Type.Integer(),
  kind: Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('web')]),
  bytesUp: Type.Optional(Type.Integer()),
  bytesDown: Type.Optional(Type.Integer()),
});

export const LiveFlowList = Type.Object({
  flows: Type.Array(LiveFlowEntry),
  /** Open flows that are not listed. */
  more: Type.Integer(),
  /** Connectors that are connected and did not answer, by name. */
  silent: Type.Array(Type.String()),
});

export type LiveFlow = Static<typeof LiveFlow>;
export type AskFlows = Static<typeof AskFlows>;
export type FlowsAnswer = Static<typeof FlowsAnswer>;
export type LiveFlowEntry = Static<typeof LiveFlowEntry>;
export type LiveFlowList = Static<typeof LiveFlowList>;
