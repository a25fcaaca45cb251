/** A connector redeems the code that a browser brought (WIRE A10): checked, decided once more, and answered with a web session. */
import type { NetworkId, OrganisationId } from '../../protocol/ids.ts';
import { parseName } from '../../protocol/names.ts';
import type { Redeem } from '../../protocol/web-messages.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { noteFirstRights } from '../decisions/last-uses.ts';
import { subjectOf } from '../decisions/seat.ts';
import { plainAddressOf } from '../source/address-words.ts';
import { mintWebSession } from './web-sessions.ts';
import { rightAtHost, visitorOf } from './web-right.ts';
import { takeWebCode } from './web-codes.ts';

/** The web session; undefined when the code is no good here or the right is gone: one answer for all. */
export async function redeemWebCode(
  context: ControllerContext,
  organisation: OrganisationId,
  network: NetworkId,
  { code, verifier, host, ch, addr }: Redeem,
): Promise<string | undefined> {
  const { store, reader } = context.organisation(organisation);
  return store.transaction(async (tx) => {
    const nowMs = context.now();
    const name = parseName(host);
    const taken = await takeWebCode(tx, { code, verifier, host, network }, nowMs);
    if (taken === undefined || name === undefined) return undefined;
    const state = await reader.current(tx);
    const session = await tx
      .select('sessions')
      .selectAll()
      .where('id', '=', taken.session)
      .executeTakeFirst();
    const subject = session === undefined ? undefined : await subjectOf(tx, state, session.subject);
    if (session === undefined || subject === undefined) return undefined;
    const src = addr === undefined ? undefined : plainAddressOf(addr);
    const addresses = [taken.address, ...(src === undefined ? [] : [src])];
    const right = rightAtHost(state, visitorOf(subject, session, addresses), session, name, nowMs);
    if (right === undefined || right.resource.network.id !== network) return undefined;
    await noteFirstRights(tx, state, subject, [right.resource], nowMs);
    const claims = { host: name, ch, addresses, ...(src === undefined ? {} : { src }) };
    const { id, token } = await mintWebSession(context, organisation, tx, session, right, claims);
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who: subject.id,
        what: 'web.begin',
        resource: right.resource.definition.name,
        result: 'allowed',
        detail: {
          door: 'web',
          host,
          web: id,
          session: session.id,
          address: src ?? taken.address,
          ...(subject.kind === 'guest' ? { guest: subject.email } : {}),
        },
      },
    ]);
    return token;
  });
}
