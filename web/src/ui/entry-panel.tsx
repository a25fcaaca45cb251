/** A panel of entries, found, sorted and saved as other lists are, with the way to add one; where there is none yet, what they are for. */
import type { ReactNode } from 'react';
import { EntryList } from './entry-list.tsx';
import { FoundList } from './found-list.tsx';
import { Panel } from './panel.tsx';
import { EmptyState } from './states.tsx';
import type { ListField } from './use-found.ts';

export function EntryPanel<T>({
  title,
  label = title,
  add,
  name,
  one,
  fields,
  entries,
  empty,
  list,
  children,
}: {
  readonly title: string;
  /** Of the list, where its title says too little by itself. */
  readonly label?: string;
  readonly add?: ReactNode;
  /** What the entries are, in the plural, and a single one of them: `webhooks`. */
  readonly name: string;
  readonly one?: string;
  readonly fields: readonly ListField<T>[];
  readonly entries: readonly T[];
  readonly empty: { readonly title: string; readonly text: string };
  /** Its name, where its page has several. */
  readonly list?: string;
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
    <Panel title={title} aside={add} bare>
      <FoundList
        name={name}
        {...(one === undefined ? {} : { one })}
        rows={entries}
        fields={fields}
        list={list}
      >
        {(found) => (
          <div className="overflow-hidden rounded-panel border border-line bg-surface shadow-panel">
            <EntryList label={label}>{found.map(children)}</EntryList>
          </div>
        )}
      </FoundList>
    </Panel>
  );
}
