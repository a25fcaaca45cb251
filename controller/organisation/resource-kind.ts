/** What kind of thing a resource is, for people to find it by: read off its web door and its ports, and nothing rests on it. */
import type { ResourceKind } from '../../protocol/inventory.ts';
import type { ResourceDocument } from '../../protocol/organisation-document.ts';
import { parsePortRange } from '../../protocol/ports.ts';

const tcpKinds: ReadonlyMap<number, ResourceKind> = new Map([
  ...[80, 443, 3000, 5000, 8000, 8080, 8443, 8888].map((port) => [port, 'web'] as const),
  ...[1433, 1521, 3306, 5432, 6379, 9042, 9200, 27017].map((port) => [port, 'database'] as const),
  [22, 'ssh'],
  [3389, 'rdp'],
  [5900, 'vnc'],
]);

/** One whose ports are of several kinds is of none of them: `tcp`, or `udp` where it has no other. */
export function resourceKind({ address, ports, web }: ResourceDocument): ResourceKind {
  if (web !== undefined) return 'web';
  if (address.includes('/')) return 'range';
  const ranges = ports.flatMap((text) => parsePortRange(text) ?? []);
  if (ranges.every(({ transport }) => transport === 'udp')) return 'udp';
  const kinds = new Set(
    ranges
      .filter(({ transport }) => transport === 'tcp')
      .map(({ from, to }) => (from === to ? (tcpKinds.get(from) ?? 'tcp') : 'tcp')),
  );
  const [kind = 'tcp'] = kinds;
  return kinds.size === 1 ? kind : 'tcp';
}
