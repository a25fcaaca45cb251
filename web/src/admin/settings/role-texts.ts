/** What each role may do, in a few words. */
import type { Role } from '../../../../protocol/roles.ts';

export const roleTexts: Readonly<Record<Role, string>> = {
  owner: 'everything; owners alone make and unmake owners',
  admin: 'everything else',
  network: 'connectors, relays, resources, hostnames and zones',
  access: 'people, devices, sessions, groups, policies and posture',
  approver: 'what is asked of them',
  auditor: 'reads everything but tokens; changes nothing',
  support: 'reads what diagnosing takes; changes nothing',
};
