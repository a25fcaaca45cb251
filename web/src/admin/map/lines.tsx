/** The lines between two columns of the map. Each is chosen by a click; by keyboard, from the list below the map. */
import { classNames } from '../../ui/class-names.ts';
import { edgeKey, type Column, type Graph, type MapEdge } from './graph.ts';

const rowPx = 44;
/** Shown in a column at once; choosing something brings the rest nearer. */
export const mostRows = 40;
const gapPx = 56;

export function Lines({
  graph,
  from,
  to,
  chosen,
  strokeOf,
  onChoose,
}: {
  readonly graph: Graph;
  readonly from: Column;
  readonly to: Column;
  /** The key of an edge. */
  readonly chosen: string | undefined;
  /** Its colour, as a class name. */
  readonly strokeOf: (edge: MapEdge) => string;
  readonly onChoose: (edge: MapEdge) => void;
}) {
  const left = placesIn(graph, from);
  const right = placesIn(graph, to);
  const height = Math.max(left.size, right.size, 1) * rowPx;
  const middle = (index: number): number => index * rowPx + rowPx / 2;
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 ${gapPx} ${height}`}
      preserveAspectRatio="none"
      className="mt-7 w-14 max-md:hidden"
      style={{ height }}
    >
      {graph.edges.map((edge) => {
        const a = left.get(edge.from);
        const b = right.get(edge.to);
        if (a === undefined || b === undefined) return undefined;
        const key = edgeKey(edge);
        const path = `M0 ${middle(a)} C28 ${middle(a)} 28 ${middle(b)} ${gapPx} ${middle(b)}`;
        return (
          <g key={key} className="group" data-edge={key}>
            <path
              d={path}
              fill="none"
              strokeWidth={key === chosen ? 3.5 : 1.5}
              className={classNames(
                strokeOf(edge),
                key === chosen ? '' : 'opacity-60 group-hover:opacity-100',
              )}
            />
            {/* Wide enough to be hit. */}
            {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
            <path
              d={path}
              fill="none"
              strokeWidth="12"
              className="cursor-pointer stroke-transparent"
              onClick={() => onChoose(edge)}
            />
          </g>
        );
      })}
    </svg>
  );
}

function placesIn({ nodes }: Graph, column: Column): ReadonlyMap<string, number> {
  const own = nodes.filter((node) => node.column === column).slice(0, mostRows);
  return new Map(own.map(({ id }, index) => [id, index]));
}
