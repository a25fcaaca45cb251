/** The certificate of an authority that only some other system has. */
import { TextArea } from '../../ui/field.tsx';

export function AuthorityField({
  label = 'Its own authority',
  ...bound
}: {
  readonly label?: string;
  readonly value: string;
  readonly onChange: (event: { readonly target: { readonly value: string } }) => void;
}) {
  return (
    <TextArea
      label={label}
      hint="A certificate as PEM, where no public authority knows it."
      rows={3}
      {...bound}
    />
  );
}
