/** The exit code of a client that could not start: at that point what was not reached is the controller. */
import { SystemUnsuited } from '../client/system/system-unsuited.ts';
import { exitOf, exits, type ExitCode, type Fault } from '../protocol/errors.ts';

export function exitOfStart(fault: Fault): ExitCode {
  if (fault instanceof SystemUnsuited) return exits.needsPrivilege;
  const { code } = fault;
  if (code === 'unreachable' || code === 'timeout') return exits.controllerUnreachable;
  return code === 'expired' || code === 'revoked' ? exits.notSignedIn : exitOf(code);
}
