/** One person or service account: who they are, what they may use and why, their devices and sessions, and the way out. */
import { useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import {
  accessQuery,
  allDevicesQuery,
  peopleQuery,
  serviceAccountsQuery,
  sessionsQuery,
} from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Confirm, type Question } from '../../ui/confirm.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { AccessList } from '../access-list.tsx';
import { withEntry } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { LogList } from '../log/log-list.tsx';
import { Online } from '../online.tsx';
import { MakeKey } from '../settings/make-key.tsx';
import { useDocument } from '../use-document.ts';
import { ServiceAccountEditor } from './service-account-editor.tsx';

const route = getRouteApi('/shell/admin/people/$id');

interface Account {
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly email?: string;
  readonly provider?: string;
  readonly signedIn?: string;
}

export function PersonPage() {
  const { id } = route.useParams();
  const { tab } = route.useSearch();
  const may = useMay();
  const queries = useQueryClient();
  const people = useQuery(peopleQuery);
  const accounts = useQuery(serviceAccountsQuery);
  const document = useDocument();
  const [question, setQuestion] = useState<Question>();
  const [open, setOpen] = useState<'edit' | 'key'>();
  const [review, propose] = useReview();
  const person: Account | undefined = people.data?.find((each) => each.id === id);
  const service: Account | undefined = accounts.data?.find((each) => each.id === id);
  const found = person ?? service;
  const isService = service !== undefined;
  const above = (
    <TextLink to="/admin/people" search={isService ? { tab: 'service-accounts' } : {}}>
      {isService ? 'Service accounts' : 'People'}
    </TextLink>
  );
  if (found === undefined) {
    const loading = people.data === undefined || accounts.data === undefined;
    return (
      <Page title="Person" above={above}>
        {loading ? (
          <Loaded what="The person" query={people}>
            {() => undefined}
          </Loaded>
        ) : (
          <EmptyState title="Nobody here has this address">
            <p>The person or service account may have been removed.</p>
          </EmptyState>
        )}
      </Page>
    );
  }
  const kind = isService ? 'service-accounts' : 'people';
  const setDisabled = (disabled: boolean) => async (): Promise<void> => {
    await admin.setDisabled(kind, id, disabled);
    await queries.invalidateQueries({ queryKey: ['admin'] });
  };
  const declared = document.data?.document.serviceAccounts?.find(({ name }) => name === found.name);
  return (
    <Page
      title={isService ? 'Service account' : 'Person'}
      name={found.name}
      above={above}
      actions={
        <>
          {isService && may('document.write-access') && document.data !== undefined ? (
            <>
              <Button
                tone="secondary"
                onClick={() =>
                  document.data === undefined
                    ? undefined
                    : propose({
                        title: `Remove the service account ${found.name}`,
                        base: document.data,
                        next: withEntry(document.data.document, 'serviceAccounts', found.name, undefined),
                      })
                }
              >
                Remove
              </Button>
              <Button tone="secondary" onClick={() => setOpen('edit')}>
                Change
              </Button>
            </>
          ) : undefined}
          {isService && may('keys.write-services') ? (
            <Button onClick={() => setOpen('key')}>Make a key</Button>
          ) : undefined}
          {may('people.write') && !isService ? (
            <Button
              tone="secondary"
              onClick={() =>
                setQuestion({
                  title: `Sign ${found.name} out everywhere?`,
                  text: 'Every session ends, in browsers and on devices, and with them every connection. They may sign in again.',
                  yes: 'Sign out everywhere',
                  done: `${found.name} is signed out everywhere.`,
                  run: () => admin.signOutPerson(id),
                })
              }
            >
              Sign out everywhere
            </Button>
          ) : undefined}
          {may('people.write') ? (
            found.disabled ? (
              <Button tone="secondary" onClick={() => void setDisabled(false)()}>
                Let in again
              </Button>
            ) : (
              <Button
                tone="danger"
                onClick={() =>
                  setQuestion({
                    title: `Disable ${found.name}?`,
                    text: 'Every session ends at once with every connection, and signing in is refused until you let them in again.',
                    yes: 'Disable',
                    done: `${found.name} is disabled.`,
                    run: setDisabled(true),
                    undo: setDisabled(false),
                  })
                }
              >
                Disable
              </Button>
            )
          ) : undefined}
        </>
      }
    >
      <Tabs
        label="Parts"
        current={tab}
        tabs={[
          { id: undefined, label: 'Overview' },
          { id: 'access', label: 'Access' },
          ...(may('audit.read') ? [{ id: 'activity', label: 'Activity' }] : []),
        ]}
      />
      {tab === 'access' ? (
        <Access id={id} />
      ) : tab === 'activity' && may('audit.read') ? (
        <LogList query={{ who: id }} />
      ) : (
        <Overview account={found} />
      )}
      {question === undefined ? undefined : (
        <Confirm
          question={question}
          onClose={(done) => {
            setQuestion(undefined);
            if (done) void queries.invalidateQueries({ queryKey: ['admin'] });
          }}
        />
      )}
      {open === 'edit' && document.data !== undefined && declared !== undefined ? (
        <ServiceAccountEditor base={document.data} existing={declared} onClose={() => setOpen(undefined)} />
      ) : undefined}
      {open === 'key' ? (
        <MakeKey purpose="service" name={found.name} onClose={() => setOpen(undefined)} />
      ) : undefined}
      {review}
    </Page>
  );
}

