/** One column of the map, and what stands in it: buttons, by which one thing is chosen. */
import type { ReactNode } from 'react';
import { Badge } from '../../ui/badge.tsx';
import { classNames } from '../../ui/class-names.ts';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { accessStates } from '../access-list.tsx';
import { effectLooks } from '../policies/policy-lines.tsx';
import type { SeenState } from './edge-states.ts';
import type { Column, Graph, MapNode } from './graph.ts';
import { mostRows } from './lines.tsx';

const heads: Readonly<Record<Column, string>> = {
  who: 'Who',
  policies: 'Policies',
  resources: 'Resources',
  connectors: 'Connectors',
  networks: 'Networks',
};

export function ColumnOf({
  graph,
  column,
  children,
}: {
  readonly graph: Graph;
  readonly column: Column;
  readonly children: (node: MapNode) => ReactNode;
}) {
  const nodes = graph.nodes.filter((node) => node.column === column);
  const count = nodes.filter(({ isPlaceholder }) => isPlaceholder !== true).length;
  return (
    <section aria-label={heads[column]} className="min-w-0 max-md:mb-5">
      <h2 className="h-7 text-small font-semibold text-quiet">
        {heads[column]} <span className="font-normal tabular-nums">{count}</span>
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
  );
}

const stateTexts: Readonly<Record<SeenState, string>> = {
  now: 'now',
  idle: 'signed in',
  refused: 'with a fix',
  none: 'no',
};
/** Groups need no word: most are. */
const subjects: readonly string[] = ['person', 'service account', 'guests'];

export function Node({
  node,
  chosen,
  state,
  onChoose,
}: {
  readonly node: MapNode;
  readonly chosen: boolean;
  /** Of a resource, seen as somebody. */
  readonly state: SeenState | undefined;
  readonly onChoose: () => void;
}) {
  const { column, name, about, effect, isDown } = node;
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
      {column === 'who' && about !== undefined && subjects.includes(about) ? (
        <span className="shrink-0 text-note text-quiet">{about}</span>
      ) : undefined}
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
        <Badge tone={state === 'none' ? 'bad' : accessStates[state].tone}>{stateTexts[state]}</Badge>
      )}
      {isDown === true ? <Badge tone="bad">down</Badge> : undefined}
    </button>
  );
}
