/**
 * The frame of every page of a signed-in person: whose it is, where one can go, who is signed in. People without a role
 * have no bar at the side. Without a session the sign-in page follows, which comes back here.
 */
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { Menu, Search } from 'lucide-react';
import type { Me } from '../../../protocol/portal.ts';
import { SignedIn } from '../pages/signed-in.tsx';
import { buttonClass } from '../ui/button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Mark } from '../ui/mark.tsx';
import { Page } from '../ui/page.tsx';
import { EmptyState, Skeleton } from '../ui/states.tsx';
import { Toasts } from '../ui/toast.tsx';
import { Account } from './account.tsx';
import { may, MeContext } from './may.ts';
import { mayOpen, navigationFor, type NavigationGroup } from './navigation.ts';
import { useEvents } from './use-events.ts';
import { useOwnEvents } from './use-own-events.ts';

const Palette = lazy(() => import('./palette.tsx'));
const PhoneNavigation = lazy(() => import('./phone-navigation.tsx'));

export function Shell() {
  return (
    <SignedIn
      waiting={
        <div className="mx-auto max-w-[70rem] px-4 py-10">
          <Skeleton what="the page" />
        </div>
      }
    >
      {(me) => (
        <MeContext value={me}>
          <Framed me={me} />
          <Toasts />
        </MeContext>
      )}
    </SignedIn>
  );
}

function Framed({ me }: { readonly me: Me }) {
  const groups = navigationFor(me);
  const hasRole = groups.length > 1;
  const isOpen = useLocation({ select: ({ pathname }) => mayOpen(me, pathname) });
  const [open, setOpen] = useState<'palette' | 'navigation'>();
  const isAdministering = useLocation({ select: ({ pathname }) => /^\/admin(\/|$)/.test(pathname) });
  const mayHear = may(me, 'document.read');
  // One stream for each page: a browser has few connections to one address.
  useEvents(mayHear && isAdministering);
  useOwnEvents(!(mayHear && isAdministering));
  useEffect(() => {
    if (!hasRole) return undefined;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpen('palette');
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [hasRole]);
  const close = (): void => setOpen(undefined);
  const content = (
    <main
      id="content"
      tabIndex={-1}
      className="min-w-0 flex-1 px-4 py-6 outline-none sm:px-6 lg:px-8 lg:py-8"
    >
      <div className="mx-auto max-w-[76rem]">
        {isOpen ? (
          <Suspense fallback={<Skeleton what="the page" />}>
            <Outlet />
          </Suspense>
        ) : (
          <NotForYou />
        )}
      </div>
    </main>
  );
  return (
    <div className={hasRole ? 'min-h-dvh lg:flex' : 'min-h-dvh'}>
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-control bg-button px-4 py-2 text-on-button focus:translate-y-0"
      >
        Skip to the content
      </a>
      <header
        className={`sticky top-0 z-20 flex h-14 items-center gap-2 border-b border-line bg-surface px-3 sm:px-5 ${hasRole ? 'lg:hidden' : ''}`}
      >
        {hasRole ? (
          <button
            type="button"
            aria-label="Pages"
            onClick={() => setOpen('navigation')}
            className="inline-flex size-10 shrink-0 items-center justify-center rounded-control hover:bg-sunken"
          >
            <Menu className="size-5" aria-hidden="true" />
          </button>
        ) : undefined}
        <Brand me={me} />
        <div className="ml-auto flex min-w-0 max-w-[45%] items-center gap-1">
          {hasRole ? (
            <button
              type="button"
              aria-label="Go to or find"
              onClick={() => setOpen('palette')}
              className="inline-flex size-10 shrink-0 items-center justify-center rounded-control hover:bg-sunken"
            >
              <Search className="size-5" aria-hidden="true" />
            </button>
          ) : undefined}
          <Account me={me} side="bottom" />
        </div>
      </header>
      {hasRole ? (
        <div className="sticky top-0 hidden h-dvh w-60 shrink-0 flex-col border-r border-line bg-sunken lg:flex">
          <div className="flex h-14 items-center px-4">
            <Brand me={me} />
          </div>
          <div className="px-3 pb-2">
            <button
              type="button"
              onClick={() => setOpen('palette')}
              className="flex h-9 w-full items-center gap-2 rounded-control border border-line bg-surface px-2.5 text-small text-quiet hover:border-line-strong hover:text-ink"
            >
              <Search className="size-4" aria-hidden="true" />
              <span className="flex-1 text-left">Go to or find</span>
              <kbd className="rounded-small border border-line px-1 font-sans text-note">Ctrl K</kbd>
            </button>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-3 pb-4">
            <Navigation groups={groups} />
          </div>
          <div className="border-t border-line p-2">
            <Account me={me} side="top" />
          </div>
        </div>
      ) : undefined}
      {content}
      <Suspense>
        {open === 'palette' ? <Palette groups={groups} onClose={close} /> : undefined}
        {open === 'navigation' ? <PhoneNavigation groups={groups} onClose={close} /> : undefined}
      </Suspense>
    </div>
  );
}

/** In the place of a page that would ask for what the API refuses. */
function NotForYou() {
  return (
    <Page title="This page is not yours to see">
      <EmptyState title="Your role does not include it">
        <p>Whoever looks after roles in your organisation can give you one that does.</p>
        <Link to="/" className={buttonClass('secondary', undefined, true)}>
          Go to what you may use
        </Link>
      </EmptyState>
    </Page>
  );
}

function Brand({ me }: { readonly me: Me }) {
  return (
    <Link to="/" className="flex min-w-0 items-center gap-2.5 rounded-small">
      <Mark className="size-7 shrink-0" />
      <span className="font-semibold tracking-tight">Postern</span>
      {me.organisation === null ? undefined : (
        <span className="flex min-w-0 items-center gap-2.5 text-small text-quiet max-sm:hidden">
          <span aria-hidden="true" className="text-line-strong">
            /
          </span>
          <span className="truncate">
            <Foreign text={me.organisation} limit={63} />
          </span>
        </span>
      )}
    </Link>
  );
}

export function Navigation({
  groups,
  onGo,
}: {
  readonly groups: readonly NavigationGroup[];
  readonly onGo?: () => void;
}) {
  return (
    <nav aria-label="Pages" className="grid gap-3.5">
      {groups.map(({ label, items }) => (
        <div key={label ?? ''}>
          {label === undefined ? undefined : (
            <p className="px-2.5 pb-1 text-note font-medium text-quiet">{label}</p>
          )}
          <ul className="grid gap-px">
            {items.map(({ to, label: text, icon: Icon }) => (
              <li key={to}>
                <Link
                  to={to}
                  onClick={onGo}
                  activeOptions={{ exact: to === '/' || to === '/admin' }}
                  className="flex min-h-7.5 items-center gap-2.5 rounded-control px-2.5 text-small text-quiet hover:bg-line/50 hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:font-medium aria-[current=page]:text-ink aria-[current=page]:shadow-panel max-lg:min-h-10"
                >
                  <Icon className="size-4 shrink-0" aria-hidden="true" />
                  {text}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}
