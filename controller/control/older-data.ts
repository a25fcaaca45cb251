/**
 * A connector or relay that knows a newer epoch than the store shows that the data was put back to an earlier state: what
 * was revoked in between is known to nobody here. Verifiers refuse such a controller's beats, and the operator is told.
 */
import type { NodeId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';

/** Says so in the log and in the audit log when `epoch`, which the node came with, is ahead of the store. */
export async function noticeOlderData(
  { log, now }: ControllerContext,
  { store, reads }: Pick<Organisation, 'store' | 'reads'>,
  node: NodeId,
  epoch: number | undefined,
): Promise<void> {
  if (epoch === undefined) return;
  const own = await reads.epoch();
  if (epoch <= own) return;
  log.error(
    { node, epoch, own },
    `the data of this controller is older than what ${node} has seen of it, so revocations are missing; ` +
      'stop it and put the newest data back: until then connectors refuse what they would honour in contact only',
  );
  await appendAudit(store, [
    {
      atMs: now(),
      who: node,
      what: 'store.behind',
      result: 'failed',
      reasons: ['older-data'],
      detail: { epoch, own },
    },
  ]);
}
