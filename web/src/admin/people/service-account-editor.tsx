/** A service account as a form: its name and its groups. */
import { Choices } from '../../ui/choices.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';

export function ServiceAccountEditor(editing: Editing<'serviceAccounts'>) {
  return (
    <EntryEditor list="serviceAccounts" {...editing} fresh={{ name: '' }} nameExample="ci">
      {(entry, set) => (
        <Choices
          label="Groups"
          hint="Policies about a group count for it as well."
          options={editing.base.document.groups ?? []}
          {...keysOf(entry, set).list('groups')}
        />
      )}
    </EntryEditor>
  );
}
