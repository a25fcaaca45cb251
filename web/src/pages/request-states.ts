/** What a request's state is called, and the tone it is shown in. */
import type { AccessRequest } from '../../../protocol/requests.ts';
import type { NoticeTone } from '../ui/notice.tsx';

export const requestStates: Readonly<Record<AccessRequest['state'], readonly [NoticeTone, string]>> = {
  pending: ['wait', 'Waiting'],
  approved: ['good', 'Approved'],
  denied: ['bad', 'Denied'],
  withdrawn: ['plain', 'Withdrawn'],
  expired: ['plain', 'Over'],
};
