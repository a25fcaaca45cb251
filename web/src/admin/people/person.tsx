/** One person or service account: who they are, what they may use and why, their devices and sessions, and the way out. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { allDevicesQuery, peopleQuery, serviceAccountsQuery, sessionsQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Entry, EntryList, NoEntry } from '../../ui/entry-list.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { toast, toastFault } from '../../ui/toast.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { EntityPage } from '../entity-page.tsx';
import { LogList } from '../log/log-list.tsx';
import { Online } from '../online.tsx';
import { SeenAs } from '../seen-as.tsx';
import { useQuestion } from '../use-question.tsx';
import { ServiceAccountActions } from './service-account-actions.tsx';

const route = getRouteApi('/shell/admin/people/$id');

interface Account {
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly outOfReach?: true;
  readonly email?: string;
  readonly provider?: string;
  readonly signedIn?: string;
}

export function PersonPage() {
  const { id } = route.useParams();
  const { tab } = route.useSearch();
  const may = useMay();
  const people = useQuery(peopleQuery);
  const accounts = useQuery(serviceAccountsQuery);
  const person: Account | undefined = people.data?.find((each) => each.id === id);
  const service: Account | undefined = accounts.data?.find((each) => each.id === id);
  const isService = service !== undefined;
  return (
    <EntityPage
      kind={isService ? 'Service account' : 'Person'}
      {...((person ?? service) === undefined ? {} : { name: (person ?? service)?.name ?? '' })}
      above={
        <TextLink to="/admin/people" search={isService ? { tab: 'service-accounts' } : {}}>
          {isService ? 'Service accounts' : 'People'}
        </TextLink>
      }
      // Whose id it is shows once both lists are there.
      query={people.data === undefined ? people : accounts}
      find={person ?? service}
      missing={['Nobody here has this address', 'The person or service account may have been removed.']}
      renderActions={(found) => (
        <>
          {isService ? <ServiceAccountActions name={found.name} /> : undefined}
          {may('people.write') ? (
            <WayOut kind={isService ? 'service-accounts' : 'people'} account={found} />
          ) : undefined}
        </>
      )}
      tab={tab}
      tabs={[
        { id: undefined, label: 'Overview' },
        ...(may('simulate.read') ? [{ id: 'access', label: 'Access' }] : []),
        ...(may('audit.read') ? [{ id: 'activity', label: 'Activity' }] : []),
      ]}
    >
      {(found) =>
        tab === 'access' && may('simulate.read') ? (
          <SeenAs of={{ subject: id }} />
        ) : tab === 'activity' && may('audit.read') ? (
          <LogList query={{ who: id }} />
        ) : (
          <Overview account={found} />
        )
      }
    </EntityPage>
  );
}

/** What ends what an account has open, and keeps it out. */
function WayOut({
  kind,
  account: { id, name, disabled, outOfReach },
}: {
  readonly kind: 'people' | 'service-accounts';
  readonly account: Account;
}) {
  const queries = useQueryClient();
  const [confirm, ask] = useQuestion();
  const letIn = async (): Promise<void> => {
    const call = admin.setDisabled(kind, id, false);
    await call;
    toast({ text: `${name} is let in again.`, call });
    await queries.invalidateQueries({ queryKey: ['admin'] });
  };
  return (
    <>
      {kind === 'people' ? (
        <Button
          tone="secondary"
          onClick={() =>
            ask({
              title: `Sign ${name} out everywhere?`,
              text: 'Every session ends, in browsers and on devices, and with them every connection. They may sign in again.',
              yes: 'Sign out everywhere',
              done: `${name} is signed out everywhere.`,
              run: () => admin.signOutPerson(id),
            })
          }
        >
          Sign out everywhere
        </Button>
      ) : undefined}
      {outOfReach ? undefined : disabled ? (
        <Button tone="secondary" onClick={() => void letIn().catch(toastFault)}>
          Let in again
        </Button>
      ) : (
        <Button
          tone="danger"
          onClick={() =>
            ask({
              title: `Disable ${name}?`,
              text: 'Every session ends at once with every connection, and signing in is refused until you let them in again.',
              yes: 'Disable',
              done: `${name} is disabled.`,
              run: () => admin.setDisabled(kind, id, true),
              undo: letIn,
            })
          }
        >
          Disable
        </Button>
      )}
      {confirm}
    </>
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
                <NoEntry>None.</NoEntry>
              ) : (
                <EntryList>
                  {own.map(({ id, name, os, online, seen }) => (
                    <Entry
                      key={id}
                      name={
                        <TextLink to="/admin/devices/$id" params={{ id }}>
                          <Foreign text={name} limit={64} />
                        </TextLink>
                      }
                      note={<Foreign text={os} limit={80} />}
                      aside={<Online online={online} seen={seen} />}
                    />
                  ))}
                </EntryList>
              );
            }}
          </Loaded>
        </Panel>
        <Panel title="Open sessions">
          <Loaded what="The sessions" query={sessions}>
            {(list) => {
              const own = list.filter(({ subject }) => subject === account.id);
              return own.length === 0 ? (
                <NoEntry>None.</NoEntry>
              ) : (
                <EntryList>
                  {own.map(({ id, kind, deviceName, address, until }) => (
                    <Entry
                      key={id}
                      name={
                        <Foreign
                          text={kind === 'device' ? (deviceName ?? 'a device') : 'Browser'}
                          limit={64}
                        />
                      }
                      note={<Foreign text={address} limit={60} className="font-mono text-note" />}
                      aside={
                        <span>
                          until <Instant instant={until} />
                        </span>
                      }
                    />
                  ))}
                </EntryList>
              );
            }}
          </Loaded>
        </Panel>
      </div>
    </>
  );
}
