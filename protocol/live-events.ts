/**
 * What the controller tells a dashboard that listens (`GET /api/v1/events`, server-sent events): only of what kind
 * something is that has changed. What it is now is read by those who may.
 */

export const liveKinds = [
  'document',
  'people',
  'devices',
  'sessions',
  'servers',
  'requests',
  'exposures',
  'passes',
  'settings',
  'log',
] as const;
export type LiveKind = (typeof liveKinds)[number];
