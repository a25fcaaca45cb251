/** Every device: whose it is, whether it is connected, how it stands, and what waits for approval. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { DeviceEntry, DeviceStanding } from '../../../../protocol/inventory.ts';
import { allDevicesQuery, standingsQuery } from '../../admin-queries.ts';
import { Badge } from '../../ui/badge.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { Online } from '../online.tsx';
import { ApproveButton } from './approve-button.tsx';
import { deviceState, stateLooks, type DeviceState } from './device-state.ts';

interface Row {
  readonly device: DeviceEntry;
  readonly state: DeviceState;
  readonly posture: 'met' | 'failing' | 'silent' | 'none';
}

export function DevicesPage() {
  const devices = useQuery(allDevicesQuery);
  const standings = useQuery(standingsQuery);
  const rows = useMemo(() => {
    const byId = new Map(standings.data?.map((each) => [each.id, each]));
    return devices.data?.map((device): Row => ({
      device,
      state: deviceState(device),
      posture: postureOf(byId.get(device.id)),
    }));
  }, [devices.data, standings.data]);
  return (
    <Page title="Devices" lead="Each installation of the client, with what it tells about itself.">
      <Loaded what="The devices" query={{ ...devices, data: rows }}>
        {(list) => (
          <DataTable
            name="devices"
            rows={list}
            columns={columns}
            keyOf={({ device }) => device.id}
            filters={filters}
            renderActions={({ device, state }) =>
              state === 'held' ? <ApproveButton small id={device.id} name={device.name} /> : undefined
            }
            empty={
              <EmptyState title="No device yet">
                <p>
                  A person runs{' '}
                  <code className="font-mono text-small">postern up --controller {location.origin}</code> and
                  signs in.
                </p>
              </EmptyState>
            }
          />
        )}
      </Loaded>
    </Page>
  );
}

function postureOf(standing: DeviceStanding | undefined): Row['posture'] {
  if (standing === undefined || standing.checks.length === 0) return 'none';
  if (standing.reported === undefined) return 'silent';
  return standing.checks.every(({ met }) => met) ? 'met' : 'failing';
}

const postureLooks = {
  met: { tone: 'good', text: 'Meets all' },
  failing: { tone: 'wait', text: 'Fails some' },
  silent: { tone: 'wait', text: 'Reports nothing' },
  none: { tone: 'plain', text: 'Not asked' },
} as const;

const filters = [
  {
    id: 'state',
    label: 'State',
    options: Object.entries(stateLooks).map(([value, { text }]) => ({ value, label: text })),
    takes: (row: Row, value: string) => row.state === value,
  },
  {
    id: 'posture',
    label: 'Posture',
    options: [
      { value: 'met', label: 'Meets all' },
      { value: 'failing', label: 'Fails some, or reports nothing' },
    ],
    takes: (row: Row, value: string) =>
      value === 'failing' ? row.posture === 'failing' || row.posture === 'silent' : row.posture === value,
  },
];

const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    head: 'Device',
    value: ({ device }) => device.name,
    cell: ({ device: { id, name, os } }) => (
      <>
        <TextLink to="/admin/devices/$id" params={{ id }}>
          <Foreign text={name} limit={64} />
        </TextLink>
        <Foreign text={os} limit={80} className="block text-note text-quiet" />
      </>
    ),
  },
  {
    id: 'owner',
    head: 'Owner',
    from: 'sm',
    value: ({ device }) => device.ownerName,
    cell: ({ device: { owner, ownerName } }) => (
      <TextLink to="/admin/people/$id" params={{ id: owner }}>
        <Foreign text={ownerName} limit={80} />
      </TextLink>
    ),
  },
  {
    id: 'state',
    head: 'State',
    width: 'w-28 sm:w-36',
    value: ({ state }) => stateLooks[state].text,
    cell: ({ state }) => <Badge tone={stateLooks[state].tone}>{stateLooks[state].text}</Badge>,
  },
  {
    id: 'posture',
    head: 'Posture',
    from: 'xl',
    width: 'w-36',
    value: ({ posture }) => postureLooks[posture].text,
    cell: ({ posture }) => <Badge tone={postureLooks[posture].tone}>{postureLooks[posture].text}</Badge>,
  },
  {
    id: 'seen',
    head: 'Connection',
    from: 'md',
    width: 'w-40',
    value: ({ device: { online, seen } }) => (online ? 'connected' : seen),
    cell: ({ device: { online, seen } }) => <Online online={online} seen={seen} />,
  },
];