function Access({ id }: { readonly id: string }) {
  const access = useQuery(accessQuery({ subject: id }));
  return (
    <Loaded what="The access" query={access}>
      {(list) => <AccessList access={list} of="subject" />}
    </Loaded>
  );
}

function Overview({ account }: { readonly account: Account }) {
  const devices = useQuery(allDevicesQuery);
  const sessions = useQuery(sessionsQuery);
  return (
    <>
      <Panel title="Who it is">
        <Facts
          facts={[
            [
              'State',
              <Badge key="state" tone={account.disabled ? 'bad' : 'good'}>
                {account.disabled ? 'Disabled' : 'May sign in'}
              </Badge>,
            ],
            account.email === undefined
              ? undefined
              : ['E-mail', <Foreign key="email" text={account.email} limit={254} />],
            account.provider === undefined
              ? undefined
              : ['Signs in with', <Foreign key="provider" text={account.provider} />],
            account.signedIn === undefined
              ? undefined
              : ['Signed in', <Ago key="signed-in" instant={account.signedIn} />],
            [
              'Groups',
              <Foreign
                key="groups"
                text={account.groups.join(', ') || 'none that is declared'}
                limit={400}
              />,
            ],
            [
              'Id',
              <code key="id" className="font-mono text-small wrap-anywhere">
                {account.id}
              </code>,
            ],
          ]}
        />
      </Panel>
      <div className="grid gap-6 lg:grid-cols-2">
        <Panel title="Devices">
          <Loaded what="The devices" query={devices}>
            {(list) => {
              const own = list.filter(({ owner }) => owner === account.id);
              return own.length === 0 ? (
                <p className="px-5 py-4 text-quiet">None.</p>
              ) : (
                <ul className="divide-y divide-line">
                  {own.map(({ id, name, os, online, seen }) => (
                    <li key={id} className="flex items-center gap-4 px-5 py-2.5 text-small">
                      <span className="min-w-0 flex-1">
                        <TextLink to="/admin/devices/$id" params={{ id }}>
                          <Foreign text={name} limit={64} />
                        </TextLink>
                        <Foreign text={os} limit={80} className="block text-note text-quiet" />
                      </span>
                      <Online online={online} seen={seen} />
                    </li>
                  ))}
                </ul>
              );
            }}
          </Loaded>
        </Panel>
        <Panel title="Open sessions">
          <Loaded what="The sessions" query={sessions}>
            {(list) => {
              const own = list.filter(({ subject }) => subject === account.id);
              return own.length === 0 ? (
                <p className="px-5 py-4 text-quiet">None.</p>
              ) : (
                <ul className="divide-y divide-line">
                  {own.map(({ id, kind, deviceName, address, until }) => (
                    <li key={id} className="flex items-center gap-4 px-5 py-2.5 text-small">
                      <span className="min-w-0 flex-1">
                        <Foreign
                          text={kind === 'device' ? (deviceName ?? 'a device') : 'Browser'}
                          limit={64}
                          className="font-medium"
                        />
                        <Foreign text={address} limit={60} className="block font-mono text-note text-quiet" />
                      </span>
                      <span className="text-quiet">
                        until <Instant instant={until} />
                      </span>
                    </li>
                  ))}
                </ul>
              );
            }}
          </Loaded>
        </Panel>
      </div>
    </>
  );
}
