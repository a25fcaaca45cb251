/** Sample knowledge of a device, and questions about it, for the tests of the client's DNS. */
import packet, { type Message } from 'dns-packet';
import type { Knowledge, VisibleResource } from '../../../client/standing.ts';
import { newId } from '../../../protocol/ids.ts';
import type { Name, Pattern } from '../../../protocol/names.ts';

export const hq = newId('net', Buffer.alloc(16, 1));
export const far = newId('net', Buffer.alloc(16, 2));

export function resource(
  seed: number,
  hosts: string[],
  more: Partial<VisibleResource> = {},
): VisibleResource {
  return {
    id: newId('res', Buffer.alloc(16, seed)),
    net: hq,
    name: `r${seed}`,
    hosts: hosts as Pattern[],
    web: undefined,
    ports: ['tcp/80'],
    dns: [],
    granted: true,
    reasons: [],
    until: undefined,
    ...more,
  };
}

/** wiki granted, *.db granted, secret refused with a reason, far granted without a connector, a public hostname. */
export const sample: Knowledge = {
  zones: ['acme.internal' as Name],
  exempt: new Set(['access.acme.internal']),
  contact: 'known',
  reachable: new Set([hq]),
  resources: [
    resource(1, ['wiki.acme.internal', 'wiki.acme.example']),
    resource(2, ['*.db.acme.internal']),
    resource(3, ['secret.acme.internal'], {
      granted: false,
      reasons: [{ name: 'allow-matches' }, { name: 'posture-failing' }],
    }),
    resource(4, ['far.acme.internal'], { net: far }),
    resource(5, ['locked.db.acme.internal'], { granted: false, reasons: [{ name: 'schedule-closed' }] }),
  ],
};

/** The bytes of a question, as a stub resolver with EDNS sends it. */
export function question(name: string, type = 'A', edns = true): Buffer {
  return packet.encode({
    type: 'query',
    id: 0x1234,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name, type }],
    additionals: edns ? [{ type: 'OPT', name: '.', udpPayloadSize: 1_232 }] : [],
  });
}

/** The extended error in a reply: its code and text; undefined when there is none. */
export function extendedError(reply: Message): { code: number; text: string } | undefined {
  const options = reply.additionals.find((record) => record.type === 'OPT')?.options ?? [];
  const data = options.find((option) => option.code === 15)?.data;
  return data === undefined
    ? undefined
    : { code: data.readUInt16BE(0), text: data.subarray(2).toString('utf8') };
}
