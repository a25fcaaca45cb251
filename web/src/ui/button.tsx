/** The one button, in four tones; the same look for links that act as buttons. At least 40 px high to be touched. */
import type { ComponentProps } from 'react';
import { LoaderCircle } from 'lucide-react';
import { classNames } from './class-names.ts';

export type ButtonTone = 'primary' | 'secondary' | 'danger' | 'quiet';

const shape =
  'inline-flex min-h-10 items-center justify-center gap-2 rounded-control px-4 py-2 text-body font-medium ' +
  'transition-colors duration-100 select-none disabled:opacity-55 aria-disabled:opacity-55';

const tones: Record<ButtonTone, string> = {
  primary: 'bg-button text-on-button hover:bg-button-hover',
  secondary: 'border border-line-strong bg-surface text-ink hover:border-quiet hover:bg-sunken',
  danger: 'bg-bad-button text-on-bad hover:opacity-90',
  quiet: 'text-quiet hover:bg-sunken hover:text-ink',
};

/** Class names of a button, for links that look like one. */
export function buttonClass(tone: ButtonTone, extra?: string): string {
  return classNames(shape, tones[tone], extra);
}

export interface ButtonProps extends ComponentProps<'button'> {
  readonly tone?: ButtonTone;
  /** Shows that the action is under way and keeps it from being asked for twice. */
  readonly busy?: boolean;
}

export function Button({ tone = 'primary', busy = false, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={buttonClass(tone, className)}
      disabled={busy || rest.disabled === true}
      aria-busy={busy}
    >
      {busy ? <LoaderCircle className="size-4 animate-spin" aria-hidden="true" /> : undefined}
      {children}
    </button>
  );
}
