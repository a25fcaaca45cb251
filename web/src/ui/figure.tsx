/** One large number in a row of them: what it counts, how many, of how many at most; a link where there is more to see. */
import { Link } from '@tanstack/react-router';
import { classNames } from './class-names.ts';

const panel = 'block h-full rounded-panel border border-line bg-surface px-5 py-4 shadow-panel';

export interface FigureProps {
  readonly label: string;
  /** In words where there is no number. */
  readonly value: number | string;
  /** At most; none where there is no bound. */
  readonly limit?: number | undefined;
  readonly about: string;
  readonly to?: string;
}

export function Figure({ to, ...shown }: FigureProps) {
  return to === undefined ? (
    <div className={panel}>
      <Inside {...shown} />
    </div>
  ) : (
    <Link to={to} className={classNames(panel, 'hover:border-line-strong')}>
      <Inside {...shown} />
    </Link>
  );
}

function Inside({ label, value, limit, about }: Omit<FigureProps, 'to'>) {
  const used = typeof value === 'number' ? value : 0;
  const isFull = limit !== undefined && used >= limit;
  return (
    <>
      <span className="block text-small text-quiet">{label}</span>
      <span className={classNames('block text-display font-semibold tabular-nums', isFull && 'text-wait')}>
        {value.toLocaleString()}
        {limit === undefined ? undefined : (
          <span className="text-lead font-normal text-quiet"> of {limit.toLocaleString()}</span>
        )}
      </span>
      <span className="block text-small text-quiet">{about}</span>
      {limit === undefined ? undefined : (
        <span className="mt-2 block h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
          <span
            className={classNames('block h-full rounded-full', isFull ? 'bg-wait' : 'bg-accent')}
            style={{ width: `${Math.min(100, (100 * used) / Math.max(1, limit))}%` }}
          />
        </span>
      )}
    </>
  );
}
