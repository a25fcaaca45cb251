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
 * Whether every certificate for a name that these records allow is one of the given accounts'. No records, or one that names no
 * account: anybody who receives the name's connections may get one. What `issuewild` allows does not count: a wildcard is
 * proven by DNS, which who receives connections cannot do, while names below it are governed by `issue`.
 */
export function isRelayProof(records: readonly CaaRecord[], accounts: readonly AcmeAccount[]): boolean {
  const issue = records.filter(({ tag }) => tag === 'issue');
  // A set without any issue allows every CA.
  return issue.length > 0 && issue.every(({ value }) => isBound(parse(value), accounts));
}

/** Whether these records let the account get a certificate; a `wildcard` one where there are records for those. */
export function allows(
  records: readonly CaaRecord[],
  { ca, account, method }: AcmeAccount,
  wildcard: boolean,
): boolean {
  const wild = records.filter(({ tag }) => tag === 'issuewild');
  const relevant = wildcard && wild.length > 0 ? wild : records.filter(({ tag }) => tag === 'issue');
  if (relevant.length === 0) return true;
  return relevant.some((record) => {
    const parsed = parse(record.value);
    const methods = parsed.parameters.get('validationmethods');
    return (
      parsed.ca === ca.toLowerCase() &&
      (parsed.parameters.get('accounturi') ?? account) === account &&
      (methods === undefined || methods.split(',').includes(method))
    );
  });
}

interface ParsedCaa {
  readonly ca: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function parse(value: string): ParsedCaa {
  const [ca = '', ...parameters] = value.split(';').map((part) => part.trim());
  return {
    ca: ca.toLowerCase(),
    parameters: new Map(
      parameters.map((text) => {
        const at = text.indexOf('=');
        return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
      }),
    ),
  };
}

function isBound({ ca, parameters }: ParsedCaa, accounts: readonly AcmeAccount[]): boolean {
  // No CA at all may issue.
  if (ca === '') return true;
  return accounts.some(
    (account) => account.ca.toLowerCase() === ca && parameters.get('accounturi') === account.account,
  );
}
