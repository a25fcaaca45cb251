/** The one button, in four tones; the same look for links that act as buttons. 40 px high to be touched, 32 px in bars and rows. */
import type { ComponentProps } from 'react';
import { LoaderCircle } from 'lucide-react';
import { classNames } from './class-names.ts';

export type ButtonTone = 'primary' | 'secondary' | 'danger' | 'quiet';

const shape =
  'inline-flex items-center justify-center gap-2 rounded-control border font-medium ' +
  'transition-colors duration-100 select-none disabled:opacity-55 aria-disabled:opacity-55';

const tones: Record<ButtonTone, string> = {
  // Each has a border, seen or not: buttons beside one another are of one height.
  primary: 'border-transparent bg-button text-on-button hover:bg-button-hover',
  secondary: 'border-line-strong bg-surface text-ink hover:border-quiet hover:bg-sunken',
  danger: 'border-transparent bg-bad-button text-on-bad hover:opacity-90',
  quiet: 'border-transparent text-quiet hover:bg-sunken hover:text-ink',
};

/** Class names of a button, for links that look like one. */
export function buttonClass(tone: ButtonTone, extra?: string, small = false): string {
  const size = small ? 'min-h-8 px-3 py-1 text-small' : 'min-h-10 px-4 py-1.5 text-body';
  return classNames(shape, size, tones[tone], extra);
}

export interface ButtonProps extends ComponentProps<'button'> {
  readonly tone?: ButtonTone;
  /** Shows that the action is under way and keeps it from being asked for twice. */
  readonly busy?: boolean;
  /** Lower and narrower, for bars and rows. */
  readonly small?: boolean;
}

export function Button({
  tone = 'primary',
  busy = false,
  small = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={buttonClass(tone, className, small)}
      // Not disabled while it is busy: a button that is would lose the keyboard, and whoever is at it their place.
      aria-disabled={busy ? true : undefined}
      aria-busy={busy}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <LoaderCircle className="size-4 animate-spin" aria-hidden="true" /> : undefined}
      {children}
    </button>
  );
}
