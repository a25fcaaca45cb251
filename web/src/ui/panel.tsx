/** A titled region of a page with a line around it. */
import { useId, type ReactNode } from 'react';

export function Panel({
  title,
  aside,
  bare = false,
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  /** Its children bring the lines around them. */
  readonly bare?: boolean;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="min-w-0">
      <div className="mb-2.5 flex min-h-6 items-baseline justify-between gap-4 px-1">
        <h2 id={id} className="text-small font-semibold text-quiet">
          {title}
        </h2>
        {aside}
      </div>
      {bare ? (
        children
      ) : (
        <div className="overflow-hidden rounded-panel border border-line bg-surface shadow-panel">
          {children}
        </div>
      )}
    </section>
  );
}
