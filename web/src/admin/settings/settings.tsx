/** How the organisation works, in parts: each with an address of its own, loaded when it is gone to. */
import { lazy, Suspense, type ComponentType } from 'react';
import type { Action } from '../../../../protocol/roles.ts';
import { useMay } from '../../shell/may.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded, Skeleton } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useDocument } from '../use-document.ts';

interface Part {
  /** The value of `tab` in the address; the first has none. */
  readonly id: string | undefined;
  readonly label: string;
  readonly needs: Action;
  readonly component: ComponentType<{ readonly base: DocumentInForce }>;
}

const parts: readonly Part[] = [
  {
    id: undefined,
    label: 'Sign-in',
    needs: 'document.read',
    component: lazy(() => import('./sign-in-settings.tsx')),
  },
  {
    id: 'sessions',
    label: 'Sessions and devices',
    needs: 'document.read',
    component: lazy(() => import('./session-settings.tsx')),
  },
  {
    id: 'administrators',
    label: 'Administrators',
    needs: 'administrators.read',
    component: lazy(() => import('./administrators.tsx')),
  },
  { id: 'tokens', label: 'API tokens', needs: 'tokens.read', component: lazy(() => import('./tokens.tsx')) },
  { id: 'keys', label: 'Enrolment keys', needs: 'keys.read', component: lazy(() => import('./keys.tsx')) },
  {
    id: 'requests',
    label: 'Requests',
    needs: 'document.read',
    component: lazy(() => import('./request-rules.tsx')),
  },
  {
    id: 'notifications',
    label: 'Notifications',
    needs: 'webhooks.read',
    component: lazy(() => import('./notifications.tsx')),
  },
  { id: 'mail', label: 'Mail', needs: 'mail.read', component: lazy(() => import('./mail.tsx')) },
  {
    id: 'organisation',
    label: 'Organisation',
    needs: 'document.read',
    component: lazy(() => import('./organisation-settings.tsx')),
  },
  {
    id: 'document',
    label: 'As one file',
    needs: 'document.read',
    component: lazy(() => import('./whole-document.tsx')),
  },
];

export function SettingsPage() {
  const may = useMay();
  const document = useDocument();
  const [{ tab }] = useListSearch();
  const own = parts.filter(({ needs }) => may(needs));
  const current = own.find(({ id }) => id === tab);
  return (
    <Page title="Settings">
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 xl:grid-cols-[11rem_minmax(0,1fr)] xl:gap-8">
        <Tabs beside label="Parts of the settings" current={tab} tabs={own} />
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          {current === undefined ? (
            <EmptyState title="There is no such part of the settings">
              <p>The address may be mistyped, or your role does not include it.</p>
            </EmptyState>
          ) : (
            <Loaded what="The settings" query={document}>
              {(base) => (
                <Suspense fallback={<Skeleton what="the settings" />}>
                  <current.component base={base} />
                </Suspense>
              )}
            </Loaded>
          )}
        </div>
      </div>
    </Page>
  );
}
