/** A secret that is sent and never shown again; where one is to be agreed on, it can be drawn here and copied. */
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Field } from '../../ui/field.tsx';

export function SecretField({
  label,
  hint,
  isNew,
  value,
  onChange,
  drawn = true,
}: {
  readonly label: string;
  readonly hint: string;
  /** Otherwise an empty field keeps the one in force. */
  readonly isNew: boolean;
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
  /** Whether any random text will do. */
  readonly drawn?: boolean;
}) {
  const [made, setMade] = useState<string>();
  return (
    <div className="grid gap-2">
      <div className="flex items-end gap-2">
        <Field
          label={label}
          type="password"
          autoComplete="new-password"
          className="min-w-0 flex-1"
          value={value ?? ''}
          onChange={(event) => onChange(event.target.value)}
        />
        {drawn ? (
          <Button
            tone="secondary"
            onClick={() => {
              const text = randomText();
              setMade(text);
              onChange(text);
            }}
          >
            Draw one
          </Button>
        ) : undefined}
      </div>
      {made !== undefined && made === value ? (
        <CodeBlock what={`The ${label.toLowerCase()}`} text={made} />
      ) : undefined}
      <p className="text-small text-quiet text-pretty">
        {isNew ? hint : `Empty: the one in force stays. ${hint}`} Kept sealed, and never shown again.
      </p>
    </div>
  );
}

/** 32 random bytes, as letters that pass everywhere. */
function randomText(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
