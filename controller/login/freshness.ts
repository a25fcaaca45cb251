/** Letting a device in by code asks for a sign-in of the last five minutes, by the provider's own word. */

const freshMs = 5 * 60_000;

/** Epoch ms until which the sign-in counts as fresh; undefined when the provider did not say when it was. */
export function freshUntilMs(authMs: number | null | undefined): number | undefined {
  return authMs === null || authMs === undefined ? undefined : authMs + freshMs;
}

export function isFresh(authMs: number | null | undefined, nowMs: number): boolean {
  const untilMs = freshUntilMs(authMs);
  return untilMs !== undefined && nowMs < untilMs;
}
