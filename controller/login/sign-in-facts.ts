/** The sign-in behind a session, in the form that decisions take. */
import type { SeatSession } from '../decisions/seat.ts';
import type { SessionsTable } from '../store/tables/people.ts';

export type SignInFacts = Pick<SeatSession, 'startedMs' | 'authMs' | 'amr' | 'acr'> & {
  /** The browser's, where it is known. */
  readonly address?: string;
};

/** What a session says of its sign-in, as decisions take it. */
export function signInFacts(row: SessionsTable): SignInFacts {
  return {
    startedMs: row.started_ms,
    address: row.address,
    amr: JSON.parse(row.amr) as string[],
    ...(row.auth_ms === null ? {} : { authMs: row.auth_ms }),
    ...(row.acr === null ? {} : { acr: row.acr }),
  };
}
