/** What a line of the map stands for: the policy that rules it, or where the connection goes; and what is joined with a node. */
import { Link } from '@tanstack/react-router';
import type { EffectiveAccess } from '../../../../protocol/effective-access.ts';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import { Reasons } from '../../pages/reasons.tsx';
import { useMay } from '../../shell/may.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { accessStates } from '../access-list.tsx';
import { Sentence } from '../policies/sentence.tsx';
import { edgeKey, type Graph, type MapEdge, type MapNode } from './graph.ts';

export function Rule({
  from,
  to,
  policy,
  access,
}: {
  readonly from: MapNode;
  readonly to: MapNode;
  readonly policy: PolicyDocument | undefined;
  /** How the one it is looked at as stands by the resource at the line's end. */
  readonly access: EffectiveAccess | undefined;
}) {
  return (
    <Panel title={policy === undefined ? 'The way' : 'The rule'}>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-3 px-5 py-4">
        <p className="text-small text-quiet">
          <Foreign text={from.name} limit={80} /> → <Foreign text={to.name} limit={80} />
        </p>
        {policy === undefined ? <Way from={from} to={to} /> : <PolicyRule policy={policy} />}
        {access === undefined ? undefined : (
          <Notice tone={accessStates[access.state].tone} title={accessStates[access.state].text}>
            {access.state === 'now' ? undefined : <Reasons reasons={access.reasons} />}
          </Notice>
        )}
      </div>
    </Panel>
  );
}

export function PolicyRule({ policy }: { readonly policy: PolicyDocument }) {
  const mayWrite = useMay()('document.write-access');
  return (
    <>
      <p className="first-letter:uppercase">
        <Sentence policy={policy} />
      </p>
      <div className="flex flex-wrap items-center gap-3">
        <TextLink to="/admin/policies/$name" params={{ name: policy.name }}>
          <Foreign text={policy.name} limit={63} className="font-mono" />
        </TextLink>
        {mayWrite ? (
          <Link
            to="/admin/policies"
            search={{ edit: policy.name }}
            className={buttonClass('secondary', undefined, true)}
          >
            Change<span className="sr-only"> the policy {policy.name}</span>
          </Link>
        ) : undefined}
      </div>
    </>
  );
}

function Way({ from, to }: { readonly from: MapNode; readonly to: MapNode }) {
  const connector = from.column === 'connectors' ? from : to;
  return (
    <p>
      {connector.isPlaceholder !== true
        ? `The connector ${connector.name}, ${connector.about ?? ''}, ${connector.isDown === true ? 'is not connected: nothing goes this way now.' : 'is connected: connections go this way.'}`
        : `Nothing goes this way: no connector has joined ${connector.about ?? ''}.`}
    </p>
  );
}

/** So many are listed; the map itself narrows as things are chosen. */
const mostListed = 60;

/** Every line from or to a node, to be chosen by keyboard and where no lines are drawn. */
export function Joined({
  graph,
  at,
  chosen,
  onChoose,
}: {
  readonly graph: Graph;
  readonly at: MapNode;
  readonly chosen: string | undefined;
  readonly onChoose: (edge: MapEdge) => void;
}) {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const own = graph.edges.filter(({ from, to }) => from === at.id || to === at.id);
  const listed = own.slice(0, mostListed);
  return (
    <Panel title="Joined with it" aside={<span className="text-small text-quiet">{own.length}</span>}>
      {own.length === 0 ? (
        <p className="px-5 py-4 text-quiet">Nothing.</p>
      ) : (
        <ul className="flex flex-wrap gap-2 px-5 py-4">
          {listed.map((edge) => {
            const other = byId.get(edge.from === at.id ? edge.to : edge.from);
            const key = edgeKey(edge);
            return (
              <li key={key} className="max-w-full">
                <button
                  type="button"
                  aria-pressed={key === chosen}
                  onClick={() => onChoose(edge)}
                  className="inline-flex min-h-8 max-w-full items-center gap-2 rounded-control border border-line px-2.5 text-small hover:border-line-strong aria-pressed:border-ink aria-pressed:font-medium"
                >
                  <Foreign text={other?.name ?? ''} limit={80} className="min-w-0 truncate" />
                  <span className="shrink-0 text-note text-quiet">
                    {other === undefined ? '' : nounOf(other)}
                  </span>
                </button>
              </li>
            );
          })}
          {own.length > listed.length ? (
            <li className="self-center text-small text-quiet">and {own.length - listed.length} more</li>
          ) : undefined}
        </ul>
      )}
    </Panel>
  );
}

function nounOf({ column, about, effect }: MapNode): string {
  if (column === 'who') return about ?? '';
  if (column === 'policies') return `policy, ${effect ?? ''}`;
  return { resources: 'resource', connectors: 'connector', networks: 'network' }[column];
}
