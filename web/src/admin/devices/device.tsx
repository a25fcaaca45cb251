/** One device: whose it is, everything it tells about itself, each check, and what can be done to it. */
import { useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Check, X } from 'lucide-react';
import type { PostureFacts } from '../../../../protocol/control.ts';
import type { DeviceStanding } from '../../../../protocol/inventory.ts';
import type { PostureCheck } from '../../../../protocol/posture.ts';
import { checkTitles, isTold, shownFact } from '../../../../protocol/shown-posture.ts';
import { allDevicesQuery, standingsQuery } from '../../admin-queries.ts';
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
import { TextLink } from '../../ui/text-link.tsx';
import { Online } from '../online.tsx';
import { ApproveButton } from './approve-button.tsx';
import { deviceState, stateLooks } from './device-state.ts';

const route = getRouteApi('/shell/admin/devices/$id');

export function DevicePage() {
  const { id } = route.useParams();
  const may = useMay();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const devices = useQuery(allDevicesQuery);
  const standings = useQuery(standingsQuery);
  const [question, setQuestion] = useState<Question>();
  const device = devices.data?.find((each) => each.id === id);
  const above = <TextLink to="/admin/devices">Devices</TextLink>;
  if (device === undefined) {
    return (
      <Page title="Device" above={above}>
        <Loaded what="The device" query={devices}>
          {() => (
            <EmptyState title="There is no such device">
              <p>It may have been forgotten. Its person can sign in on it again, as on a new one.</p>
            </EmptyState>
          )}
        </Loaded>
      </Page>
    );
  }
  const refresh = () => queries.invalidateQueries({ queryKey: ['admin'] });
  const act = (action: 'block' | 'unblock') => async (): Promise<void> => {
    await admin.device(action, id);
    await refresh();
  };
  const state = deviceState(device);
  return (
    <Page
      title="Device"
      name={device.name}
      above={above}
      actions={
        may('devices.write') ? (
          <>
            {state === 'held' ? <ApproveButton id={id} name={device.name} /> : undefined}
            <Button
              tone="secondary"
              onClick={() =>
                setQuestion({
                  title: `Forget ${device.name}?`,
                  text: 'Its session ends with everything it has open, and it is a new device when somebody signs in on it.',
                  yes: 'Forget it',
                  done: `${device.name} is forgotten.`,
                  run: async () => {
                    await admin.forgetDevice(id);
                    await navigate({ to: '/admin/devices' });
                  },
                })
              }
            >
              Forget
            </Button>
            {state === 'blocked' ? (
              <Button tone="secondary" onClick={() => void act('unblock')()}>
                Unblock
              </Button>
            ) : (
              <Button
                tone="danger"
                onClick={() =>
                  setQuestion({
                    title: `Block ${device.name}?`,
                    text: 'Its session ends at once with everything it has open, and nobody signs in on it until you unblock it.',
                    yes: 'Block it',
                    done: `${device.name} is blocked.`,
                    run: act('block'),
                    undo: act('unblock'),
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
      {question === undefined ? undefined : (
        <Confirm
          question={question}
          onClose={(done) => {
            setQuestion(undefined);
            if (done) void refresh();
          }}
        />
      )}
    </Page>
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
          <p className="px-5 py-4 text-quiet">No profile asks for anything.</p>
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
          <p className="px-5 py-4 text-quiet">It has told nothing yet.</p>
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
