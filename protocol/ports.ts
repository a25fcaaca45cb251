/** The ports of a resource as people write them: `tcp/443`, `tcp/8000-8099`, `udp/53`. */

export type Transport = 'tcp' | 'udp';

/** An inclusive range of ports of one transport. */
export interface PortRange {
  readonly transport: Transport;
  readonly from: number;
  readonly to: number;
}

const pattern = /^(tcp|udp)\/([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?$/;

/** The range in `text`; undefined when it is none, is empty, or leaves 1…65535. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const from = Number(match[2]);
  const to = Number(match[3] ?? match[2]);
  return from <= to && to <= 65_535 ? { transport: match[1] as Transport, from, to } : undefined;
}

/** Whether one of `ranges` (texts that `parsePortRange` accepted) contains the port. */
export function listsPort(ranges: readonly string[], transport: Transport, port: number): boolean {
  return ranges.some((text) => {
    const range = parsePortRange(text);
    return range?.transport === transport && port >= range.from && port <= range.to;
  });
}
