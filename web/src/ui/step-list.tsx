/** Steps in their order, each done, under way, failed or still to come; what changes is told to screen readers. */
import type { ReactNode } from 'react';
import { Check, LoaderCircle, X } from 'lucide-react';

export interface ShownStep {
  readonly id: string;
  readonly text: ReactNode;
  readonly state: 'done' | 'now' | 'failed' | 'later';
  /** At its end, such as how long it took. */
  readonly aside?: ReactNode;
  /** Below it: what failed and what would mend it. */
  readonly about?: ReactNode;
}

export function StepList({ label, steps }: { readonly label: string; readonly steps: readonly ShownStep[] }) {
  return (
    <ol
      aria-label={label}
      aria-live="polite"
      className="grid gap-2.5 rounded-control border border-line px-4 py-3.5"
    >
      {steps.map(({ id, text, state, aside, about }) => (
        <li key={id} className={`flex gap-3 ${state === 'later' ? 'text-quiet' : ''}`}>
          <span className="mt-0.5 inline-flex size-5 shrink-0 items-center justify-center">
            <StateMark state={state} />
          </span>
          <div className="min-w-0 flex-1">
            <div className="flex flex-wrap items-baseline justify-between gap-x-4">
              <span className="min-w-0 wrap-anywhere">{text}</span>
              {aside === undefined ? undefined : (
                <span className="text-small whitespace-nowrap text-quiet tabular-nums">{aside}</span>
              )}
            </div>
            {about === undefined ? undefined : (
              <p className="mt-0.5 text-small text-pretty wrap-anywhere">{about}</p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

function StateMark({ state }: { readonly state: ShownStep['state'] }) {
  if (state === 'done') return <Check className="size-5 text-good" aria-label="Done" />;
  if (state === 'failed') return <X className="size-5 text-bad" aria-label="Failed" />;
  if (state === 'now')
    return <LoaderCircle className="size-5 animate-spin text-quiet" aria-label="Waiting" />;
  return <span className="size-2 rounded-full bg-line" aria-hidden="true" />;
}
