/** The parts that run, how far away the records are, what went wrong last, and when certificates end. */
import { useMemo } from 'react';
import type { Diagnostics, Installation } from '../../../../protocol/diagnostics.ts';
import { Badge } from '../../ui/badge.tsx';
import { Entry, EntryList } from '../../ui/entry-list.tsx';
import { Figure } from '../../ui/figure.tsx';
import { Panel } from '../../ui/panel.tsx';
import { TablePanel } from '../../ui/table-panel.tsx';
import {
  certificateColumns,
  faultColumns,
  serverColumnsBeside,
  serverFilters,
  type CertificateRow,
} from './diagnostics-columns.tsx';

export function WhatRuns({ all }: { readonly all: Diagnostics }) {
  const { version, installation, connectors, relays, certificates, faults } = all;
  const servers = useMemo(() => [...connectors, ...relays], [connectors, relays]);
  const online = servers.filter((each) => each.online).length;
  const authority = installation?.authorityUntil;
  const ending = useMemo(
    (): CertificateRow[] => [...(authority === undefined ? [] : [{ until: authority }]), ...certificates],
    [authority, certificates],
  );
  const columns = useMemo(() => serverColumnsBeside(version), [version]);
  const filters = useMemo(() => serverFilters(version), [version]);
  return (
    <>
      <ul className="grid grid-cols-2 gap-3 lg:grid-cols-4" aria-label="Now">
        <li>
          <Figure label="Version" value={version} about="of the controller that answered" />
        </li>
        <li>
          <Figure label="Connected" value={`${online} of ${servers.length}`} about="connectors and relays" />
        </li>
        {installation === undefined ? undefined : <RoundTrips installation={installation} />}
      </ul>
      <TablePanel
        title="What went wrong last"
        name="faults"
        rows={faults}
        columns={faultColumns}
        keyOf={({ of, name = '', text }) => `${of} ${name} ${text}`}
        empty="Nothing: what failed once has gone well since."
      />
      {installation === undefined ? undefined : <Controllers installation={installation} />}
      <TablePanel
        title="Connectors and relays"
        name="servers"
        rows={servers}
        columns={columns}
        filters={filters}
        keyOf={({ id }) => id}
        empty="There are none yet."
      />
      <TablePanel
        title="Certificates"
        name="certificates"
        rows={ending}
        columns={certificateColumns}
        keyOf={({ host = '', connector = '' }) => `${host} ${connector}`}
        empty="No connector has reported one."
      />
    </>
  );
}

function RoundTrips({ installation: { store, live } }: { readonly installation: Installation }) {
  return (
    <>
      <li>
        <Figure
          label={`Database (${store.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'})`}
          value={`${store.roundTripMs} ms`}
          about="for one question and its answer"
        />
      </li>
      <li>
        <Figure
          label={live.kind === 'redis' ? 'Redis' : 'Live news'}
          value={
            live.kind === 'memory'
              ? 'In memory'
              : live.roundTripMs === undefined
                ? 'Away'
                : `${live.roundTripMs} ms`
          }
          about={
            live.kind === 'memory'
              ? 'a single controller needs no Redis'
              : live.isWhole
                ? 'news reach all controllers'
                : 'news do not reach all controllers'
          }
        />
      </li>
    </>
  );
}

/** Saying nothing for so long, one counts as gone; they say so every five seconds. */
const silentMs = 12_000;

function Controllers({ installation: { controllers } }: { readonly installation: Installation }) {
  return (
    <Panel title="Controllers">
      <EntryList label="Controllers">
        {controllers.map(({ id, isThis, silentMs: since }) => (
          <Entry
            key={id}
            name={<span className="font-mono text-small">{id}</span>}
            aside={
              isThis ? (
                <Badge tone="good">Answered this</Badge>
              ) : since < silentMs ? (
                <Badge tone="good">Runs</Badge>
              ) : (
                <Badge tone="bad">{`Silent for ${Math.round(since / 1_000)} s`}</Badge>
              )
            }
          />
        ))}
      </EntryList>
    </Panel>
  );
}
