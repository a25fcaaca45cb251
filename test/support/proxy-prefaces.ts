/** What a balancer writes before a connection's own bytes (PROXY protocol), both versions. */
import type { Ends } from '../../protocol/proxy-preface.ts';

export function textPreface({ source, destination }: Ends): Buffer {
  const family = source.address.includes(':') ? 'TCP6' : 'TCP4';
  const ports = `${source.port} ${destination.port}`;
  return Buffer.from(`PROXY ${family} ${source.address} ${destination.address} ${ports}\r\n`);
}

export function binaryPreface({ source, destination }: Ends, tlvs = Buffer.alloc(0)): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const rest = Buffer.concat([bytesOf(source.address), bytesOf(destination.address), ports, tlvs]);
  const head = Buffer.from([
    0x21,
    source.address.includes(':') ? 0x21 : 0x11,
    rest.length >> 8,
    rest.length & 255,
  ]);
  return Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a', 'hex'), head, rest]);
}

/** An address without an IPv4 tail. */
function bytesOf(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [left, right] = address.split('::').map((side) => side.split(':').filter((group) => group !== ''));
  const [head, tail] = [left ?? [], right ?? []];
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
