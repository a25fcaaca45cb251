/**
 * What administrators may do: roles, and one table of every action with the roles that have it. The controller lets a
 * request through by it, `GET /api/v1/me` tells it, and the pages show only what it allows. A route names its actions; an
 * action that is not in the table does not typecheck.
 */
import { Type, type Static } from 'typebox';

/** Of API tokens: none makes or unmakes owners. */
export const TokenRole = Type.Enum(['admin', 'network', 'access', 'approver', 'auditor', 'support']);
export type TokenRole = Static<typeof TokenRole>;
export const tokenRoles: readonly TokenRole[] = TokenRole.enum;

/** Of people. */
export const Role = Type.Enum(['owner', 'admin', 'network', 'access', 'approver', 'auditor', 'support']);
export type Role = Static<typeof Role>;
export const roles: readonly Role[] = Role.enum;

/** What an API token may be used for, within its role. */
export const Scope = Type.Enum(['read', 'write', 'provision']);
export type Scope = Static<typeof Scope>;
export const scopes: readonly Scope[] = Scope.enum;

interface Rule {
  readonly roles: readonly Role[];
  /** That a token needs; `read` unless said. */
  readonly scope?: Scope;
  /** A person must have signed in within the last minutes: what it does outlasts the session. */
  readonly fresh?: true;
}

const top = ['owner', 'admin'] as const;
/** Everyone who looks after the organisation; an approver sees only what is asked of them. */
const readers = [...top, 'network', 'access', 'auditor', 'support'] as const;

const table = {
  'document.read': { roles: readers },
  /** Networks, resources and zones of the document. */
  'document.write-network': { roles: [...top, 'network'], scope: 'write' },
  /** Groups, service accounts, policies, their tests, posture and serial numbers of the document. */
  'document.write-access': { roles: [...top, 'access'], scope: 'write' },
  /** Name, identity providers, sessions and device approval: who can come in at all. */
  'document.write-sign-in': { roles: top, scope: 'write' },
  'people.read': { roles: readers },
  'people.write': { roles: [...top, 'access'], scope: 'write' },
  'sessions.read': { roles: readers },
  'sessions.end': { roles: [...top, 'access'], scope: 'write' },
  'devices.read': { roles: readers },
  'devices.write': { roles: [...top, 'access'], scope: 'write' },
  'posture.read': { roles: readers },
  'passes.read': { roles: readers },
  'passes.write': { roles: [...top, 'access'], scope: 'write' },
  'networks.read': { roles: readers },
  'requests.read': { roles: [...readers, 'approver'] },
  /** Answers and withdraws requests for access, whoever approves by their rule. */
  'requests.answer': { roles: [...top, 'access', 'approver'], scope: 'write' },
  'webhooks.read': { roles: readers },
  'webhooks.test': { roles: [...top, 'access'], scope: 'write' },
  'mail.read': { roles: readers },
  'mail.test': { roles: [...top, 'access'], scope: 'write' },
  'directories.read': { roles: readers },
  /** Lets a directory go on that was stopped. */
  'directories.resume': { roles: [...top, 'access'], scope: 'write' },
  /** Tokens by which directories come in. */
  'directories.write-tokens': { roles: top, scope: 'write', fresh: true },
  'hostnames.read': { roles: readers },
  /** What people expose from their own machines. */
  'exposures.read': { roles: readers },
  'exposures.end': { roles: [...top, 'network', 'access'], scope: 'write' },
  'servers.read': { roles: readers },
  'servers.write': { roles: [...top, 'network'], scope: 'write' },
  'keys.read': { roles: readers },
  /** Enrolment keys of connectors and relays. */
  'keys.write-servers': { roles: [...top, 'network'], scope: 'provision' },
  /** Enrolment keys of service accounts. */
  'keys.write-services': { roles: [...top, 'access'], scope: 'provision' },
  'simulate.read': { roles: readers },
  'audit.read': { roles: [...top, 'auditor', 'support'] },
  'usage.read': { roles: [...top, 'auditor'] },
  /** What runs and in which version, how far away the records are, what went wrong last. */
  'diagnostics.read': { roles: [...top, 'network', 'support'] },
  'administrators.read': { roles: [...top, 'auditor'] },
  'administrators.write': { roles: top, scope: 'write', fresh: true },
  'tokens.read': { roles: top },
  'tokens.write': { roles: top, scope: 'write', fresh: true },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof table;
export const actions: Readonly<Record<Action, Rule>> = table;

/** What a role may do, in the order of the table. */
export function actionsOf(role: Role): Action[] {
  return (Object.keys(table) as Action[]).filter((action) => actions[action].roles.includes(role));
}

/** Whether a role, and a token's scopes where it is a token that calls, cover an action. */
export function covers(role: Role, action: Action, granted: readonly Scope[] = scopes): boolean {
  const { roles: allowed, scope = 'read' } = actions[action];
  return allowed.includes(role) && granted.includes(scope);
}
