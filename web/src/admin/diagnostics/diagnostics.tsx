/** What runs and in which version, how far away the records are, what ends, what went wrong last; and who reaches what. */
import { useQuery } from '@tanstack/react-query';
import type { Diagnostics, Installation, KeptFault } from '../../../../protocol/diagnostics.ts';
import { diagnosticsQuery } from '../../admin-queries.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Entry, EntryList, NoEntry } from '../../ui/entry-list.tsx';
import { Figure } from '../../ui/figure.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago, Instant } from '../../ui/instant.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { Online } from '../online.tsx';
import { Reach } from './reach.tsx';

export function DiagnosticsPage() {
  const [{ tab }] = useListSearch();
  const found = useQuery(diagnosticsQuery);
  return (
    <Page
      title="Diagnostics"
      lead="Where to look first when something does not work."
      actions={
        tab === undefined ? (
          <Button tone="secondary" busy={found.isFetching} onClick={() => void found.refetch()}>
            Measure again
          </Button>
        ) : undefined
      }
    >
      <Tabs
        label="Parts of diagnostics"
        current={tab}
        tabs={[
          { id: undefined, label: 'What runs' },
          { id: 'reach', label: 'Who reaches what' },
        ]}
      />
      {tab === 'reach' ? (
        <Reach />
      ) : (
        <Loaded what="The diagnostics" query={found}>
          {(all) => <WhatRuns all={all} />}
        </Loaded>
      )}
    </Page>
  );
}

function WhatRuns({ all }: { readonly all: Diagnostics }) {
  const { version, installation, connectors, relays, certificates, faults } = all;
  const servers = [...connectors, ...relays];
  const online = servers.filter((each) => each.online).length;
  return (
    <>
      <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4" aria-label="Now">
        <li>
          <Figure label="Version" value={version} about="of the controller that answered" />
        </li>
        <li>
          <Figure label="Connected" value={`${online} of ${servers.length}`} about="connectors and relays" />
        </li>
        {installation === undefined ? undefined : <RoundTrips installation={installation} />}
      </ul>
      {installation === undefined ? undefined : <Controllers installation={installation} />}
      <Panel title="What went wrong last">
        {faults.length === 0 ? (
          <NoEntry>Nothing that has not gone well since.</NoEntry>
        ) : (
          <EntryList label="What went wrong last">
            {faults.map((fault) => (
              <Fault key={`${fault.of} ${fault.name ?? ''} ${fault.text}`} fault={fault} />
            ))}
          </EntryList>
        )}
      </Panel>
      <Panel title="Connectors and relays">
        {servers.length === 0 ? (
          <NoEntry>There are none yet.</NoEntry>
        ) : (
          <EntryList label="Connectors and relays">
            {servers.map((server) => (
              <Entry
                key={server.id}
                name={<Foreign text={server.name} limit={63} />}
                note={
                  server.id.startsWith('rly') ? 'relay' : `connector of ${server.network ?? 'no network'}`
                }
                aside={
                  <>
                    {server.version === version ? (
                      <span>{server.version}</span>
                    ) : (
                      <Badge tone="wait">{`Version ${foreignText(server.version, 32)}`}</Badge>
                    )}
                    <Online online={server.online} seen={server.seen} drained={server.drained} />
                  </>
                }
              />
            ))}
          </EntryList>
        )}
      </Panel>
      <Panel title="Certificates">
        {certificates.length === 0 && installation?.authorityUntil === undefined ? (
          <NoEntry>No connector has reported one.</NoEntry>
        ) : (
          <EntryList label="Certificates">
            {installation?.authorityUntil === undefined ? undefined : (
              <Entry name="The built-in authority" aside={<Until instant={installation.authorityUntil} />} />
            )}
            {certificates.map(({ host, connector, from, state, until }) => (
              <Entry
                key={`${host} ${connector}`}
                name={<Foreign text={host} limit={253} />}
                note={
                  <>
                    {from}, at <Foreign text={connector} limit={63} />
                  </>
                }
                aside={
                  until === undefined ? (
                    <Badge tone={state === 'failed' ? 'bad' : 'wait'}>{state}</Badge>
                  ) : (
                    <Until instant={until} />
                  )
                }
              />
            ))}
          </EntryList>
        )}
      </Panel>
    </>
  );
}

function RoundTrips({ installation: { store, live } }: { readonly installation: Installation }) {
  return (
    <>
      <li>
        <Figure
          label={store.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}
          value={`${store.roundTripMs} ms`}
          about="there and back"
        />
      </li>
      <li>
        <Figure
          label={live.kind === 'redis' ? 'Redis' : 'Live store'}
          value={
            live.kind === 'memory'
              ? 'Memory'
              : live.roundTripMs === undefined
                ? 'Away'
                : `${live.roundTripMs} ms`
          }
          about={
            live.kind === 'memory'
              ? 'one controller needs no other'
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

const faultTexts: Readonly<Record<KeptFault['of'], string>> = {
  webhook: 'The webhook',
  mail: 'Mail',
  'posture-source': 'The posture source',
  certificate: 'The certificate of',
};

function Fault({ fault: { of, name, text, lastWell } }: { readonly fault: KeptFault }) {
  return (
    <Entry
      name={
        <>
          {faultTexts[of]} {name === undefined ? undefined : <Foreign text={name} limit={253} />}
        </>
      }
      note={<Foreign text={text} limit={512} />}
      aside={
        of === 'certificate' ? undefined : lastWell === undefined ? (
          'never went well'
        ) : (
          <span>
            went well <Ago instant={lastWell} />
          </span>
        )
      }
    />
  );
}

function Until({ instant }: { readonly instant: string }) {
  return (
    <span>
      until <Instant instant={instant} />
    </span>
  );
}
