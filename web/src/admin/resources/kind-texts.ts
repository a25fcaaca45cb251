/** What kinds of resources are called. */
import type { ResourceKind } from '../../../../protocol/inventory.ts';

export const kindTexts: Readonly<Record<ResourceKind, string>> = {
  web: 'Web',
  database: 'Database',
  ssh: 'SSH',
  rdp: 'Remote desktop',
  vnc: 'VNC',
  tcp: 'TCP',
  udp: 'UDP',
  range: 'Range of hosts',
};
