/** Some actions outlast the session, so they take a sign-in of the last minutes: whether this is one, and the way to one. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { actions, type Action } from '../../../protocol/roles.ts';
import { signInUrl } from '../api/portal.ts';
import { useMay, useMe } from '../shell/may.ts';
import { buttonClass } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { useNow } from '../ui/use-now.ts';

/** `not-fresh`: the role covers it, after signing in again. */
export function useMayNow(): (action: Action) => 'yes' | 'no' | 'not-fresh' {
  const may = useMay();
  const { freshUntil } = useMe().session;
  const now = useNow();
  const isFresh = freshUntil !== null && Date.parse(freshUntil) > now.getTime();
  return (action) => {
    if (!may(action)) return 'no';
    return actions[action].fresh === true && !isFresh ? 'not-fresh' : 'yes';
  };
}

/** Stands where the controls would be; they are there after the new sign-in, which comes back to this address. */
export function SignInAgain({ children }: { readonly children: ReactNode }) {
  const { provider } = useMe().session;
  const here = `${location.pathname}${location.search}`;
  return (
    <Notice title="Changing this takes a sign-in of the last five minutes">
      <p className="mb-3">{children}</p>
      {provider === null ? (
        <Link
          to="/login/administrator"
          search={{ rd: here }}
          className={buttonClass('secondary', undefined, true)}
        >
          Sign in again
        </Link>
      ) : (
        <a
          href={signInUrl(provider, here, { fresh: '1' })}
          className={buttonClass('secondary', undefined, true)}
        >
          Sign in again
        </a>
      )}
    </Notice>
  );
}
