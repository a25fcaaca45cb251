/** A field that takes any text, and suggests some: what is known already. */
import { useId, type ComponentProps } from 'react';
import { Field } from './field.tsx';

export function SuggestingField({
  suggestions,
  ...field
}: Omit<ComponentProps<typeof Field>, 'list'> & {
  /** No two alike. */
  readonly suggestions: readonly string[];
}) {
  const id = useId();
  return (
    <>
      <Field {...field} list={id} />
      <datalist id={id}>
        {suggestions.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </>
  );
}
