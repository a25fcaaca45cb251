/**
 * Shows a page only to a signed-in person: while that is being found out a quiet outline, without a session the sign-in
 * page, which comes back here.
 */
import type { ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import type { Me } from '../../../protocol/portal.ts';
import { ApiProblem } from '../api/call.ts';
import { meQuery } from '../queries.ts';
import { ErrorPage } from './error.tsx';

export function SignedIn({
  waiting,
  children,
}: {
  readonly waiting: ReactNode;
  readonly children: (me: Me) => ReactNode;
}) {
  const me = useQuery(meQuery);
  if (me.error instanceof ApiProblem && me.error.status === 401) {
    const rd = location.pathname + location.search;
    // Data from before says that there was a session.
    const ended = me.data !== undefined;
    return (
      <Navigate
        to="/login"
        search={{ ...(rd === '/' ? {} : { rd }), ...(ended ? { state: 'ended' } : {}) }}
        replace
      />
    );
  }
  if (me.data !== undefined) return children(me.data);
  return me.error === null ? waiting : <ErrorPage error={me.error} />;
}
