/** A panel of entries, found, sorted and saved as other lists are, with the way to add one; where there is none yet, what they are for. */
import type { ReactNode } from 'react';
import { EntryList } from './entry-list.tsx';
import { FoundList } from './found-list.tsx';
import { Panel } from './panel.tsx';
import { SaveAs } from './save-as.tsx';
import { EmptyState } from './states.tsx';
import type { ListField } from './use-found.ts';
import { useIsShort } from './use-is-short.ts';

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
  const isShort = useIsShort(entries.length, [], list);
  if (entries.length === 0)
    return (
      <EmptyState title={empty.title}>
        <p>{empty.text}</p>
        {add}
      </EmptyState>
    );
  const shown = (found: readonly T[]) => (
    <div className="overflow-hidden rounded-panel border border-line bg-surface shadow-panel">
      <EntryList label={label}>{found.map(children)}</EntryList>
    </div>
  );
  if (isShort)
    return (
      <Panel
        title={title}
        aside={
          <div className="flex items-center gap-1">
            <SaveAs small name={name} rows={entries} fields={fields} />
            {add}
          </div>
        }
        bare
      >
        {shown(entries)}
      </Panel>
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
        {shown}
      </FoundList>
    </Panel>
  );
}
