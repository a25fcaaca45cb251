/** Who is signed in, how it looks, and the way out. Loaded when it is first asked for. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, KeyRound, LogOut, MonitorSmartphone, MonitorX } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState, type ReactNode } from 'react';
import type { Me } from '../../../protocol/portal.ts';
import { api } from '../api/portal.ts';
import { providerSignOutKey } from '../queries.ts';
import { Foreign } from '../ui/foreign.tsx';
import { Instant } from '../ui/instant.tsx';
import { chosenTheme, chooseTheme, type Theme } from './theme.ts';

const themes: readonly { readonly theme: Theme; readonly label: string }[] = [
  { theme: 'system', label: 'As the system' },
  { theme: 'light', label: 'Light' },
  { theme: 'dark', label: 'Dark' },
];
const item =
  'flex min-h-9 cursor-pointer items-center gap-2.5 rounded-control px-3 text-small data-highlighted:bg-sunken data-highlighted:outline-none';

export default function AccountMenu({
  me,
  side,
  className,
  children,
}: {
  readonly me: Me;
  readonly side: 'top' | 'bottom';
  readonly className: string;
  readonly children: ReactNode;
}) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [theme, setTheme] = useState(chosenTheme);
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
    <DropdownMenu.Root modal={false} defaultOpen>
      <DropdownMenu.Trigger className={className}>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          side={side}
          sideOffset={6}
          collisionPadding={12}
          className="rises z-30 w-72 rounded-panel border border-line bg-raised p-1.5 shadow-menu"
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
          <DropdownMenu.RadioGroup
            aria-label="Appearance"
            value={theme}
            onValueChange={(value) => {
              setTheme(value as Theme);
              chooseTheme(value as Theme);
            }}
          >
            {themes.map(({ theme: each, label }) => (
              <DropdownMenu.RadioItem
                key={each}
                value={each}
                onSelect={(event) => event.preventDefault()}
                className={item}
              >
                <span className="size-4">
                  <DropdownMenu.ItemIndicator>
                    <Check className="size-4 text-quiet" aria-hidden="true" />
                  </DropdownMenu.ItemIndicator>
                </span>
                {label}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="my-1 h-px bg-line" />
          {me.session.provider === null ? (
            <DropdownMenu.Item onSelect={() => void navigate({ to: '/account' })} className={item}>
              <KeyRound className="size-4 text-quiet" aria-hidden="true" />
              How you sign in
            </DropdownMenu.Item>
          ) : undefined}
          <DropdownMenu.Item onSelect={() => void navigate({ to: '/sessions' })} className={item}>
            <MonitorSmartphone className="size-4 text-quiet" aria-hidden="true" />
            Where you are signed in
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => signOut.mutate(false)} className={item}>
            <LogOut className="size-4 text-quiet" aria-hidden="true" />
            Sign out
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => signOut.mutate(true)} className={item}>
            <MonitorX className="size-4 text-quiet" aria-hidden="true" />
            Sign out everywhere
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
