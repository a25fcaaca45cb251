/** A service account as a form: its name and its groups. */
import { useState } from 'react';
import type { ServiceAccountDocument } from '../../../../protocol/organisation-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Choices } from '../../ui/choices.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { NameField } from '../document/name-field.tsx';

export function ServiceAccountEditor({
  base,
  existing,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly existing?: ServiceAccountDocument;
  readonly onClose: () => void;
}) {
  const [initial] = useState<ServiceAccountDocument>(existing ?? { name: '' });
  return (
    <EntryEditor
      list="serviceAccounts"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(entry, set) => (
        <>
          <NameField entry={entry} set={set} isNew={existing === undefined} placeholder="ci" />
          <Choices
            label="Groups"
            hint="Policies about a group count for it as well."
            options={base.document.groups ?? []}
            chosen={entry.groups ?? []}
            onChange={(groups) => set({ ...entry, groups })}
          />
        </>
      )}
    />
  );
}
