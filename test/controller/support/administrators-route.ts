/** Whether a route is for administrators: it names an action, besides persons and posture sources. */
import type { Access } from '../../../controller/api/callers.ts';

export function isForAdministrators(access: Access): boolean {
  return access !== 'public' && access.some((each) => each !== 'person' && each !== 'source');
}
