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
  /** The label is for screen readers alone: what stands around it says it to the eye. */
  readonly bare?: boolean;
}

/** What the control inside is given, so that label, hint and fault are told with it. */
interface Told {
  readonly id: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
}

/** A label above a control, and below it the hint and what is wrong. */
function Labelled({
  label,
  hint,
  fault,
  bare = false,
  className,
  children,
}: Common & { readonly className: string | undefined; readonly children: (told: Told) => ReactNode }) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className={bare ? 'sr-only' : 'mb-1 block text-small font-medium'}>
        {label}
      </label>
      {children({
        id,
        'aria-invalid': fault !== undefined,
        'aria-describedby': described(id, { hint, fault }),
      })}
      <About id={id} hint={hint} fault={fault} />
    </div>
  );
}

function About({ id, hint, fault }: { readonly id: string } & Pick<Common, 'hint' | 'fault'>) {
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

function described(id: string, { hint, fault }: Pick<Common, 'hint' | 'fault'>): string | undefined {
  const ids = [hint === undefined ? '' : `${id}-hint`, fault === undefined ? '' : `${id}-fault`];
  return ids.filter((each) => each !== '').join(' ') || undefined;
}

export function Field({
  label,
  hint,
  fault,
  bare,
  mono = false,
  className,
  ...input
}: Common & { readonly mono?: boolean } & ComponentProps<'input'>) {
  return (
    <Labelled {...{ label, hint, fault, className }} {...(bare ? { bare } : {})}>
      {(told) => (
        <input
          autoComplete="off"
          spellCheck={false}
          {...input}
          {...told}
          className={classNames(box, 'h-10', mono && 'font-mono text-small')}
        />
      )}
    </Labelled>
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
  bare,
  options,
  className,
  ...select
}: Common & { readonly options: readonly Option[] } & ComponentProps<'select'>) {
  return (
    <Labelled {...{ label, hint, fault, className }} {...(bare ? { bare } : {})}>
      {(told) => (
        <select {...select} {...told} className={classNames(box, 'h-10')}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

export function TextArea({
  label,
  hint,
  fault,
  bare,
  className,
  ...area
}: Common & ComponentProps<'textarea'>) {
  return (
    <Labelled {...{ label, hint, fault, className }} {...(bare ? { bare } : {})}>
      {(told) => (
        <textarea
          spellCheck={false}
          {...area}
          {...told}
          className={classNames(box, 'py-2 font-mono text-small')}
        />
      )}
    </Labelled>
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
