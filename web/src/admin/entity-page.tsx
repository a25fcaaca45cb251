/** The page of one thing of a list: the way back, its name, what can be done to it, its parts; or that it is not there. */
import type { ReactNode } from 'react';
import { Page } from '../ui/page.tsx';
import { EmptyState, Loaded } from '../ui/states.tsx';
import { Tabs, type Tab } from '../ui/tabs.tsx';

export function EntityPage<T>({
  kind,
  name,
  above,
  query,
  find,
  missing,
  renderActions,
  tabs,
  tab,
  children,
}: {
  /** `Resource`, `Network`. */
  readonly kind: string;
  /** Known before it is loaded where the address has it. */
  readonly name?: string;
  readonly above: ReactNode;
  readonly query: {
    readonly data: unknown;
    readonly error: Error | null;
    readonly refetch: () => unknown;
  };
  /** The thing, once the query has answered; undefined when it is not there. */
  readonly find: T | undefined;
  /** What is said where it is not there: its title, and why that may be. */
  readonly missing: readonly [title: string, text: string];
  readonly renderActions?: (found: T) => ReactNode;
  readonly tabs?: readonly Tab[];
  readonly tab?: string | undefined;
  readonly children: (found: T) => ReactNode;
}) {
  const named = name === undefined ? {} : { name };
  if (find === undefined)
    return (
      <Page title={kind} {...named} above={above}>
        <Loaded what={`The ${kind.toLowerCase()}`} query={query}>
          {() => (
            <EmptyState title={missing[0]}>
              <p>{missing[1]}</p>
            </EmptyState>
          )}
        </Loaded>
      </Page>
    );
  return (
    <Page title={kind} {...named} above={above} actions={renderActions?.(find)}>
      {tabs === undefined ? undefined : (
        <Tabs label={`Parts of the ${kind.toLowerCase()}`} current={tab} tabs={tabs} />
      )}
      {children(find)}
    </Page>
  );
}
