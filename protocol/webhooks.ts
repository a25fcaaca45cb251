/** Webhooks as administrators see them: what became of what they were told. */
import { Type, type Static } from 'typebox';

export const WebhookEntry = Type.Object({
  name: Type.String(),
  url: Type.String(),
  decides: Type.Boolean(),
  /** When it last took what it was told. */
  told: Type.Optional(Type.String()),
  fault: Type.Optional(Type.String()),
  /** What it has not been told yet. */
  waiting: Type.Integer(),
});
export type WebhookEntry = Static<typeof WebhookEntry>;

/** How one test went. */
export const WebhookTested = Type.Object({
  ok: Type.Boolean(),
  ms: Type.Integer(),
  fault: Type.Optional(Type.String()),
});
export type WebhookTested = Static<typeof WebhookTested>;
