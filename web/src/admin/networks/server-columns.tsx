/** Connectors and relays as rows. */
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import type { Column } from '../../ui/data-table.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { Online } from '../online.tsx';

export function serverColumns(kind: 'connectors' | 'relays'): readonly Column<ServerEntry>[] {
  return kind === 'connectors' ? connectorColumns : relayColumns;
}

const name: Column<ServerEntry> = {
  id: 'name',
  head: 'Name',
  value: (row) => row.name,
  cell: (row) => <Foreign text={row.name} limit={63} className="font-medium" />,
};
const state: Column<ServerEntry> = {
  id: 'state',
  head: 'State',
  width: 'w-34 sm:w-44',
  value: ({ online, seen, drained }) => (online ? (drained === undefined ? 'connected' : 'drained') : seen),
  cell: ({ online, seen, drained }) => <Online online={online} seen={seen} drained={drained} />,
};
const version: Column<ServerEntry> = {
  id: 'version',
  head: 'Version',
  from: 'md',
  width: 'w-28',
  value: (row) => row.version,
};

const connectorColumns: readonly Column<ServerEntry>[] = [
  name,
  {
    id: 'network',
    head: 'Network',
    from: 'sm',
    value: ({ network = '' }) => network,
    cell: ({ network }) =>
      network === undefined ? (
        <span className="text-quiet">gone</span>
      ) : (
        <TextLink to="/admin/networks/$name" params={{ name: network }}>
          <Foreign text={network} limit={63} />
        </TextLink>
      ),
  },
  state,
  version,
];

const relayColumns: readonly Column<ServerEntry>[] = [
  name,
  {
    id: 'url',
    head: 'Address',
    from: 'sm',
    value: ({ url = '' }) => url,
    cell: ({ url = '', embedded }) => (
      <>
        <Foreign text={url} limit={120} className="font-mono text-note" />
        {embedded === true ? (
          <span className="block text-note text-quiet">inside the controller</span>
        ) : undefined}
      </>
    ),
  },
  state,
  version,
];
