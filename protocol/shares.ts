/**
 * What an organisation may have at all connectors and relays together, divided among them: each says now and then what it has
 * and is asked for, and is told how much of it is its own. Whoever knows nothing of this goes on by the whole limit.
 */
import { Type, type Static } from 'typebox';
import { idPattern } from './ids.ts';

/** Organisations in one message of a relay. */
export const maxPassed = 1_000;

const load = {
  /** A connector: open now, whether one was refused since the last message for want of a share. */
  flows: Type.Optional(Type.Integer({ minimum: 0 })),
  wants: Type.Optional(Type.Boolean()),
  /** A relay: what passed within the last so many ms, of organisations of which something did; `waits`: more would have. */
  ms: Type.Optional(Type.Integer({ minimum: 1 })),
  passed: Type.Optional(
    Type.Array(
      Type.Object({
        org: Type.String({ pattern: idPattern('org') }),
        bytes: Type.Integer({ minimum: 0 }),
        waits: Type.Boolean(),
      }),
      { maxItems: maxPassed },
    ),
  ),
};

/** From a connector or relay. */
export const SaidLoad = Type.Object({ id: Type.Optional(Type.Integer()), t: Type.Literal('load'), ...load });

const shares = {
  /** A connector: so many flows may be open there; null: as many as the snapshot says. */
  flows: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
  /** A relay: bytes a second, by organisation; of those that are not named what their tickets say. */
  rates: Type.Optional(Type.Record(Type.String(), Type.Integer({ minimum: 0 }))),
};

/** From the controller. */
export const SaidShares = Type.Object({
  id: Type.Optional(Type.Integer()),
  re: Type.Optional(Type.Integer()),
  t: Type.Literal('shares'),
  ...shares,
});

const Load = Type.Object(load);
const SharesOf = Type.Object(shares);
export type NodeLoad = Static<typeof Load>;
export type Shares = Static<typeof SharesOf>;
