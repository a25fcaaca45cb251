/** One network: its connectors, what is declared in it, and its settings. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import { allResourcesQuery, connectorsQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Entry, EntryList, NoEntry } from '../../ui/entry-list.tsx';
import { Check } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { withEntry } from '../document/shown-document.ts';
import { useOwnRemoval } from '../document/use-removal.tsx';
import { useReview } from '../document/use-review.tsx';
import { EntityPage } from '../entity-page.tsx';
import { Online } from '../online.tsx';
import { useDocument } from '../use-document.ts';
import { useConnectorActions } from './use-connector-actions.tsx';

const route = getRouteApi('/shell/admin/networks/$name');

export function NetworkPage() {
  const { name } = route.useParams();
  const may = useMay();
  const document = useDocument();
  const connectors = useQuery(connectorsQuery);
  const resources = useQuery(allResourcesQuery);
  const [review, propose] = useReview();
  const [removal, remove] = useOwnRemoval('networks');
  const entry = document.data?.document.networks?.find((each) => each.name === name);
  const base = document.data;
  const mayWrite = may('document.write-network');
  return (
    <EntityPage
      kind="Network"
      name={name}
      above={<TextLink to="/admin/networks">Networks</TextLink>}
      query={document}
      find={entry}
      missing={['There is no network of this name', 'It may have been removed, or renamed in the document.']}
      renderActions={() => (
        <>
          {mayWrite && base !== undefined ? (
            <Button tone="secondary" onClick={() => remove(name, base)}>
              Remove
            </Button>
          ) : undefined}
          {may('keys.write-servers') ? (
            <Link
              to="/admin/networks"
              search={{ add: 'connector', network: name }}
              className={buttonClass('primary')}
            >
              <Plus className="size-4" aria-hidden="true" />
              Add a connector
            </Link>
          ) : undefined}
        </>
      )}
    >
      {(network) => (
        <>
          <Panel title="Connectors">
            <Loaded what="The connectors" query={connectors}>
              {(list) => <Connectors list={list.filter((each) => each.network === name)} />}
            </Loaded>
          </Panel>
          <Panel title="Resources in it">
            <Loaded what="The resources" query={resources}>
              {(list) => {
                const own = list.filter((each) => each.network === name);
                return own.length === 0 ? (
                  <NoEntry>Nothing is declared in this network yet.</NoEntry>
                ) : (
                  <ul className="divide-y divide-line">
                    {own.slice(0, 100).map((each) => (
                      <li key={each.id} className="flex items-baseline gap-4 px-5 py-2.5 text-small">
                        <span className="w-1/3 min-w-0">
                          <TextLink to="/admin/resources/$name" params={{ name: each.name }}>
                            <Foreign text={each.name} limit={63} />
                          </TextLink>
                        </span>
                        <Foreign
                          text={each.address}
                          limit={100}
                          className="min-w-0 font-mono text-note text-quiet"
                        />
                      </li>
                    ))}
                    {own.length > 100 ? (
                      <li className="px-5 py-2.5 text-small">
                        <TextLink to="/admin/resources" search={{ network: name }}>
                          All {own.length} of them
                        </TextLink>
                      </li>
                    ) : undefined}
                  </ul>
                );
              }}
            </Loaded>
          </Panel>
          {base === undefined ? undefined : (
            <Panel title="Settings">
              <div className="px-5 py-4">
                <Check
                  label="Tell devices the private addresses that connectors publish"
                  hint="Lets a laptop in the same network go to the connector directly. Without it, names and public addresses only."
                  checked={network.lanCandidates === true}
                  disabled={!mayWrite}
                  onChange={(event) => {
                    const { lanCandidates: _, ...rest } = network;
                    const next = event.target.checked ? { ...rest, lanCandidates: true as const } : rest;
                    propose({
                      title: `Change the network ${name}`,
                      base,
                      next: withEntry(base.document, 'networks', name, next),
                      fragment: { networks: [next] },
                    });
                  }}
                />
              </div>
            </Panel>
          )}
          {review}
          {removal}
        </>
      )}
    </EntityPage>
  );
}

function Connectors({ list }: { readonly list: readonly ServerEntry[] }) {
  const [confirm, renderActions] = useConnectorActions(list);
  if (list.length === 0) return <NoEntry>None has joined yet.</NoEntry>;
  return (
    <>
      <EntryList>
        {list.map((each) => (
          <Entry
            key={each.id}
            name={<Foreign text={each.name} limit={63} />}
            aside={
              <>
                <Online online={each.online} seen={each.seen} drained={each.drained} />
                <span>
                  Version <Foreign text={each.version} limit={30} />
                </span>
              </>
            }
            actions={renderActions(each)}
          />
        ))}
      </EntryList>
      {confirm}
    </>
  );
}
