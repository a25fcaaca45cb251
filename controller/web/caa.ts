/**
 * What CAA records say of a public hostname (RFC 8659, RFC 8657): whether only the connectors' own ACME account may get a
 * certificate for it. Then a relay, which everybody's connections pass, cannot get one for itself.
 */

/** One CAA record, as resolvers give it. */
export interface CaaRecord {
  readonly tag: 'issue' | 'issuewild' | 'other';
  readonly value: string;
}

/** With what account and by which CA a connector gets its certificates. */
export interface AcmeAccount {
  /** As CAA records name the CA. */
  readonly ca: string;
  readonly account: string;
  readonly method: 'tls-alpn-01' | 'dns-01';
}

/** The record that shuts everybody else out. */
export function caaValueOf({ ca, account, method }: AcmeAccount): string {
  return `${ca}; accounturi=${account}; validationmethods=${method}`;
}

/**
 * Whether every certificate that these records allow is one of the given accounts'. No records, or one that names no
 * account: anybody who receives the name's connections may get one.
 */
export function isRelayProof(
  records: readonly CaaRecord[],
  accounts: readonly AcmeAccount[],
  wildcard: boolean,
): boolean {
  const wild = records.filter(({ tag }) => tag === 'issuewild');
  const relevant = wildcard && wild.length > 0 ? wild : records.filter(({ tag }) => tag === 'issue');
  // For names that stand for themselves issuewild says nothing, and a set without any issue allows every CA.
  return relevant.length > 0 && relevant.every(({ value }) => isBound(value, accounts));
}

function isBound(value: string, accounts: readonly AcmeAccount[]): boolean {
  const [ca = '', ...parameters] = value.split(';').map((part) => part.trim());
  // No CA at all may issue.
  if (ca === '') return true;
  const given = new Map(
    parameters.map((text) => {
      const at = text.indexOf('=');
      return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
    }),
  );
  return accounts.some(
    (account) => account.ca.toLowerCase() === ca.toLowerCase() && given.get('accounturi') === account.account,
  );
}
