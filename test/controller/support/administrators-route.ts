/** Whether a route is for administrators: it names an action, whoever else it is for. */
import type { Access } from '../../../controller/api/callers.ts';
import { actions } from '../../../protocol/roles.ts';

export function isForAdministrators(access: Access): boolean {
  return access !== 'public' && access.some((each) => Object.hasOwn(actions, each));
}
