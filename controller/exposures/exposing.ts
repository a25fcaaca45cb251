/** Who exposes something from a device, and whether they may: decided by the organisation's policies, refusals recorded. */
import type { DeviceId, Id } from '../../protocol/ids.ts';
import { reasonLine } from '../../protocol/reasons.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { seatOf, type Seat } from '../decisions/seat.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { exposingRight } from './exposing-right.ts';

/** What a service account is told. */
export const exposedByPeople = 'People expose ports; this device belongs to a service account.';

/** A person who may expose. */
export interface Exposing {
  readonly state: OrganisationState;
  readonly person: Id<'usr'>;
  readonly subject: Seat['subject'];
  /** When their session ends, epoch ms. */
  readonly untilMs: number;
}

/**
 * Whoever is signed in on the device; or why they may not, a value because its record has to be committed. Throws a
 * `ProblemError` where nobody could.
 */
export async function exposingOn(
  tx: ScopedStore,
  state: OrganisationState,
  device: DeviceId,
  { port, nowMs }: { readonly port: number; readonly nowMs: number },
): Promise<Exposing | { readonly refused: ProblemError }> {
  const seat = await seatOf(tx, state, device);
  if (seat === undefined || seat.subject.kind !== 'person')
    throw new ProblemError('not-allowed', exposedByPeople);
  const person = seat.subject.id as Id<'usr'>;
  const right = exposingRight(state, seat, nowMs);
  if (right.may) return { state, person, subject: seat.subject, untilMs: seat.session.untilMs };
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who: person,
      what: 'exposure.begin',
      result: 'refused',
      reasons: right.reasons.map(({ name }) => name),
      detail: { device, port },
    },
  ]);
  const text = right.reasons.map((reason) => reasonLine({ name: reason.name })).join(' ');
  const refused =
    right.why === 'signed-out'
      ? new ProblemError('not-authenticated', text)
      : new ProblemError('not-allowed', `You may not expose anything. ${text}`);
  return { refused };
}
