/** A labelled input with its hint and what is wrong with it, told to screen readers too. */
import { useId, type ComponentProps, type ReactNode } from 'react';
import { classNames } from './class-names.ts';

const box =
  'w-full rounded-control border border-line-strong bg-surface px-3 text-body hover:border-quiet ' +
  'aria-invalid:border-bad disabled:opacity-60';

interface Common {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly fault?: string | undefined;
}

function About({ id, hint, fault }: { readonly id: string } & Omit<Common, 'label'>) {
  return (
    <>
      {hint === undefined ? undefined : (
        <p id={`${id}-hint`} className="mt-1 text-small text-quiet text-pretty">
          {hint}
        </p>
      )}
      {fault === undefined ? undefined : (
        <p id={`${id}-fault`} role="alert" className="mt-1 text-small text-bad">
          {fault}
        </p>
      )}
    </>
  );
}

function described(id: string, { hint, fault }: Omit<Common, 'label'>): string | undefined {
  const ids = [hint === undefined ? '' : `${id}-hint`, fault === undefined ? '' : `${id}-fault`];
  return ids.filter((each) => each !== '').join(' ') || undefined;
}

export function Field({
  label,
  hint,
  fault,
  mono = false,
  className,
  ...input
}: Common & { readonly mono?: boolean } & ComponentProps<'input'>) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-small font-medium">
        {label}
      </label>
      <input
        id={id}
        autoComplete="off"
        spellCheck={false}
        {...input}
        aria-invalid={fault !== undefined}
        aria-describedby={described(id, { hint, fault })}
        className={classNames(box, 'h-10', mono && 'font-mono text-small')}
      />
      <About id={id} hint={hint} fault={fault} />
    </div>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function Select({
  label,
  hint,
  fault,
  options,
  className,
  ...select
}: Common & { readonly options: readonly Option[] } & ComponentProps<'select'>) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-small font-medium">
        {label}
      </label>
      <select
        id={id}
        {...select}
        aria-invalid={fault !== undefined}
        aria-describedby={described(id, { hint, fault })}
        className={classNames(box, 'h-10')}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <About id={id} hint={hint} fault={fault} />
    </div>
  );
}

export function TextArea({ label, hint, fault, className, ...area }: Common & ComponentProps<'textarea'>) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-small font-medium">
        {label}
      </label>
      <textarea
        id={id}
        spellCheck={false}
        {...area}
        aria-invalid={fault !== undefined}
        aria-describedby={described(id, { hint, fault })}
        className={classNames(box, 'py-2 font-mono text-small')}
      />
      <About id={id} hint={hint} fault={fault} />
    </div>
  );
}

export function Check({ label, hint, ...input }: Pick<Common, 'label' | 'hint'> & ComponentProps<'input'>) {
  const id = useId();
  return (
    <div className="flex gap-2.5">
      <input
        id={id}
        type="checkbox"
        {...input}
        aria-describedby={described(id, { hint })}
        className="mt-1 size-4 shrink-0 accent-accent"
      />
      <div>
        <label htmlFor={id} className="text-body">
          {label}
        </label>
        <About id={id} hint={hint} />
      </div>
    </div>
  );
}
