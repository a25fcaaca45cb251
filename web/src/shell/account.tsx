/** The button with the signed-in person's name. What it opens comes with the first press, so that pages load without it. */
import { lazy, Suspense, useState } from 'react';
import { ChevronsUpDown } from 'lucide-react';
import type { Me } from '../../../protocol/portal.ts';
import { Foreign } from '../ui/foreign.tsx';

const AccountMenu = lazy(() => import('./account-menu.tsx'));

export function Account({ me, side }: { readonly me: Me; readonly side: 'top' | 'bottom' }) {
  const [wanted, setWanted] = useState(false);
  const { name } = me.person;
  const className =
    'flex h-10 w-full min-w-0 items-center gap-2 rounded-control px-2.5 text-small hover:bg-line/50 data-[state=open]:bg-line/50';
  const inside = (
    <>
      <span className="sr-only">Signed in as </span>
      <span
        aria-hidden="true"
        className="inline-flex size-6 shrink-0 items-center justify-center rounded-full bg-accent/15 text-note font-semibold text-accent"
      >
        <Foreign text={name.trim().slice(0, 1).toUpperCase() || '?'} limit={1} />
      </span>
      <span className="min-w-0 flex-1 truncate text-left">
        <Foreign text={name} limit={60} />
      </span>
      <ChevronsUpDown className="size-4 shrink-0 text-quiet" aria-hidden="true" />
    </>
  );
  const button = (
    <button
      type="button"
      aria-haspopup="menu"
      aria-expanded={false}
      className={className}
      onClick={() => setWanted(true)}
    >
      {inside}
    </button>
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <AccountMenu me={me} side={side} className={className}>
        {inside}
      </AccountMenu>
    </Suspense>
  );
}
