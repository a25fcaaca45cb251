/**
 * How a device changes its keys (WIRE A4 `rotate`): it proves the old ones by the channel and a signature, the new machine
 * key by another, and the new node key by what only it and the controller's control key can compute. All of them over the
 * handshake of this very channel, so that no proof serves a second time.
 */
import { createHmac } from 'node:crypto';
import type { Rotate } from './control.ts';
import { fromBase64Url, toBase64Url } from './encoding.ts';
import { agree, decodeKey, encodeKey, sign, verify, type AgreementKey, type SigningKey } from './keys.ts';
import { sameText } from './secrets.ts';

export interface NodeKeys {
  readonly machineKey: SigningKey;
  readonly nodeKey: AgreementKey;
}

/** The message; undefined when the control key is none that anything could be agreed with. */
export function rotateMessage(
  old: Pick<NodeKeys, 'machineKey'>,
  next: NodeKeys,
  { handshakeHash, controlKey }: { readonly handshakeHash: Uint8Array; readonly controlKey: Uint8Array },
): Rotate | undefined {
  const [mk, nk] = [next.machineKey.publicKey, next.nodeKey.publicKey];
  const shared = agree(next.nodeKey, controlKey);
  if (shared === undefined) return undefined;
  const fields = [handshakeHash, mk, nk];
  return {
    t: 'rotate',
    mk: encodeKey(mk),
    nk: encodeKey(nk),
    old: toBase64Url(sign(old.machineKey, 'rotate', fields)),
    sig: toBase64Url(sign(next.machineKey, 'rotate', fields)),
    agreed: agreement(shared, fields),
  };
}

/** Whether the message proves all four keys. `oldMachineKey` is the one that the node is known by. */
export function provesRotation(
  message: Rotate,
  oldMachineKey: Uint8Array,
  { handshakeHash, control }: { readonly handshakeHash: Uint8Array; readonly control: AgreementKey },
): boolean {
  const [mk, nk] = [decodeKey(message.mk), decodeKey(message.nk)];
  const [old, sig] = [fromBase64Url(message.old), fromBase64Url(message.sig)];
  if (mk === undefined || nk === undefined || old === undefined || sig === undefined) return false;
  const fields = [handshakeHash, mk, nk];
  const shared = agree(control, nk);
  return (
    shared !== undefined &&
    sameText(agreement(shared, fields), message.agreed) &&
    verify(oldMachineKey, 'rotate', fields, old) &&
    verify(mk, 'rotate', fields, sig)
  );
}

function agreement(shared: Buffer, fields: readonly Uint8Array[]): string {
  const mac = createHmac('blake2s256', shared).update('postern/1 rotate\0');
  for (const field of fields) mac.update(field);
  shared.fill(0);
  return mac.digest('base64url');
}
