/** What went wrong while a certificate was ordered, as a sentence for the operator with what to do next. */

/** Types of RFC 8555 section 6.7 without their prefix, and what never reached the CA. */
export type ProblemKind = 'unreachable' | 'hook' | 'state' | 'answer' | (string & {});

export class AcmeProblem extends Error {
  readonly kind: ProblemKind;
  /** How long the CA asks to wait; undefined where it says nothing. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: ProblemKind, detail: string, retryAfterMs?: number) {
    super(detail);
    this.name = 'AcmeProblem';
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Of the report to the controller. */
const mostCharacters = 512;

/** What to do about each kind; where nothing stands here, what happened says enough. */
const remedies: Partial<Record<string, string>> = {
  unreachable: 'check the network and --acme-directory, and --acme-ca where the CA is private',
  externalAccountRequired: 'give --acme-eab-key-id and --acme-eab-hmac-key-file as the CA told you',
  accountBinding: 'check --acme-eab-key-id and --acme-eab-hmac-key-file',
  caa: 'postern hostname check shows the CAA record to set',
  dns: 'postern hostname check shows which record is missing',
  connection: 'the name must lead to the relay, and port 443 there to its web door',
  unauthorized: 'the name must lead to the relay, and port 443 there to its web door',
  tls: 'the name must lead to the relay, and port 443 there to its web door',
  rejectedIdentifier: 'the CA gives none for this name; use --web-certs or web.certificate: built-in',
  rateLimited: 'nothing has to be done; it is tried again when the CA allows',
};

/** At most 512 characters, on one line. */
export function problemText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const said = message.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim() || 'the CA refused without a reason';
  const remedy = error instanceof AcmeProblem ? remedies[error.kind] : undefined;
  const room = mostCharacters - (remedy === undefined ? 0 : remedy.length + 2);
  return remedy === undefined ? said.slice(0, room) : `${said.slice(0, room)}: ${remedy}`;
}
