/** Who reaches what, by which policy, through which connector. Choosing a thing leaves what is joined with it, a line tells its rule. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { accessQuery, connectorsQuery } from '../../admin-queries.ts';
import { Button } from '../../ui/button.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { PickOne } from '../../ui/pick-one.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import type { ShownDocument } from '../document/shown-document.ts';
import { useDocument } from '../use-document.ts';
import { edgeStates } from './edge-states.ts';
import { around, columns, edgeKey, graphOf, reachedFrom, type MapEdge } from './graph.ts';
import { Legend, strokeOfState, strokeOfEffect } from './legend.tsx';
import { Lines } from './lines.tsx';
import { ColumnOf, Node } from './nodes.tsx';
import { Joined, PolicyRule, Rule } from './rule.tsx';
import { useViewers } from './view-as.tsx';

export function MapPage() {
  const document = useDocument();
  return (
    <Page
      title="Map"
      lead="Who reaches what, by which policy, through which connector. Choose anything to see what it is joined with, and a line for its rule."
    >
      <Loaded what="The map" query={document}>
        {(base) =>
          (base.document.resources ?? []).length === 0 ? (
            <EmptyState title="Nothing to draw yet">
              <p>With the first resource and policy, the map shows who reaches what.</p>
            </EmptyState>
          ) : (
            <Drawn document={base.document} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Drawn({ document }: { readonly document: ShownDocument }) {
  const [{ at, as, edge: line }, change] = useListSearch();
  const connectors = useQuery(connectorsQuery);
  const viewers = useViewers();
  const viewer = viewers.find(({ value }) => value === as);
  const access = useQuery({
    ...accessQuery(as?.startsWith('dev_') === true ? { device: as } : { subject: as ?? '' }),
    enabled: as !== undefined,
  });
  const whole = useMemo(() => graphOf(document, connectors.data), [document, connectors.data]);
  const chosen = whole.nodes.find(({ id }) => id === at);
  const graph = useMemo(() => {
    const near = chosen === undefined ? whole : around(whole, chosen.id);
    return viewer === undefined ? near : reachedFrom(near, new Set(viewer.own));
  }, [whole, chosen, viewer]);
  const rights = useMemo(
    () => new Map(access.data?.list.map((each) => [each.resource, each])),
    [access.data],
  );
  const states = useMemo(
    () => edgeStates(graph, (resource) => rights.get(resource)?.state ?? 'none'),
    [graph, rights],
  );
  const edge = graph.edges.find((each) => edgeKey(each) === line);
  const policyOf = (name: string | undefined) => document.policies?.find((each) => each.name === name);
  const policy = chosen?.column === 'policies' ? policyOf(chosen.name) : undefined;
  const choose = (next: MapEdge): void => {
    const key = edgeKey(next);
    change({ edge: key === line ? undefined : key });
  };
  const nodeOf = (id: string | undefined) => graph.nodes.find((node) => node.id === id);
  const from = nodeOf(edge?.from);
  const to = nodeOf(edge?.to);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <PickOne
          label="View as"
          none="everyone"
          options={viewers}
          chosen={as}
          onChange={(value) => change({ as: value, edge: undefined })}
        />
        {chosen === undefined ? undefined : (
          <Button small tone="secondary" onClick={() => change({ at: undefined, edge: undefined })}>
            Show all again
          </Button>
        )}
        <Legend of={viewer === undefined ? 'effects' : 'states'} />
      </div>
      <div className="rounded-panel border border-line bg-surface p-4 shadow-panel md:overflow-x-auto">
        <div className="md:grid md:min-w-[56rem] md:grid-cols-[minmax(0,1fr)_3.5rem_minmax(0,1fr)_3.5rem_minmax(0,1fr)_3.5rem_minmax(0,1fr)_3.5rem_minmax(0,1fr)]">
          {columns.map((column, place) => {
            const before = columns[place - 1];
            return [
              before === undefined ? undefined : (
                <Lines
                  key={`${before} ${column}`}
                  graph={graph}
                  from={before}
                  to={column}
                  chosen={line}
                  strokeOf={(each) =>
                    viewer === undefined
                      ? strokeOfEffect(each.effect)
                      : strokeOfState(states.get(edgeKey(each)) ?? 'none')
                  }
                  onChoose={choose}
                />
              ),
              <ColumnOf key={column} graph={graph} column={column}>
                {(node) => (
                  <Node
                    node={node}
                    chosen={node.id === at}
                    state={
                      node.column === 'resources' && viewer !== undefined
                        ? (rights.get(node.name)?.state ?? 'none')
                        : undefined
                    }
                    onChoose={() => change({ at: node.id === at ? undefined : node.id, edge: undefined })}
                  />
                )}
              </ColumnOf>,
            ];
          })}
        </div>
      </div>
      {edge === undefined || from === undefined || to === undefined ? undefined : (
        <Rule from={from} to={to} policy={policyOf(edge.policy)} access={rights.get(to.name)} />
      )}
      {policy === undefined || edge !== undefined ? undefined : (
        <Panel title="The policy">
          <div className="grid gap-3 px-5 py-4">
            <PolicyRule policy={policy} />
          </div>
        </Panel>
      )}
      {chosen === undefined ? undefined : (
        <Joined graph={graph} at={chosen} chosen={line} onChoose={choose} />
      )}
      {chosen?.column === 'resources' ? (
        <p className="text-small">
          <TextLink to="/admin/resources/$name" params={{ name: chosen.name }} search={{ tab: 'access' }}>
            Who may use {foreignText(chosen.name, 63)} now
          </TextLink>
        </p>
      ) : undefined}
    </>
  );
}
