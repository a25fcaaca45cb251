/** What stands in the place of content: nothing there yet, on its way, or not to be had, each with the next step. */
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/call.ts';
import { Button } from './button.tsx';
import { Notice } from './notice.tsx';
import { useFailure } from './use-failure.ts';

export function EmptyState({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="rounded-panel border border-dashed border-line-strong/50 px-6 py-12 text-center">
      <p className="text-lead font-semibold text-balance">{title}</p>
      {children === undefined ? undefined : (
        <div className="mx-auto mt-1.5 grid max-w-md justify-items-center gap-4 text-quiet text-pretty">
          {children}
        </div>
      )}
    </div>
  );
}

export function ErrorState({
  what,
  error,
  onRetry,
  busy = false,
}: {
  readonly what: string;
  readonly error: Error;
  readonly onRetry?: () => void;
  /** Whether it is asked for again already. */
  readonly busy?: boolean;
}) {
  const allowed = !(error instanceof ApiProblem && error.status === 403);
  return (
    <Notice tone={allowed ? 'bad' : 'plain'} title={`${what} could not be loaded`} live>
      <p className={onRetry === undefined ? '' : 'mb-3'}>
        {allowed ? error.message : 'Your role does not include this. Ask an administrator for it.'}
      </p>
      {onRetry === undefined || !allowed ? undefined : (
        <Button tone="secondary" small busy={busy} onClick={onRetry}>
          Try again
        </Button>
      )}
    </Notice>
  );
}

const widths = ['w-1/3', 'w-1/2', 'w-2/5', 'w-1/4', 'w-1/2', 'w-1/3'];

export function Skeleton({ what }: { readonly what: string }) {
  return (
    <div
      role="status"
      aria-label={`Loading ${what}`}
      className="grid gap-4 rounded-panel border border-line bg-surface p-5"
    >
      {widths.map((width, index) => (
        // The order never changes.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className={`skeleton h-4 ${width}`} />
      ))}
    </div>
  );
}

/** The content of a query, or what stands in its place. Data that is there stays while it is asked for again. */
export function Loaded<T>({
  what,
  query,
  children,
}: {
  readonly what: string;
  readonly query: {
    readonly data: T | undefined;
    readonly error: Error | null;
    readonly refetch: () => unknown;
  };
  readonly children: (data: T) => ReactNode;
}) {
  // It stays while it is asked for again, and the keyboard with it.
  const error = useFailure(query);
  if (query.data !== undefined) return children(query.data);
  return error === undefined ? (
    <Skeleton what={what} />
  ) : (
    <ErrorState what={what} error={error} busy={query.error === null} onRetry={() => void query.refetch()} />
  );
}
