/** Parts of one page, each with an address of its own: links, so that they open, go back and are shared like pages. */
import type { ReactNode } from 'react';
import { useLinkProps } from '@tanstack/react-router';
import { classNames } from './class-names.ts';

export interface Tab {
  /** The value of the search parameter `tab`; undefined is the first. */
  readonly id: string | undefined;
  readonly label: string;
  readonly count?: number;
}

export function Tabs({
  label,
  tabs,
  current,
  beside = false,
}: {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly current: string | undefined;
  /** Where there is room, one below the other beside what they lead to: for many. */
  readonly beside?: boolean;
}) {
  return (
    <nav
      aria-label={label}
      className={classNames('-mb-2 overflow-x-auto border-b border-line', beside && 'xl:mb-0 xl:border-0')}
    >
      <ul className={classNames('flex gap-1', beside && 'xl:grid xl:gap-0.5')}>
        {tabs.map(({ id, label: text, count }) => (
          <li key={text}>
            <TabLink id={id} isCurrent={id === current} beside={beside}>
              {text}
              {count === undefined ? undefined : <span className="text-quiet tabular-nums">{count}</span>}
            </TabLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function TabLink({
  id,
  isCurrent,
  beside,
  children,
}: {
  readonly id: string | undefined;
  readonly isCurrent: boolean;
  readonly beside: boolean;
  readonly children: ReactNode;
}) {
  // Each page knows its parameter `tab` as text.
  const link = useLinkProps({ to: '.', search: (id === undefined ? {} : { tab: id }) as never });
  return (
    <a
      {...link}
      ref={isCurrent ? intoSight : undefined}
      // The router takes every address that begins alike for current.
      aria-current={isCurrent ? 'page' : undefined}
      className={classNames(
        '-mb-px flex min-h-10 items-center gap-1.5 border-b-2 border-transparent px-3 text-small font-medium whitespace-nowrap text-quiet -outline-offset-2 hover:text-ink aria-[current=page]:border-ink aria-[current=page]:text-ink',
        beside &&
          'xl:mb-0 xl:min-h-9 xl:rounded-control xl:border-0 xl:aria-[current=page]:bg-raised xl:aria-[current=page]:shadow-panel',
      )}
    >
      {children}
    </a>
  );
}

/** In a narrow window the bar is longer than what is seen of it. */
function intoSight(link: HTMLAnchorElement | null): void {
  link?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}
