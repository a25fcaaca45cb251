/** One of the first steps: numbered, with what it is for; its inside is there while it is the one to take. */
import type { ReactNode } from 'react';
import { Check } from 'lucide-react';

export function Step({
  number,
  title,
  lead,
  state,
  summary,
  children,
}: {
  readonly number: number;
  readonly title: string;
  readonly lead: string;
  readonly state: 'done' | 'now' | 'later';
  /** In the place of the lead once it is done. */
  readonly summary?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <li
      aria-current={state === 'now' ? 'step' : undefined}
      className="flex gap-4 border-b border-line px-5 py-5 last:border-0"
    >
      <span
        className={`inline-flex size-7 shrink-0 items-center justify-center rounded-full text-small font-semibold ${
          state === 'done'
            ? 'bg-good-ground text-good'
            : state === 'now'
              ? 'bg-button text-on-button'
              : 'bg-sunken text-quiet'
        }`}
      >
        {state === 'done' ? <Check className="size-4" aria-label="Done" /> : number}
      </span>
      <div className="grid min-w-0 flex-1 grid-cols-[minmax(0,1fr)] content-start gap-4">
        <div>
          <h2 className={`text-lead font-semibold ${state === 'later' ? 'text-quiet' : ''}`}>{title}</h2>
          <div className="text-quiet text-pretty">{state === 'done' ? (summary ?? lead) : lead}</div>
        </div>
        {state === 'now' ? children : undefined}
      </div>
    </li>
  );
}
