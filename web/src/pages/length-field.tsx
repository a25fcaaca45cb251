/** For how long somebody wants something, or gets it: one field where it is asked for and where it is approved. */
import { useId } from 'react';
import type { Choice } from './durations.ts';

/** The look of the fields beside it as well. */
export const requestControl =
  'min-h-10 w-full min-w-0 rounded-control border border-line-strong bg-surface px-3 text-body hover:border-quiet';

export function LengthField({
  choices,
  value,
  onChange,
}: {
  readonly choices: readonly Choice[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <label className="grid gap-1 text-small" htmlFor={id}>
      For how long
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={requestControl}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </label>
  );
}
