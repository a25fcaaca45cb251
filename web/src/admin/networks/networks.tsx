/** Networks with the connectors that reach them, and the relays between. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import { connectorsQuery, relaysQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Badge } from '../../ui/badge.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { Online } from '../online.tsx';
import { useDocument } from '../use-document.ts';
import { AddConnector } from './add-connector.tsx';
import { AddRelay } from './add-relay.tsx';
import { serverColumns } from './server-columns.tsx';
import { useConnectorActions } from './use-connector-actions.tsx';
import { useServerRemoval } from './use-server-removal.tsx';

interface NetworkRow {
  readonly name: string;
  readonly connectors: readonly ServerEntry[];
  readonly resources: number;
}

export function NetworksPage() {
  const may = useMay();
  const [{ tab, add }, change] = useListSearch();
  const document = useDocument();
  const connectors = useQuery(connectorsQuery);
  const relays = useQuery(relaysQuery);
  const networks = useMemo((): readonly NetworkRow[] | undefined => {
    if (document.data === undefined || connectors.data === undefined) return undefined;
    const { networks: list = [], resources = [] } = document.data.document;
    return list.map(({ name }) => ({
      name,
      connectors: connectors.data.filter(({ network }) => network === name),
      resources: resources.filter(({ network }) => network === name).length,
    }));
  }, [document.data, connectors.data]);
  const mayAdd = may('keys.write-servers');
  const addConnector = mayAdd ? (
    <AddButton onClick={() => change({ add: 'connector' })}>Add a connector</AddButton>
  ) : undefined;
  const addRelay = mayAdd ? (
    <AddButton onClick={() => change({ add: 'relay' })}>Add a relay</AddButton>
  ) : undefined;
  const [confirmConnector, renderConnectorActions] = useConnectorActions(connectors.data);
  const [confirmRelay, renderRemoveRelay] = useServerRemoval('relays');
  return (
    <Page
      title="Networks"
      lead="Private networks, each reached through connectors that dial out from inside."
      actions={tab === 'relays' ? addRelay : addConnector}
    >
      <Tabs
        label="Parts of networks"
        current={tab}
        tabs={[
          { id: undefined, label: 'Networks' },
          { id: 'connectors', label: 'Connectors' },
          { id: 'relays', label: 'Relays' },
        ]}
      />
      {tab === 'connectors' ? (
        <Loaded what="The connectors" query={connectors}>
          {(rows) => (
            <DataTable
              name="connectors"
              rows={rows}
              columns={serverColumns('connectors')}
              keyOf={({ id }) => id}
              actionsWidth="w-26 sm:w-44"
              {...(may('servers.write') ? { renderActions: renderConnectorActions } : {})}
              empty={<NoConnector>{addConnector}</NoConnector>}
            />
          )}
        </Loaded>
      ) : tab === 'relays' ? (
        <Loaded what="The relays" query={relays}>
          {(rows) => (
            <DataTable
              name="relays"
              rows={rows}
              columns={serverColumns('relays')}
              keyOf={({ id }) => id}
              {...(may('servers.write') ? { renderActions: renderRemoveRelay } : {})}
              empty={
                <EmptyState title="No relay">
                  <p>
                    Nobody reaches anything without one. Add one here, or start the controller with its own:
                    --roles controller,relay.
                  </p>
                  {addRelay}
                </EmptyState>
              }
            />
          )}
        </Loaded>
      ) : (
        <Loaded
          what="The networks"
          query={{
            data: networks,
            error: document.error ?? connectors.error,
            refetch: () => Promise.all([document.refetch(), connectors.refetch()]),
          }}
        >
          {(rows) => (
            <DataTable
              name="networks"
              rows={rows}
              columns={networkColumns}
              keyOf={({ name }) => name}
              empty={<NoConnector>{addConnector}</NoConnector>}
            />
          )}
        </Loaded>
      )}
      {add === 'relay' && mayAdd ? <AddRelay onClose={() => change({ add: undefined })} /> : undefined}
      {confirmConnector}
      {confirmRelay}
      {add === 'connector' && mayAdd && document.data !== undefined ? (
        <AddConnector base={document.data} onClose={() => change({ add: undefined, network: undefined })} />
      ) : undefined}
    </Page>
  );
}

function NoConnector({ children }: { readonly children: React.ReactNode }) {
  return (
    <EmptyState title="No network is connected yet">
      <p>A connector runs inside the private network and dials out. One copied line starts it.</p>
      {children}
    </EmptyState>
  );
}

const networkColumns: readonly Column<NetworkRow>[] = [
  {
    id: 'name',
    head: 'Network',
    value: ({ name }) => name,
    cell: ({ name }) => (
      <TextLink to="/admin/networks/$name" params={{ name }}>
        <Foreign text={name} limit={63} />
      </TextLink>
    ),
  },
  {
    id: 'state',
    head: 'State',
    value: ({ connectors }) => connectors.filter(({ online }) => online).length,
    cell: ({ connectors }) => {
      const online = connectors.filter((each) => each.online).length;
      if (connectors.length === 0) return <Badge tone="plain">No connector</Badge>;
      if (online === 0) return <Badge tone="bad">Not reached</Badge>;
      if (connectors.every((each) => !each.online || each.drained !== undefined))
        return <Badge tone="bad">Drained</Badge>;
      return online === 1 && connectors.length === 1 ? (
        <Badge tone="wait">One connector</Badge>
      ) : (
        <Badge tone="good">Reached</Badge>
      );
    },
  },
  {
    id: 'connectors',
    head: 'Connectors',
    from: 'md',
    value: ({ connectors }) => connectors.length,
    cell: ({ connectors }) => {
      const [first] = connectors;
      if (first === undefined) return <span className="text-quiet">none</span>;
      return connectors.length === 1 ? (
        <Online online={first.online} seen={first.seen} drained={first.drained} />
      ) : (
        `${connectors.filter(({ online }) => online).length} of ${connectors.length} connected`
      );
    },
  },
  {
    id: 'resources',
    head: 'Resources',
    from: 'sm',
    width: 'w-28',
    end: true,
    value: ({ resources }) => resources,
  },
];
