/** Who reaches what, by which policy, through which network. Choosing one thing leaves what is joined with it. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { EffectiveAccess } from '../../../../protocol/effective-access.ts';
import { accessQuery, connectorsQuery } from '../../admin-queries.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { classNames } from '../../ui/class-names.ts';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { accessStates } from '../access-list.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { effectLooks } from '../policies/policy-lines.tsx';
import { Sentence } from '../policies/sentence.tsx';
import { useDocument } from '../use-document.ts';
import { useViewers, ViewAs } from './view-as.tsx';
import { around, columns, graphOf, type Column, type Graph, type MapNode } from './graph.ts';

const rowPx = 44;
/** Shown in a column at once; choosing something brings the rest nearer. */
const mostRows = 40;
const heads: Readonly<Record<Column, string>> = {
  who: 'Who',
  policies: 'Policies',
  resources: 'Resources',
  networks: 'Networks',
};

export function MapPage() {
  const document = useDocument();
  return (
    <Page
      title="Map"
      lead="Who reaches what, by which policy, through which network. Choose anything to see what it is joined with."
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
  const [{ at, as }, change] = useListSearch();
  const connectors = useQuery(connectorsQuery);
  const viewers = useViewers();
  const viewer = viewers.find(({ id }) => id === as);
  const access = useQuery({
    ...accessQuery(as?.startsWith('dev_') === true ? { device: as } : { subject: as ?? '' }),
    enabled: as !== undefined,
  });
  const whole = useMemo(() => graphOf(document), [document]);
  const chosen = whole.nodes.find(({ id }) => id === at);
  const graph = useMemo(() => {
    const near = chosen === undefined ? whole : around(whole, chosen.id);
    if (viewer === undefined) return near;
    const own = new Set(['who:everyone', ...viewer.names.map((name) => `who:${name}`)]);
    return reachedFrom(near, own);
  }, [whole, chosen, viewer]);
  const policy = document.policies?.find(({ name }) => chosen?.column === 'policies' && name === chosen.name);
  const states = new Map(access.data?.list.map((each) => [each.resource, each]));
  const down = new Set(
    (document.networks ?? [])
      .map(({ name }) => name)
      .filter((name) => connectors.data?.some((each) => each.network === name && each.online) === false),
  );
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <ViewAs viewers={viewers} as={as} onChange={(id) => change({ as: id })} />
        {chosen === undefined ? undefined : (
          <Button small tone="secondary" onClick={() => change({ at: undefined })}>
            Show all again
          </Button>
        )}
        <p className="ml-auto flex flex-wrap gap-x-4 text-note text-quiet" aria-hidden="true">
          {viewer === undefined
            ? Object.values(effectLooks).map(({ text }) => <Legend key={text} text={text} />)
            : Object.values(accessStates).map(({ text }) => <Legend key={text} text={text} />)}
        </p>
      </div>
      <div className="rounded-panel border border-line bg-surface p-4 shadow-panel md:overflow-x-auto">
        <div className="md:grid md:min-w-[44rem] md:grid-cols-[minmax(0,1fr)_3.5rem_minmax(0,1fr)_3.5rem_minmax(0,1fr)_3.5rem_minmax(0,1fr)]">
          {columns.map((column, place) => (
            <Fragmented key={column} graph={graph} column={column} place={place}>
              {(node) => (
                <Node
                  node={node}
                  chosen={node.id === at}
                  state={
                    node.column === 'resources' && viewer !== undefined
                      ? (states.get(node.name)?.state ?? 'none')
                      : undefined
                  }
                  isDown={node.column === 'networks' && down.has(node.name)}
                  onChoose={() => change({ at: node.id === at ? undefined : node.id })}
                />
              )}
            </Fragmented>
          ))}
        </div>
      </div>
      {policy === undefined ? undefined : (
        <Panel title="The policy">
          <p className="px-5 py-4 first-letter:uppercase">
            <Sentence policy={policy} />{' '}
            <TextLink to="/admin/policies" search={{ q: policy.name }}>
              Open it
            </TextLink>
          </p>
        </Panel>
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

function Legend({ text }: { readonly text: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span className={`h-0.5 w-4 ${legendTones[text] ?? 'bg-line-strong'}`} />
      {text}
    </span>
  );
}

const legendTones: Readonly<Record<string, string>> = {
  Allow: 'bg-good',
  Deny: 'bg-bad',
  Require: 'bg-wait',
  [accessStates.now.text]: 'bg-good',
  [accessStates.idle.text]: 'bg-line-strong',
  [accessStates.refused.text]: 'bg-wait',
};

/** What remains when only these may ask. */
function reachedFrom(graph: Graph, own: ReadonlySet<string>): Graph {
  const policies = new Set(graph.edges.filter(({ from }) => own.has(from)).map(({ to }) => to));
  const resources = new Set(graph.edges.filter(({ from }) => policies.has(from)).map(({ to }) => to));
  const networks = new Set(graph.edges.filter(({ from }) => resources.has(from)).map(({ to }) => to));
  const kept = new Set([...own, ...policies, ...resources, ...networks]);
  return {
    nodes: graph.nodes.filter(({ id }) => kept.has(id)),
    edges: graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}

/** One column, and before it the lines that lead into it. */
function Fragmented({
  graph,
  column,
  place,
  children,
}: {
  readonly graph: Graph;
  readonly column: Column;
  readonly place: number;
  readonly children: (node: MapNode) => React.ReactNode;
}) {
  const before = columns[place - 1];
  const nodes = graph.nodes.filter((node) => node.column === column);
  return (
    <>
      {before === undefined ? undefined : <Lines graph={graph} from={before} to={column} />}
      <section aria-label={heads[column]} className="min-w-0 max-md:mb-5">
        <h2 className="h-7 text-small font-semibold text-quiet">
          {heads[column]} <span className="font-normal tabular-nums">{nodes.length}</span>
        </h2>
        <ul>
          {nodes.slice(0, mostRows).map((node) => (
            <li key={node.id} className="flex h-11 items-center">
              {children(node)}
            </li>
          ))}
        </ul>
        {nodes.length > mostRows ? (
          <p className="pt-1 text-note text-quiet">
            and {nodes.length - mostRows} more: choose something to narrow it
          </p>
        ) : undefined}
      </section>
    </>
  );
}

const strokes = { allow: 'stroke-good', deny: 'stroke-bad', require: 'stroke-wait' } as const;

function Lines({ graph, from, to }: { readonly graph: Graph; readonly from: Column; readonly to: Column }) {
  const placeIn = (column: Column) =>
    new Map(
      graph.nodes
        .filter((node) => node.column === column)
        .slice(0, mostRows)
        .map(({ id }, index) => [id, index]),
    );
  const left = placeIn(from);
  const right = placeIn(to);
  const rows = Math.max(left.size, right.size, 1);
  const middle = (index: number): number => index * rowPx + rowPx / 2;
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 56 ${rows * rowPx}`}
      preserveAspectRatio="none"
      className="mt-7 w-14 max-md:hidden"
      style={{ height: rows * rowPx }}
    >
      {graph.edges.map((edge) => {
        const a = left.get(edge.from);
        const b = right.get(edge.to);
        return a === undefined || b === undefined ? undefined : (
          <path
            key={`${edge.from} ${edge.to}`}
            d={`M0 ${middle(a)} C28 ${middle(a)} 28 ${middle(b)} 56 ${middle(b)}`}
            fill="none"
            strokeWidth="1.5"
            className={classNames(
              to === 'networks' ? 'stroke-line-strong' : strokes[edge.effect],
              'opacity-60',
            )}
          />
        );
      })}
    </svg>
  );
}

function Node({
  node,
  chosen,
  state,
  isDown,
  onChoose,
}: {
  readonly node: MapNode;
  readonly chosen: boolean;
  readonly state: EffectiveAccess['state'] | 'none' | undefined;
  readonly isDown: boolean;
  readonly onChoose: () => void;
}) {
  const { name, about, effect } = node;
  return (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={onChoose}
      className="flex h-9 w-full min-w-0 items-center gap-2 rounded-control border border-line bg-surface px-2.5 text-left text-small hover:border-line-strong aria-pressed:border-ink aria-pressed:font-medium"
    >
      <span
        className="min-w-0 flex-1 truncate"
        title={foreignText(about === undefined ? name : `${name}, ${about}`, 200)}
      >
        <Foreign text={name} limit={80} />
      </span>
      {effect === undefined ? undefined : (
        <span
          className={classNames(
            'size-2 shrink-0 rounded-full',
            { allow: 'bg-good', deny: 'bg-bad', require: 'bg-wait' }[effect],
          )}
        >
          <span className="sr-only">{effectLooks[effect].text}</span>
        </span>
      )}
      {state === undefined ? undefined : (
        <Badge tone={state === 'none' ? 'plain' : accessStates[state].tone}>
          {state === 'now'
            ? 'now'
            : state === 'refused'
              ? 'with a fix'
              : state === 'idle'
                ? 'signed in'
                : 'no'}
        </Badge>
      )}
      {isDown ? <Badge tone="bad">down</Badge> : undefined}
    </button>
  );
}
