/** A password, and the authenticator that goes with it. */
import type { SetupOptions } from '../../../../protocol/local-sign-in.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Field } from '../../ui/field.tsx';

export interface PasswordChosen {
  readonly password: string;
  readonly code: string;
}

export function PasswordFields({
  options,
  chosen,
  onChange,
}: {
  readonly options: SetupOptions;
  readonly chosen: PasswordChosen;
  readonly onChange: (chosen: PasswordChosen) => void;
}) {
  return (
    <>
      <Field
        label="Password"
        type="password"
        value={chosen.password}
        onChange={(event) => onChange({ ...chosen, password: event.target.value })}
        autoComplete="new-password"
        minLength={12}
        maxLength={256}
        hint="Twelve characters or more."
        required
      />
      <div>
        <p className="mb-1 text-small font-medium">Key for your authenticator</p>
        <CodeBlock text={inFours(options.secret)} what="the key" />
        <p className="mt-1 text-small text-quiet text-pretty">
          Add it by hand in an authenticator app, or{' '}
          <a href={options.otpauth} className="text-accent underline underline-offset-3">
            open the app on this device
          </a>
          .
        </p>
      </div>
      <OneTimeCodeField code={chosen.code} onChange={(code) => onChange({ ...chosen, code })} />
    </>
  );
}

/** Two lines of four groups: a phone shows all of it. */
function inFours(secret: string): string {
  const groups = secret.match(/.{1,4}/g) ?? [];
  return `${groups.slice(0, 4).join(' ')}\n${groups.slice(4).join(' ')}`;
}

export function OneTimeCodeField({
  code,
  onChange,
}: {
  readonly code: string;
  readonly onChange: (code: string) => void;
}) {
  return (
    <Field
      label="Code of your authenticator"
      value={code}
      onChange={(event) => onChange(event.target.value.replace(/\D/g, '').slice(0, 6))}
      inputMode="numeric"
      autoComplete="one-time-code"
      pattern="[0-9]{6}"
      mono
      required
    />
  );
}
