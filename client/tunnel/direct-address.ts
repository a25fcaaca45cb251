/** Which addresses a published endpoint may lead this device to: none that Postern itself gives to names, nor none at all. */
import { BlockList, isIPv6 } from 'node:net';
import { addressAt, sizeOf, type AddressRange } from '../dns/address-range.ts';

const nobodys = new BlockList();
nobodys.addSubnet('0.0.0.0', 8, 'ipv4');
nobodys.addSubnet('224.0.0.0', 3, 'ipv4');
nobodys.addAddress('::', 'ipv6');
nobodys.addSubnet('ff00::', 8, 'ipv6');

/** @param synthetic the range of addresses that are given to names now; undefined while none are */
export function mayDialDirectly(address: string, synthetic: AddressRange | undefined): boolean {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (nobodys.check(address, family)) return false;
  if (synthetic === undefined) return true;
  const own = new BlockList();
  own.addRange(addressAt(synthetic, 0), addressAt(synthetic, sizeOf(synthetic) - 1), 'ipv4');
  return !own.check(address, family);
}
