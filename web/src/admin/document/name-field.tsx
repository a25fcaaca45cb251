/** The name of an entry: chosen once, since others speak of it. */
import { Field } from '../../ui/field.tsx';

export function NameField<T extends { name: string }>({
  entry,
  set,
  isNew,
  placeholder,
  hint,
}: {
  readonly entry: T;
  readonly set: (entry: T) => void;
  readonly isNew: boolean;
  readonly placeholder: string | undefined;
  readonly hint: string | undefined;
}) {
  return (
    <Field
      label="Name"
      placeholder={placeholder}
      hint={isNew ? hint : 'A name stays, since others speak of it.'}
      value={entry.name ?? ''}
      disabled={!isNew}
      onChange={(event) => set({ ...entry, name: event.target.value.toLowerCase() })}
    />
  );
}
