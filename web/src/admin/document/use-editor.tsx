/** Opens the form of an entry, or of a new one, over a list of them. */
import { useState, type ComponentType, type ReactNode } from 'react';
import type { DocumentInForce } from '../../api/admin.ts';
import type { Editing } from './entry-editor.tsx';
import type { EntryOf, NamedList } from './shown-document.ts';

/** What to put into the page, and what opens the form. An entry that is gone opens none. */
export function useEditor<K extends NamedList>(
  Editor: ComponentType<Editing<K>>,
  base: DocumentInForce | undefined,
): readonly [ReactNode, (entry: EntryOf<K> | 'new' | undefined) => void] {
  const [entry, setEntry] = useState<EntryOf<K> | 'new'>();
  const form =
    entry === undefined || base === undefined ? undefined : (
      <Editor
        base={base}
        existing={entry === 'new' ? undefined : entry}
        onClose={() => setEntry(undefined)}
      />
    );
  return [form, setEntry];
}
