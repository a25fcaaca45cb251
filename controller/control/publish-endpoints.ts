/**
 * A connector says where it can be reached without a relay. What has no form of an endpoint is dropped; which of the rest
 * devices are told of is decided when they are told (`decisions/direct-endpoints.ts`), since the document may change.
 */
import { formatEndpoint, maxEndpoints, parseEndpoint } from '../../protocol/endpoints.ts';
import type { ConnectorId, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';

/** Keeps the list in place of the one before, and tells whoever it concerns when it is another. */
export async function publishEndpoints(
  context: ControllerContext,
  organisation: OrganisationId,
  connector: ConnectorId,
  said: readonly string[],
): Promise<void> {
  const endpoints = said.flatMap((text) => {
    const endpoint = parseEndpoint(text);
    return endpoint === undefined ? [] : [formatEndpoint(endpoint)];
  });
  const list = [...new Set(endpoints)].slice(0, maxEndpoints);
  const direct = list.length === 0 ? null : JSON.stringify(list);
  const changed = await context.organisation(organisation).commits.run(async (tx) => {
    const row = await tx.select('nodes').select('direct').where('id', '=', connector).executeTakeFirst();
    if (row === undefined || row.direct === direct) return false;
    await tx.update('nodes').set({ direct }).where('id', '=', connector).execute();
    await appendAudit(tx, [
      {
        atMs: context.now(),
        who: connector,
        what: 'connector.publish',
        result: 'done',
        detail: { direct: list },
      },
    ]);
    return true;
  });
  if (changed) await context.publish(organisation, { kind: 'servers' });
}
