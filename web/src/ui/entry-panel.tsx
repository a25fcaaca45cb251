/** A panel of entries with the way to add one; where there is none yet, what they are for. */
import type { ReactNode } from 'react';
import { EntryList } from './entry-list.tsx';
import { Panel } from './panel.tsx';
import { EmptyState } from './states.tsx';

export function EntryPanel<T>({
  title,
  label = title,
  add,
  entries,
  empty,
  children,
}: {
  readonly title: string;
  /** Of the list, where its title says too little by itself. */
  readonly label?: string;
  readonly add?: ReactNode;
  readonly entries: readonly T[];
  readonly empty: { readonly title: string; readonly text: string };
  readonly children: (entry: T) => ReactNode;
}) {
  if (entries.length === 0)
    return (
      <EmptyState title={empty.title}>
        <p>{empty.text}</p>
        {add}
      </EmptyState>
    );
  return (
    <Panel title={title} aside={add}>
      <EntryList label={label}>{entries.map(children)}</EntryList>
    </Panel>
  );
}
