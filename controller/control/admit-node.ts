/**
 * A node that has enrolled says hello: whether it is who it says, and for a device whether its process is the newest of
 * its kind. A process that was replaced and comes back means two copies of the key.
 */
import { decodeKey, encodeKey, verify } from '../../protocol/keys.ts';
import { fromBase64Url } from '../../protocol/encoding.ts';
import type { DeviceId, Id, NodeId } from '../../protocol/ids.ts';
import type { Hello } from '../../protocol/control.ts';
import type { ControllerContext } from '../context.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { nextChannel } from './channels.ts';
import { endSessions } from '../sessions/end-sessions.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** So long a replaced process that comes back is taken for a second copy. */
const copyWindowMs = 24 * 3_600_000;

/** What the secure channel has proven and where it came from. */
export interface Peer {
  readonly peerKey: Buffer;
  readonly handshakeHash: Buffer;
  readonly address: string;
}

export type Admission =
  | {
      readonly state: 'admitted';
      readonly node: NodesTable;
      /** The number of the channel it has come on. */
      readonly channel: number;
    }
  | { readonly state: 'unknown' }
  | { readonly state: 'blocked' };

/** Checks keys and proof against the stored node and notes the process. */
export async function admitNode(context: ControllerContext, hello: Hello, peer: Peer): Promise<Admission> {
  const node = await context.store.node(hello.node as NodeId);
  if (node === undefined || node.kind !== hello.kind || !proves(hello, node, peer))
    return { state: 'unknown' };
  const nowMs = context.now();
  const url = node.kind === 'relay' ? (relayUrl(hello.url) ?? node.url) : node.url;
  const told = { version: hello.version, address: peer.address, seen_ms: nowMs, url };
  const written = await context.organisation(node.organisation).commits.run(async (tx) => {
    // It waits here for those who came before it: what was done to it meanwhile counts.
    const { id } = node;
    const row = await tx
      .update('nodes')
      .set(told)
      .where('id', '=', id)
      .where('state', '!=', 'blocked')
      .returning('state')
      .executeTakeFirst();
    if (row === undefined) return tx.select('nodes').select('state').where('id', '=', id).executeTakeFirst();
    const noted = node.kind === 'device' && row.state === 'active';
    const copies = noted ? await noteBoot(tx, id as DeviceId, hello.boot, nowMs) : [];
    return { state: row.state, copies, channel: await nextChannel(tx, id) };
  });
  if (written === undefined) return { state: 'unknown' };
  if (!('channel' in written)) return { state: 'blocked' };
  const { copies, channel } = written;
  if (copies.length > 0) {
    await endSessions(context, node.organisation, copies, { reason: 'fenced', who: 'controller' });
    // The alarm shows on the owner's other devices.
    if (node.owner?.startsWith('usr_') === true)
      await context.publish(node.organisation, { kind: 'person', person: node.owner as Id<'usr'> });
  }
  // Policies may ask where it comes from, so what was right at the old address is taken back before it is told anything.
  if (node.kind === 'device' && node.address !== peer.address) {
    await context.publish(node.organisation, { kind: 'device', device: node.id as DeviceId });
  }
  if (node.kind !== 'device' && (url !== node.url || nowMs - node.seen_ms > copyWindowMs)) {
    await context.publish(node.organisation, { kind: 'servers', relay: node.kind === 'relay' });
  }
  return { state: 'admitted', node: { ...node, ...told }, channel };
}

/** The origin of a relay's public URL; undefined when it is none that a node could dial. */
export function relayUrl(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.origin : undefined;
}

function proves(hello: Hello, node: NodesTable, { peerKey, handshakeHash }: Peer): boolean {
  const machineKey = decodeKey(hello.mk);
  const signature = fromBase64Url(hello.sig);
  return (
    machineKey !== undefined &&
    signature !== undefined &&
    hello.mk === node.mk &&
    encodeKey(peerKey) === node.nk &&
    verify(machineKey, 'control', [handshakeHash], signature)
  );
}

/**
 * Makes this process the device's newest. Returns the sessions to end when it is one that was replaced before: then the
 * device is suspended.
 */
async function noteBoot(
  tx: ScopedStore,
  device: DeviceId,
  boot: string,
  nowMs: number,
): Promise<Id<'ses'>[]> {
  const row = await tx
    .select('boots')
    .select('fenced_ms')
    .where('node', '=', device)
    .where('boot', '=', boot)
    .executeTakeFirst();
  if (row !== undefined && row.fenced_ms !== null && nowMs - row.fenced_ms < copyWindowMs) {
    await tx.update('nodes').set({ state: 'suspended' }).where('id', '=', device).execute();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who: device,
        what: 'device.suspend',
        result: 'done',
        cause: 'fenced',
        detail: { device },
      },
    ]);
    const open = await tx
      .select('sessions')
      .select('id')
      .where('device', '=', device)
      .where('ended_ms', 'is', null)
      .execute();
    return open.map(({ id }) => id);
  }
  await tx
    .update('boots')
    .set({ fenced_ms: nowMs })
    .where('node', '=', device)
    .where('boot', '!=', boot)
    .where('fenced_ms', 'is', null)
    .execute();
  await tx
    .delete('boots')
    .where('node', '=', device)
    .where('fenced_ms', '<', nowMs - copyWindowMs)
    .execute();
  await tx
    .insert('boots', { node: device, boot, fenced_ms: null, seen_ms: nowMs })
    .onConflict((conflict) =>
      conflict.columns(['node', 'boot']).doUpdateSet({ fenced_ms: null, seen_ms: nowMs }),
    )
    .execute();
  return [];
}
