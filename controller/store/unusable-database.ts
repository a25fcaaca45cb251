/**
 * The database cannot be used: at the start a person can mend it, and later it is waited for. The message says what
 * happened, and names no password.
 */

/** `away`: it may come back. `refused`: it will not do until somebody changes something. */
export class UnusableDatabase extends Error {
  readonly state: 'away' | 'refused';

  constructor(state: 'away' | 'refused', message: string, cause?: unknown) {
    super(message, { cause });
    this.state = state;
  }
}

/** Codes of the system and of PostgreSQL (its appendix A), and what each means. */
const faults: Readonly<Record<string, readonly [UnusableDatabase['state'], string]>> = {
  ECONNREFUSED: ['away', 'nothing listens at that address'],
  ECONNRESET: ['away', 'it closed the connection'],
  EPIPE: ['away', 'it closed the connection'],
  ETIMEDOUT: ['away', 'it does not answer'],
  EHOSTUNREACH: ['away', 'its address cannot be reached'],
  ENETUNREACH: ['away', 'its address cannot be reached'],
  EAI_AGAIN: ['away', 'its name cannot be resolved now'],
  ENOTFOUND: ['refused', 'there is no such host'],
  ENOENT: ['refused', 'there is no such socket'],
  '08006': ['away', 'it closed the connection'],
  '25P03': ['away', 'this program was stopped in the middle of a transaction for too long'],
  '28000': ['refused', 'it does not let this user in'],
  '28P01': ['refused', 'the password is wrong'],
  '3D000': ['refused', 'there is no such database'],
  '42501': ['refused', 'this user may not make tables there'],
  '53100': ['away', 'its disk is full'],
  '53200': ['away', 'it has no memory left'],
  '53300': ['away', 'it has too many connections'],
  '57014': ['away', 'a statement took too long'],
  '57P01': ['away', 'it is shutting down'],
  '57P02': ['away', 'it has crashed'],
  '57P03': ['away', 'it is starting'],
};

/** The error itself, or `UnusableDatabase` where it is the database that cannot be used. */
export function databaseFault(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UnusableDatabase) return error;
  // Of several addresses of one name, each of which failed.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  const [state, what] = faults[code] ?? wordsOf(error.message) ?? [];
  if (state === undefined || what === undefined) return error;
  return new UnusableDatabase(state, `the database cannot be used: ${what}`, error);
}

/** What `pg` says without a code. */
function wordsOf(message: string): readonly [UnusableDatabase['state'], string] | undefined {
  if (/timeout/i.test(message)) return ['away', 'it does not answer'];
  if (/connection (error|terminated)|not queryable|connection ended/i.test(message))
    return ['away', 'it closed the connection'];
  if (/does not support SSL/i.test(message))
    return ['refused', 'it speaks no TLS; say sslmode=disable where its network is private'];
  if (/password must be a string/i.test(message)) return ['refused', 'it asks for a password'];
  return undefined;
}
