/**
 * What the controller tells a dashboard that listens (`GET /api/v1/events`, server-sent events): only of what kind
 * something is that has changed. What it is now is read by those who may.
 * The portal hears of what is the person's own, in the same way.
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

/** What `GET /api/v1/me/events` tells a person of: which of the things that the portal shows them is another now. */
export const ownKinds = [
  'me',
  'devices',
  'sessions',
  'passes',
  'requests',
  'approvals',
  'resources',
] as const;
export type OwnKind = (typeof ownKinds)[number];
