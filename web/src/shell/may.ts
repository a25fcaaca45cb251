/** What the signed-in person may do here: what it does not cover is not shown, since the API would refuse it. */
import { createContext, useContext } from 'react';
import type { Me } from '../../../protocol/portal.ts';
import type { Action } from '../../../protocol/roles.ts';

export const MeContext = createContext<Me | undefined>(undefined);

/** Inside the shell, where somebody is signed in. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (me === undefined) throw new Error('a page outside the shell asked who is signed in');
  return me;
}

export function useMay(): (action: Action) => boolean {
  const me = useMe();
  return (action) => may(me, action);
}

export function may(me: Me, action: Action): boolean {
  return me.administrator.actions.includes(action);
}
