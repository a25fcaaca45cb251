/** A link to another page inside text or a row. */
import type { ReactNode } from 'react';
import { Link, type LinkProps } from '@tanstack/react-router';

export function TextLink({ children, ...link }: LinkProps & { readonly children: ReactNode }) {
  return (
    <Link
      {...link}
      className="rounded-small font-medium text-ink underline decoration-line-strong/50 underline-offset-3 hover:decoration-ink"
    >
      {children}
    </Link>
  );
}
