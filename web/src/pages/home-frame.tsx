/** The bar above the portal: whose it is, who is signed in, and the way out. */
import type { ReactNode } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ChevronDown, LogOut, MonitorX } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { Me } from '../../../protocol/portal.ts';
import { api } from '../api.ts';
import { providerSignOutKey } from '../queries.ts';
import { Foreign } from '../ui/foreign.tsx';
import { Instant } from '../ui/instant.tsx';
import { Mark } from '../ui/mark.tsx';

export function HomeFrame({ me, children }: { readonly me?: Me; readonly children: ReactNode }) {
  return (
    <div className="min-h-dvh">
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex h-14 max-w-[70rem] items-center gap-3 px-4 sm:px-6">
          <Mark className="size-7 shrink-0" />
          <span className="font-semibold tracking-tight">Postern</span>
          {me?.organisation === undefined || me.organisation === null ? undefined : (
            <span className="flex min-w-0 items-center gap-3 text-quiet">
              <span aria-hidden="true" className="text-line-strong">
                /
              </span>
              <span className="truncate">
                <Foreign text={me.organisation} limit={63} />
              </span>
            </span>
          )}
          <div className="ml-auto min-w-0">{me === undefined ? undefined : <Account me={me} />}</div>
        </div>
      </header>
      <main className="mx-auto max-w-[70rem] px-4 py-8 sm:px-6 sm:py-10">{children}</main>
    </div>
  );
}

function Account({ me }: { readonly me: Me }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const signOut = useMutation({
    mutationFn: (everywhere: boolean) => api.signOut(everywhere),
    onSuccess: async ({ provider }, everywhere) => {
      const state = everywhere ? 'signed-out-everywhere' : 'signed-out';
      // Not in the address: it may hold what the provider knows this sign-in by.
      queries.setQueryData(providerSignOutKey, provider);
      await navigate({ to: '/login', search: { state } });
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== providerSignOutKey[0] });
    },
  });
  const { name, email } = me.person;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="flex h-10 max-w-full items-center gap-2 rounded-control px-2.5 hover:bg-sunken">
        <span className="sr-only">Signed in as </span>
        <span className="max-w-[9rem] truncate sm:max-w-64">
          <Foreign text={name} limit={60} />
        </span>
        <ChevronDown className="size-4 shrink-0 text-quiet" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Content
        align="end"
        sideOffset={6}
        collisionPadding={12}
        className="z-10 w-72 rounded-panel border border-line bg-raised p-1.5 shadow-menu"
      >
        <div className="px-3 py-2">
          <p className="font-medium">
            <Foreign text={name} limit={80} />
          </p>
          {email === undefined ? undefined : (
            <p className="text-small text-quiet">
              <Foreign text={email} limit={80} />
            </p>
          )}
          <p className="mt-2 text-small text-quiet">
            Signed in here until <Instant instant={me.session.until} />
          </p>
        </div>
        <DropdownMenu.Separator className="my-1 h-px bg-line" />
        <DropdownMenu.Item
          onSelect={() => signOut.mutate(false)}
          className="flex min-h-10 cursor-pointer items-center gap-2.5 rounded-control px-3 data-highlighted:bg-sunken data-highlighted:outline-none"
        >
          <LogOut className="size-4 text-quiet" aria-hidden="true" />
          Sign out
        </DropdownMenu.Item>
        <DropdownMenu.Item
          onSelect={() => signOut.mutate(true)}
          className="flex min-h-10 cursor-pointer items-center gap-2.5 rounded-control px-3 data-highlighted:bg-sunken data-highlighted:outline-none"
        >
          <MonitorX className="size-4 text-quiet" aria-hidden="true" />
          Sign out everywhere
        </DropdownMenu.Item>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
