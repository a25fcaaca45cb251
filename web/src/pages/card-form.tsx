/** A form on a page by itself, by which somebody proves who they are: its fields, what went wrong, one way on, and other ways. */
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';

export interface OtherWay {
  readonly label: string;
  readonly onChoose: () => void;
}

export function CardForm({
  submit,
  busy,
  fault,
  error,
  others,
  onSubmit,
  children,
}: {
  /** What the button says. */
  readonly submit: string;
  readonly busy: boolean;
  /** The title of what went wrong. */
  readonly fault: string;
  readonly error: Error | null;
  readonly others: readonly OtherWay[];
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}) {
  return (
    <form
      className="grid grid-cols-[minmax(0,1fr)] gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      {error === null ? undefined : (
        <Notice tone="bad" title={fault} live>
          {error.message}
        </Notice>
      )}
      <div className="grid gap-2.5">
        <Button type="submit" busy={busy} className="w-full">
          {submit}
        </Button>
        {others.length === 0 ? undefined : (
          <div className="flex flex-wrap justify-center gap-x-2">
            {others.map(({ label, onChoose }) => (
              <Button key={label} tone="quiet" onClick={onChoose}>
                {label}
              </Button>
            ))}
          </div>
        )}
      </div>
    </form>
  );
}
