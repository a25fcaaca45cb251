/** What went wrong with a query that has no data: also while it is asked for again, which forgets the error at once. */
import { useState } from 'react';

/** Undefined once there is data, and before anything went wrong. */
export function useFailure({
  data,
  error,
}: {
  readonly data: unknown;
  readonly error: Error | null;
}): Error | undefined {
  const [failed, setFailed] = useState<Error>();
  if (error !== null && error !== failed) setFailed(error);
  return data === undefined ? (error ?? failed) : undefined;
}
