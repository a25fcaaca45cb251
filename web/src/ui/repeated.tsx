/** A list of equal small forms of which there may be any number: each with a way to take it out, and below, one to add another. */
import type { ReactNode } from 'react';
import { ArrowUp, Plus, X } from 'lucide-react';
import { Button } from './button.tsx';

const iconButton =
  'inline-flex size-10 shrink-0 items-center justify-center rounded-small text-quiet hover:bg-sunken hover:text-ink';

export function Repeated<T>({
  legend,
  noun,
  hint,
  items,
  empty,
  ordered = false,
  onChange,
  children,
}: {
  readonly legend: string;
  /** What one is called, for its buttons: `path rule`. */
  readonly noun: string;
  readonly hint?: string;
  readonly items: readonly T[];
  /** What a new one begins as. */
  readonly empty: T;
  /** Whether the first that fits counts, so that one may be moved before another. */
  readonly ordered?: boolean;
  readonly onChange: (items: T[]) => void;
  readonly children: (item: T, set: (item: T) => void, place: number) => ReactNode;
}) {
  return (
    <fieldset className="grid min-w-0 gap-2.5">
      <legend className="mb-1 text-small font-medium">{legend}</legend>
      {items.map((item, place) => (
        // One is its place in the list.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={place} className="flex items-start gap-1">
          <div className="grid min-w-0 flex-1 gap-2.5">
            {children(item, (next) => onChange(items.with(place, next)), place)}
          </div>
          {ordered && place > 0 ? (
            <button
              type="button"
              aria-label={`Move ${noun} ${place + 1} up`}
              onClick={() => onChange(moved(items, place))}
              className={iconButton}
            >
              <ArrowUp className="size-4" aria-hidden="true" />
            </button>
          ) : undefined}
          <button
            type="button"
            aria-label={`Remove ${noun} ${place + 1}`}
            onClick={() => onChange(items.toSpliced(place, 1))}
            className={iconButton}
          >
            <X className="size-4" aria-hidden="true" />
          </button>
        </div>
      ))}
      <div>
        <Button small tone="secondary" onClick={() => onChange([...items, empty])}>
          <Plus className="size-4" aria-hidden="true" />
          Add a {noun}
        </Button>
      </div>
      {hint === undefined ? undefined : <p className="text-small text-quiet text-pretty">{hint}</p>}
    </fieldset>
  );
}

/** With the one at `place` before the one that stood before it. */
function moved<T>(items: readonly T[], place: number): T[] {
  return [
    ...items.slice(0, place - 1),
    ...items.slice(place, place + 1),
    ...items.slice(place - 1, place),
    ...items.slice(place + 1),
  ];
}
