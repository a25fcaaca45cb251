/** Facts about one thing, as pairs of what and how. */
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

export type Fact = readonly [what: string, how: ReactNode];

export function Facts({
  facts,
  bare = false,
}: {
  readonly facts: readonly (Fact | undefined)[];
  /** Where no panel is around them: without the room to its edges. */
  readonly bare?: boolean;
}) {
  return (
    <dl
      className={classNames(
        'grid grid-cols-[minmax(0,1fr)] gap-x-6 gap-y-3 sm:grid-cols-[minmax(7rem,auto)_minmax(0,1fr)]',
        !bare && 'px-5 py-4',
      )}
    >
      {facts.map((fact) =>
        fact === undefined ? undefined : (
          <div key={fact[0]} className="contents max-sm:block">
            <dt className="text-small text-quiet sm:pt-0.5">{fact[0]}</dt>
            <dd className="min-w-0 wrap-anywhere">{fact[1]}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
