/** What a client asks for when it opens a stream (WIRE A9), checked for its form and nothing else. */
import { parseId, type ResourceId } from '../../protocol/ids.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { recordTypes, type RecordType } from '../../protocol/dns-records.ts';

/**
 * `tcp` and `udp` open a flow to the port; `web` one to the TLS endpoint of a public hostname; `dns` asks whether the name exists
 * and leads somewhere the resource may use, for its records of one type, or whether it is a public hostname of the resource.
 */
export interface OpenRequest {
  readonly resource: ResourceId;
  readonly host: Name;
  readonly port: number;
  readonly kind: 'tcp' | 'udp' | 'web' | 'dns';
  /** What `dns` asks for, where that is more than existence. */
  readonly records: RecordType | undefined;
  /** `dns` asks for a public hostname. */
  readonly isDoor: boolean;
}

/** The request in a stream's payload; undefined when it has another form or names no DNS name. */
export function parseOpenRequest(payload: unknown): OpenRequest | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  // Written out, since every flow waits for it.
  const { r, h, p: port, k: kind, q } = payload as Record<string, unknown>;
  const resource = parseId('res', r);
  const host = typeof h === 'string' ? parseName(h) : undefined;
  if (resource === undefined || host === undefined) return undefined;
  if (kind !== 'tcp' && kind !== 'udp' && kind !== 'web' && kind !== 'dns') return undefined;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  const records = kind === 'dns' ? recordTypes.find((type) => type === q) : undefined;
  return { resource, host, port, kind, records, isDoor: kind === 'dns' && q === 'web' };
}
