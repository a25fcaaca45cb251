/** What the lists of diagnostics show of each fault, connector, relay and certificate. */
import type { Diagnostics, KeptFault } from '../../../../protocol/diagnostics.ts';
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import { Badge } from '../../ui/badge.tsx';
import { capital } from '../../ui/capital.ts';
import type { Column } from '../../ui/data-table.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import type { Filter } from '../../ui/use-found.ts';
import { Online } from '../online.tsx';

const faultTexts: Readonly<Record<KeptFault['of'], string>> = {
  webhook: 'The webhook',
  mail: 'Mail',
  'posture-source': 'The posture source',
  certificate: 'The certificate of',
};

export const faultColumns: readonly Column<KeptFault>[] = [
  {
    id: 'what',
    head: 'What',
    width: 'w-2/5 lg:w-72',
    value: ({ of, name = '' }) => `${faultTexts[of]} ${name}`,
    cell: ({ of, name }) => (
      <>
        {faultTexts[of]}{' '}
        {name === undefined ? undefined : <Foreign text={name} limit={253} className="font-medium" />}
      </>
    ),
  },
  {
    id: 'text',
    head: 'What was answered',
    value: ({ text }) => text,
    cell: ({ text }) => <Foreign text={text} limit={512} />,
  },
  {
    id: 'well',
    head: 'Went well',
    from: 'sm',
    width: 'w-32',
    value: ({ lastWell = '' }) => lastWell,
    cell: ({ of, lastWell }) =>
      lastWell !== undefined ? (
        <Ago instant={lastWell} />
      ) : // Of certificates nobody keeps it.
      of === 'certificate' ? (
        ''
      ) : (
        <span className="text-quiet">never</span>
      ),
  },
];

/** @param version of the controller: another one stands out */
export function serverColumnsBeside(version: string): readonly Column<ServerEntry>[] {
  return [
    {
      id: 'name',
      head: 'Name',
      value: (row) => row.name,
      cell: (row) => (
        <>
          <Foreign text={row.name} limit={63} className="font-medium" />
          <span className="block text-note text-quiet sm:hidden">{what(row)}</span>
        </>
      ),
    },
    {
      id: 'what',
      head: 'What it is',
      from: 'sm',
      value: what,
      cell: (row) =>
        row.network === undefined ? (
          <span className="text-quiet">{what(row)}</span>
        ) : (
          <span className="text-quiet">
            connector of{' '}
            <TextLink to="/admin/networks/$name" params={{ name: row.network }}>
              <Foreign text={row.network} limit={63} />
            </TextLink>
          </span>
        ),
    },
    {
      id: 'version',
      head: 'Version',
      width: 'w-32 sm:w-44',
      value: (row) => row.version,
      cell: (row) =>
        row.version === version ? (
          row.version
        ) : (
          <Badge tone="wait">{`Version ${foreignText(row.version, 32)}`}</Badge>
        ),
    },
    {
      id: 'state',
      head: 'State',
      width: 'w-34 sm:w-44',
      value: ({ online, seen, drained }) =>
        online ? (drained === undefined ? 'connected' : 'drained') : seen,
      cell: ({ online, seen, drained }) => <Online online={online} seen={seen} drained={drained} />,
    },
  ];
}

export function serverFilters(version: string): readonly Filter<ServerEntry>[] {
  return [
    {
      id: 'state',
      label: 'State',
      options: [
        { value: 'connected', label: 'Connected' },
        { value: 'away', label: 'Away' },
      ],
      takes: ({ online }, value) => online === (value === 'connected'),
    },
    {
      id: 'version',
      label: 'Version',
      options: [{ value: 'other', label: 'Not the controller’s' }],
      takes: (row) => row.version !== version,
    },
  ];
}

function what({ id, network }: ServerEntry): string {
  return id.startsWith('rly') ? 'relay' : `connector of ${network ?? 'no network'}`;
}

type Certificate = Diagnostics['certificates'][number];

/** One that a connector reported, or the built-in authority, which has no host. */
export type CertificateRow = Certificate | { readonly [key in keyof Certificate]?: Certificate[key] };

const authorityText = 'The built-in authority';

export const certificateColumns: readonly Column<CertificateRow>[] = [
  {
    id: 'host',
    head: 'Hostname',
    value: ({ host = authorityText }) => host,
    cell: ({ host }) =>
      host === undefined ? (
        <span className="font-medium">{authorityText}</span>
      ) : (
        <Foreign text={host} limit={253} className="font-medium" />
      ),
  },
  {
    id: 'from',
    head: 'From',
    from: 'sm',
    width: 'w-32',
    value: ({ from = '' }) => from,
    cell: ({ from }) => <span className="text-quiet">{from === undefined ? '' : sources[from]}</span>,
  },
  {
    id: 'connector',
    head: 'On the connector',
    from: 'md',
    width: 'w-52',
    value: ({ connector = '' }) => connector,
    cell: ({ connector = '' }) => <Foreign text={connector} limit={63} className="text-quiet" />,
  },
  {
    id: 'until',
    head: 'Ends',
    width: 'w-36 sm:w-56',
    value: ({ until = '' }) => until,
    cell: ({ until, state = '' }) =>
      until === undefined ? (
        <Badge tone={state === 'failed' ? 'bad' : 'wait'}>{capital(state)}</Badge>
      ) : (
        // With its year it is wider than a phone has room for.
        <span className="[&_time]:whitespace-normal">
          <Instant instant={until} />
        </span>
      ),
  },
];

const sources: Readonly<Record<Certificate['from'], string>> = {
  acme: 'ACME',
  file: 'files',
  'built-in': 'built in',
};
