/**
 * A device takes new keys (WIRE A4 `rotate`): with proof of the old and the new they change places in one transaction, for
 * every owner the machine has here. What was signed for the old keys is honoured a little longer, for the flows that are
 * open; the old keys themselves open nothing from that instant on.
 */
import type { FromController, Rotate } from '../../protocol/control.ts';
import { Fault } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { decodeKey } from '../../protocol/keys.ts';
import { provesRotation } from '../../protocol/rotation.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { sweepSuperseded } from '../decisions/superseded.ts';
import type { Admitted } from './act-for-node.ts';

/** Changes the keys and says so with `send`. Throws a Fault when the proof does not hold or the keys are taken. */
export async function rotateKeys(
  context: ControllerContext,
  { organisation, node }: Admitted,
  message: Rotate,
  handshakeHash: Uint8Array,
  send: (answer: FromController) => void,
): Promise<void> {
  const { store } = context.organisation(organisation);
  const nowMs = context.now();
  const device = node as DeviceId;
  await store.transaction(async (tx) => {
    const before = await tx
      .select('nodes')
      .select(['mk', 'nk', 'state'])
      .where('id', '=', device)
      .executeTakeFirst();
    const machineKey = before === undefined ? undefined : decodeKey(before.mk);
    const { control } = context.keys;
    if (
      before === undefined ||
      machineKey === undefined ||
      !provesRotation(message, machineKey, { handshakeHash, control })
    ) {
      throw new Fault('protocol', 'The proof of the new keys does not hold.');
    }
    if (before.state !== 'active') throw new Fault('denied', 'This device may not take new keys now.');
    const taken = await tx
      .select('nodes')
      .select('id')
      .where((eb) => eb.or([eb('mk', '=', message.mk), eb('nk', '=', message.nk)]))
      .executeTakeFirst();
    if (taken !== undefined) throw new Fault('protocol', 'The new keys are known already.');
    const sameMachine = await tx
      .select('nodes')
      .select(['id', 'nk'])
      .where('kind', '=', 'device')
      .where('mk', '=', before.mk)
      .execute();
    for (const { id, nk } of sameMachine) {
      await tx
        .update('nodes')
        .set({ mk: message.mk, keys_ms: nowMs, ...(nk === before.nk ? { nk: message.nk } : {}) })
        .where('id', '=', id)
        .execute();
      await tx
        .update('issued_tokens')
        .set({ superseded_ms: nowMs })
        .where('node', '=', id)
        .where('superseded_ms', 'is', null)
        .execute();
    }
    const detail = { device, before: { nodeKey: before.nk }, after: { nodeKey: message.nk } };
    await appendAudit(tx, [{ atMs: nowMs, who: device, what: 'device.rotate', result: 'done', detail }]);
  });
  send({ t: 'rotated', mk: message.mk, nk: message.nk });
  await context.publish(organisation, { kind: 'device', device });
  await sweepSuperseded(context, organisation);
}
