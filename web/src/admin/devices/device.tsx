/** One device: whose it is, everything it tells about itself, each check, and what can be done to it. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Check, X } from 'lucide-react';
import type { PostureFacts } from '../../../../protocol/posture-facts.ts';
import type { DeviceEntry, DeviceStanding } from '../../../../protocol/inventory.ts';
import type { PostureCheck } from '../../../../protocol/posture.ts';
import { checkTitles, isTold, shownFact } from '../../../../protocol/shown-posture.ts';
import { allDevicesQuery, standingsQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { NoEntry } from '../../ui/entry-list.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { toast, toastFault } from '../../ui/toast.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { EntityPage } from '../entity-page.tsx';
import { Online } from '../online.tsx';
import { SeenAs } from '../seen-as.tsx';
import { useQuestion } from '../use-question.tsx';
import { ApproveButton } from './approve-button.tsx';
import { deviceState, stateLooks } from './device-state.ts';

const route = getRouteApi('/shell/admin/devices/$id');

export function DevicePage() {
  const { id } = route.useParams();
  const { tab } = route.useSearch();
  const may = useMay();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const devices = useQuery(allDevicesQuery);
  const [confirm, ask] = useQuestion();
  const device = devices.data?.find((each) => each.id === id);
  const refresh = () => queries.invalidateQueries({ queryKey: ['admin'] });
  const unblock = async (): Promise<void> => {
    const call = admin.device('unblock', id);
    await call;
    toast({ text: 'Whoever owns it may sign in on it again.', call });
    await refresh();
  };
  return (
    <EntityPage
      kind="Device"
      {...(device === undefined ? {} : { name: device.name })}
      above={<TextLink to="/admin/devices">Devices</TextLink>}
      query={devices}
      find={device}
      missing={[
        'There is no such device',
        'It may have been forgotten. Its person can sign in on it again, as on a new one.',
      ]}
      tab={tab}
      tabs={[
        { id: undefined, label: 'Overview' },
        ...(may('simulate.read') ? [{ id: 'access', label: 'Access' }] : []),
      ]}
      renderActions={(device) =>
        may('devices.write') ? (
          <>
            {deviceState(device) === 'held' ? <ApproveButton id={id} name={device.name} /> : undefined}
            <Button
              tone="secondary"
              onClick={() =>
                ask({
                  title: `Forget ${device.name}?`,
                  text: 'Its session ends with everything it has open, and it is a new device when somebody signs in on it.',
                  yes: 'Forget it',
                  done: `${device.name} is forgotten.`,
                  run: () => admin.forgetDevice(id),
                  after: () => void navigate({ to: '/admin/devices' }),
                })
              }
            >
              Forget
            </Button>
            {deviceState(device) === 'blocked' ? (
              <Button tone="secondary" onClick={() => void unblock().catch(toastFault)}>
                Unblock
              </Button>
            ) : (
              <Button
                tone="danger"
                onClick={() =>
                  ask({
                    title: `Block ${device.name}?`,
                    text: 'Its session ends at once with everything it has open, and nobody signs in on it until you unblock it.',
                    yes: 'Block it',
                    done: `${device.name} is blocked.`,
                    run: () => admin.device('block', id),
                    undo: unblock,
                  })
                }
              >
                Block
              </Button>
            )}
          </>
        ) : undefined
      }
    >
      {(device) => (
        <>
          {tab === 'access' && may('simulate.read') ? (
            <SeenAs of={{ device: id }} />
          ) : (
            <Overview device={device} />
          )}
          {confirm}
        </>
      )}
    </EntityPage>
  );
}

function Overview({ device }: { readonly device: DeviceEntry }) {
  const may = useMay();
  const standings = useQuery({ ...standingsQuery, enabled: may('posture.read') });
  const { id } = device;
  const state = deviceState(device);
  return (
    <>
      <Panel title="What it is">
        <Facts
          facts={[
            [
              'State',
              <Badge key="state" tone={stateLooks[state].tone}>
                {stateLooks[state].text}
              </Badge>,
            ],
            [
              'Owner',
              <TextLink key="owner" to="/admin/people/$id" params={{ id: device.owner }}>
                <Foreign text={device.ownerName} limit={100} />
              </TextLink>,
            ],
            ['Connection', <Online key="online" online={device.online} seen={device.seen} />],
            ['System', <Foreign key="os" text={device.os} limit={200} />],
            ['Postern', <Foreign key="version" text={device.version} limit={60} />],
            device.signedIn === undefined
              ? undefined
              : ['Signed in', <Ago key="signed-in" instant={device.signedIn} />],
            device.expires === undefined
              ? undefined
              : ['Let in until', <Instant key="expires" instant={device.expires} />],
            device.keys === undefined ? undefined : ['Keys of', <Ago key="keys" instant={device.keys} />],
            [
              'Id',
              <code key="id" className="font-mono text-small wrap-anywhere">
                {id}
              </code>,
            ],
          ]}
        />
      </Panel>
      <Loaded what="Its posture" query={standings}>
        {(list) => <Standing standing={list.find((each) => each.id === id)} />}
      </Loaded>
    </>
  );
}

function Standing({ standing }: { readonly standing: DeviceStanding | undefined }) {
  const facts = standing?.facts as PostureFacts | undefined;
  const told =
    facts === undefined
      ? []
      : (Object.keys(checkTitles) as PostureCheck[]).filter((check) => isTold(check, facts));
  return (
    <div className="grid gap-6 lg:grid-cols-2">
      <Panel title="How it stands by the posture profiles">
        {standing === undefined || standing.checks.length === 0 ? (
          <NoEntry>No profile asks for anything.</NoEntry>
        ) : (
          <ul className="divide-y divide-line">
            {standing.checks.map(({ name, met, text }) => (
              <li key={name} className="flex items-center gap-3 px-5 py-2.5 text-small">
                {met ? (
                  <Check className="size-4 shrink-0 text-good" aria-label="Met" />
                ) : (
                  <X className="size-4 shrink-0 text-bad" aria-label="Not met" />
                )}
                {text}
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel
        title="What it tells about itself"
        aside={
          standing?.reported === undefined ? undefined : (
            <span className="text-small text-quiet">
              <Ago instant={standing.reported} />
            </span>
          )
        }
      >
        {facts === undefined || told.length === 0 ? (
          <NoEntry>It has told nothing yet.</NoEntry>
        ) : (
          <Facts
            facts={told.map((check) => [
              checkTitles[check],
              <Foreign key={check} text={shownFact(check, facts)} limit={300} />,
            ])}
          />
        )}
      </Panel>
    </div>
  );
}
