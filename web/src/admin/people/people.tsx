/** People who have signed in, groups, and service accounts. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { PersonEntry, ServiceAccountEntry } from '../../../../protocol/inventory.ts';
import { peopleQuery, serviceAccountsQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Badge } from '../../ui/badge.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { useDocument } from '../use-document.ts';
import { Groups } from './groups.tsx';
import { MakePass } from './make-pass.tsx';
import { Passes } from './passes.tsx';
import { ServiceAccountEditor } from './service-account-editor.tsx';

export function PeoplePage() {
  const may = useMay();
  const [{ tab }] = useListSearch();
  const people = useQuery(peopleQuery);
  const accounts = useQuery(serviceAccountsQuery);
  const document = useDocument();
  const [adding, setAdding] = useState(false);
  const mayWrite = may('document.write-access');
  const base = document.data;
  return (
    <Page
      title="People"
      lead="People appear when they first sign in; groups come from their provider. Service accounts stand for programs."
      actions={
        tab === 'service-accounts' && mayWrite ? (
          <AddButton onClick={() => setAdding(true)}>Add a service account</AddButton>
        ) : tab === 'passes' && may('passes.write') ? (
          <AddButton onClick={() => setAdding(true)}>Make a service token</AddButton>
        ) : undefined
      }
    >
      <Tabs
        label="Kinds"
        current={tab}
        tabs={[
          { id: undefined, label: 'People' },
          { id: 'groups', label: 'Groups' },
          { id: 'service-accounts', label: 'Service accounts' },
          ...(may('passes.read') ? [{ id: 'passes', label: 'Passes' }] : []),
        ]}
      />
      {tab === 'groups' ? (
        <Loaded what="The groups" query={document}>
          {(found) => <Groups base={found} people={people.data ?? []} />}
        </Loaded>
      ) : tab === 'passes' ? (
        <Passes />
      ) : tab === 'service-accounts' ? (
        <Loaded what="The service accounts" query={accounts}>
          {(rows) => (
            <DataTable
              name="service accounts"
              rows={rows}
              columns={accountColumns}
              keyOf={({ id }) => id}
              empty={
                <EmptyState title="No service account">
                  <p>A program that signs in by a key instead of a browser: a build, a backup, a monitor.</p>
                </EmptyState>
              }
            />
          )}
        </Loaded>
      ) : (
        <Loaded what="The people" query={people}>
          {(rows) => (
            <DataTable
              name="people"
              one="person"
              rows={rows}
              columns={personColumns}
              keyOf={({ id }) => id}
              filters={personFilters}
              empty={
                <EmptyState title="Nobody has signed in yet">
                  <p>
                    Send your colleagues the address of this page; they sign in with the account they have.
                  </p>
                </EmptyState>
              }
            />
          )}
        </Loaded>
      )}
      {adding && base !== undefined && tab === 'passes' ? (
        <MakePass base={base} onClose={() => setAdding(false)} />
      ) : undefined}
      {adding && base !== undefined && tab === 'service-accounts' ? (
        <ServiceAccountEditor base={base} onClose={() => setAdding(false)} />
      ) : undefined}
    </Page>
  );
}

const personFilters = [
  {
    id: 'state',
    label: 'State',
    options: [
      { value: 'active', label: 'May sign in' },
      { value: 'disabled', label: 'Disabled' },
    ],
    takes: (row: PersonEntry, value: string) => row.disabled === (value === 'disabled'),
  },
];

const personColumns: readonly Column<PersonEntry>[] = [
  {
    id: 'name',
    head: 'Person',
    value: ({ name, email = '' }) => `${name} ${email}`,
    cell: ({ id, name, email, disabled }) => (
      <>
        <TextLink to="/admin/people/$id" params={{ id }}>
          <Foreign text={name} limit={80} />
        </TextLink>{' '}
        {disabled ? <Badge tone="bad">Disabled</Badge> : undefined}
        {email === undefined || email === name ? undefined : (
          <Foreign text={email} limit={100} className="block text-note text-quiet" />
        )}
      </>
    ),
  },
  {
    id: 'groups',
    head: 'Groups',
    from: 'sm',
    value: ({ groups }) => groups.join(', '),
    cell: ({ groups }) => <Foreign text={groups.join(', ')} limit={120} className="text-quiet" />,
  },
  { id: 'provider', head: 'Provider', from: 'lg', width: 'w-32', value: ({ provider = '' }) => provider },
  {
    id: 'sessions',
    head: 'Sessions',
    from: 'md',
    width: 'w-24',
    end: true,
    value: ({ sessions }) => sessions,
  },
  {
    id: 'signedIn',
    head: 'Signed in',
    width: 'w-32',
    value: ({ signedIn }) => signedIn,
    cell: ({ signedIn }) => <Ago instant={signedIn} />,
  },
];

const accountColumns: readonly Column<ServiceAccountEntry>[] = [
  {
    id: 'name',
    head: 'Service account',
    value: ({ name }) => name,
    cell: ({ id, name, disabled }) => (
      <>
        <TextLink to="/admin/people/$id" params={{ id }}>
          <Foreign text={name} limit={63} />
        </TextLink>{' '}
        {disabled ? <Badge tone="bad">Disabled</Badge> : undefined}
      </>
    ),
  },
  {
    id: 'groups',
    head: 'Groups',
    from: 'sm',
    value: ({ groups }) => groups.join(', '),
    cell: ({ groups }) => <span className="text-quiet">{groups.join(', ')}</span>,
  },
  { id: 'sessions', head: 'Sessions', width: 'w-28', end: true, value: ({ sessions }) => sessions },
];
