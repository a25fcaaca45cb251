/** Everyone, or everything; otherwise those that are chosen below it, which add up. */
import type { ReactNode } from 'react';
import { Check } from '../../ui/field.tsx';

export function AllOr<T extends string | object>({
  all,
  label,
  value,
  onChange,
  children,
}: {
  /** How the document says it. */
  readonly all: Extract<T, string>;
  /** How the form says it. */
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  /** The fields for some of them. */
  readonly children: (some: Exclude<T, string>) => ReactNode;
}) {
  return (
    <>
      <Check
        label={label}
        checked={value === all}
        onChange={(event) => onChange(event.target.checked ? all : ({} as T))}
      />
      {typeof value === 'string' ? undefined : children(value as Exclude<T, string>)}
    </>
  );
}
