/** What a node that asks to join says of itself, once its proof of both keys is checked (WIRE A4 `enrol`). */
import type { Enrol } from '../../protocol/control.ts';
import { fromBase64Url } from '../../protocol/encoding.ts';
import { Fault } from '../../protocol/errors.ts';
import { decodeKey, encodeKey, verify } from '../../protocol/keys.ts';
import type { DeviceClaim } from '../enrolment/join-device.ts';
import type { Peer } from './admit-node.ts';

/** The claim in `enrol`. Throws a Fault when the keys it names are not those that the channel and signature prove. */
export function claimOf(enrol: Enrol, { peerKey, handshakeHash, address }: Peer): DeviceClaim {
  const machineKey = decodeKey(enrol.mk);
  const signature = fromBase64Url(enrol.sig);
  const isProven =
    machineKey !== undefined &&
    signature !== undefined &&
    enrol.nk === encodeKey(peerKey) &&
    verify(machineKey, 'enrol', [handshakeHash, peerKey], signature);
  if (!isProven) throw new Fault('denied', 'The proof of this node does not match its keys.');
  const { mk, nk, name, os, version, boot } = enrol;
  const wanted = enrol.for === undefined ? {} : { for: enrol.for };
  return { mk, nk, name: printable(name), os: printable(os), version, boot, address, ...wanted };
}

/** Names are shown to administrators: what does not print is left out. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '').trim();
}
