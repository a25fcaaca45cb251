/** A moment, chosen in the viewer's own zone and kept as an RFC 3339 instant in UTC. */
import { Field } from './field.tsx';

export function InstantField({
  label,
  hint,
  value,
  onChange,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly value: string | undefined;
  /** Undefined when the field was emptied. */
  readonly onChange: (value: string | undefined) => void;
}) {
  return (
    <Field
      label={label}
      hint={hint}
      type="datetime-local"
      value={value === undefined ? '' : localText(value)}
      onChange={(event) => {
        const date = new Date(event.target.value);
        onChange(Number.isNaN(date.getTime()) ? undefined : date.toISOString());
      }}
    />
  );
}

/** As the field takes it: local time without a zone, to the minute; empty for what is no instant. */
function localText(instant: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return '';
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
