/** One event of a flow, as a connector writes it down and the controller keeps it. */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';

/** One flow as the connector saw it. `seq` grows by one per connector; `at` in epoch ms. */
export const FlowRecord = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  at: Type.Integer(),
  event: Type.Union([Type.Literal('open'), Type.Literal('close'), Type.Literal('refused')]),
  flow: Type.String({ maxLength: 64 }),
  device: Type.Optional(Type.String({ pattern: idPattern('dev') })),
  /** Absent: the client door. */
  door: Type.Optional(Type.Literal('web')),
  /** The web session, service token or device pass by which it came through the web door. */
  web: Type.Optional(Type.String({ pattern: idPattern('tok') })),
  subject: Type.Optional(Type.String({ pattern: '^(usr|svc)_' })),
  resource: Type.Optional(Type.String({ maxLength: 64 })),
  host: Type.Optional(Type.String({ maxLength: 253 })),
  port: Type.Optional(Type.Integer()),
  /** Absent for TCP. `web`: to a public hostname, by the client door. */
  kind: Type.Optional(Type.Union([Type.Literal('udp'), Type.Literal('web')])),
  /** The name of the wire code: why it was refused, or what ended it. */
  code: Type.Optional(Type.String({ maxLength: 32 })),
  /** Why the controller took it away, when it did; of the web door, what refused or ended it there. */
  cause: Type.Optional(Type.String({ maxLength: 64 })),
  /** The browser's, as the relay saw it: of a request that was refused, or was nobody's, on a public path. */
  address: Type.Optional(Type.String({ maxLength: 45 })),
  method: Type.Optional(Type.String({ maxLength: 32 })),
  /** Without the query. */
  path: Type.Optional(Type.String({ maxLength: 256 })),
  /** The paths of the rule that refused. */
  rule: Type.Optional(Type.String({ maxLength: 256 })),
  /** This record stands for so many, of which it tells the last; absent: for one. */
  count: Type.Optional(Type.Integer({ minimum: 1 })),
  bytesUp: Type.Optional(Type.Integer()),
  bytesDown: Type.Optional(Type.Integer()),
});

export type FlowRecord = Static<typeof FlowRecord>;
