/**
 * Every code by which one program tells another, or a person, that something was refused or failed. Codes travel;
 * texts never do: a peer gets the number, and whoever shows it takes the sentence from this table (WIRE A9).
 */

/** The refusal and fault codes of the wire, by name. Numbers are part of the protocol and never reused. */
export const codes = {
  cancelled: 1,
  refused: 2,
  'no-name': 3,
  unreachable: 4,
  timeout: 5,
  denied: 6,
  'address-forbidden': 7,
  expired: 8,
  revoked: 9,
  posture: 10,
  'out-of-contact': 11,
  limit: 12,
  busy: 13,
  draining: 14,
  'no-peer': 15,
  'connector-lost': 16,
  fenced: 17,
  protocol: 18,
  internal: 19,
  'port-not-listed': 20,
} as const;

export type CodeName = keyof typeof codes;
export type Code = (typeof codes)[CodeName];

const namesByCode = new Map<number, CodeName>(
  Object.entries(codes).map(([name, code]) => [code, name as CodeName]),
);

/** The name of a code; `internal` for a number this version does not know. */
export function codeName(code: number): CodeName {
  return namesByCode.get(code) ?? 'internal';
}

/** Goes with `limit`, in a note and a record: the organisation is at what its operator lets it have. */
export const organisationLimit = 'organisation-limit';

/** What each code means, as one sentence for a person. Contains no address, name or value of the other side. */
export const sentences: Record<CodeName, string> = {
  cancelled: 'The flow was cancelled by its own side.',
  refused: 'The application refused the connection.',
  'no-name': 'The connector could not resolve the name.',
  unreachable: 'The connector could not reach the application.',
  timeout: 'The application did not answer in time.',
  denied: 'No policy allows this.',
  'address-forbidden': 'The name leads to an address that this resource may not use.',
  expired: 'The right to use this has expired.',
  revoked: 'The right to use this was taken away.',
  posture: 'This device does not meet what the resource requires.',
  'out-of-contact':
    'The connector has had no contact with the controller for longer than this resource allows.',
  limit: 'A limit was reached.',
  busy: 'The other side is busy; trying again helps.',
  draining: 'The other side is shutting down.',
  'no-peer': 'No connector of that network is attached.',
  'connector-lost': 'The connector was lost.',
  fenced: 'A newer process of the same node took over.',
  protocol: 'The other side broke the protocol.',
  internal: 'Something unexpected failed.',
  'port-not-listed': 'The resource does not list this port.',
};

/**
 * A failure that one program reports to another or to the person. `code` decides what travels and which exit code the
 * command line uses; `message` stays on this side.
 */
export class Fault extends Error {
  readonly code: CodeName;

  constructor(code: CodeName, message: string = sentences[code], options?: ErrorOptions) {
    super(message, options);
    this.name = 'Fault';
    this.code = code;
  }
}

/** The fault inside any thrown value: itself, or `internal` with the original as cause. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('internal', error instanceof Error ? error.message : String(error), { cause: error });
}

/** Exit codes of the command line. */
export const exits = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  notSignedIn: 3,
  denied: 4,
  posture: 5,
  controllerUnreachable: 6,
  relayOrConnectorOffline: 7,
  targetRefused: 8,
  timeout: 9,
  needsPrivilege: 10,
  tooOld: 11,
} as const;

export type ExitCode = (typeof exits)[keyof typeof exits];

/** The exit code that belongs to a wire code (WIRE A9). */
export function exitOf(code: CodeName): ExitCode {
  switch (code) {
    case 'refused':
    case 'no-name':
    case 'unreachable':
    case 'address-forbidden':
      return exits.targetRefused;
    case 'timeout':
      return exits.timeout;
    case 'denied':
    case 'expired':
    case 'revoked':
    case 'port-not-listed':
      return exits.denied;
    case 'posture':
      return exits.posture;
    case 'out-of-contact':
    case 'draining':
    case 'no-peer':
    case 'connector-lost':
      return exits.relayOrConnectorOffline;
    default:
      return exits.unexpected;
  }
}
