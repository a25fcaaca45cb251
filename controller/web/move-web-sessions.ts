/**
 * A person signs in anew in the same browser: what it has open at public hostnames goes on under the new session, as far as
 * that allows it, so that a second tab or a stronger sign-in interrupts nothing.
 */
import type { Id, NetworkId } from '../../protocol/ids.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { subjectOf } from '../decisions/seat.ts';
import { claimsIn, mintWebSession } from './web-sessions.ts';
import { rightAtHost, visitorOf } from './web-right.ts';

/** Before the earlier session ends; both are of the same person. The old tokens fall with that session. */
export async function moveWebSessions(
  context: ControllerContext,
  { id: organisation, store, reader }: Organisation,
  from: Id<'ses'>,
  to: Id<'ses'>,
): Promise<void> {
  const told = await store.transaction(async (tx) => {
    const rows = await tx.select('web_sessions').selectAll().where('session', '=', from).execute();
    const session = await tx.select('sessions').selectAll().where('id', '=', to).executeTakeFirst();
    const byNetwork = new Map<NetworkId, string[]>();
    if (session === undefined || rows.length === 0) return byNetwork;
    const state = await reader.current(tx);
    const subject = await subjectOf(tx, state, session.subject);
    const nowMs = context.now();
    for (const row of rows) {
      const addresses = JSON.parse(row.addresses) as string[];
      const right =
        subject === undefined
          ? undefined
          : rightAtHost(state, visitorOf(subject, session, addresses), session, row.host, nowMs);
      if (right?.terms !== row.terms) continue;
      const { ch, src } = claimsIn(row);
      const claims = { host: row.host, ch, addresses, ...(src === undefined ? {} : { src }) };
      const { token } = await mintWebSession(context, organisation, tx, session, right, claims);
      byNetwork.set(row.network, [...(byNetwork.get(row.network) ?? []), token]);
    }
    return byNetwork;
  });
  for (const [network, list] of told) context.bus.publish(organisation, { kind: 'web', network, list });
}
