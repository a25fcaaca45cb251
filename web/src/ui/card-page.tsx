/** A page with one matter on it, in the middle: sign-in, letting a device in, a refusal, an error. */
import { useEffect, useRef, type ReactNode } from 'react';
import { Foreign } from './foreign.tsx';
import { Mark } from './mark.tsx';
import { useTitle } from './use-title.ts';

/**
 * `title` is the page's heading and its name in the browser. The heading takes the focus when it changes, so that a
 * screen reader says where one has arrived.
 */
export function CardPage({
  title,
  lead,
  organisation,
  children,
  foot,
}: {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly organisation?: string | null | undefined;
  readonly children?: ReactNode;
  readonly foot?: ReactNode;
}) {
  useTitle(title);
  return (
    <div className="flex min-h-dvh flex-col items-center px-4 py-8 sm:justify-center sm:py-16">
      <div className="w-full max-w-[29rem]">
        <div className="mb-5 flex items-center gap-2.5 px-1">
          <Mark className="size-7 shrink-0" />
          <span className="font-semibold tracking-tight">Postern</span>
          {organisation === undefined || organisation === null ? undefined : (
            <span className="min-w-0 truncate text-quiet">
              <span aria-hidden="true" className="mr-2.5 text-line-strong">
                /
              </span>
              <Foreign text={organisation} limit={63} />
            </span>
          )}
        </div>
        <main className="rounded-panel border border-line bg-surface p-6 shadow-panel sm:p-8">
          <Heading key={title} text={title} />
          {lead === undefined ? undefined : <div className="mt-2 text-quiet text-pretty">{lead}</div>}
          {children === undefined ? undefined : <div className="mt-6 grid gap-5">{children}</div>}
        </main>
        {foot === undefined ? undefined : <div className="mt-5 px-1 text-small text-quiet">{foot}</div>}
      </div>
    </div>
  );
}

function Heading({ text }: { readonly text: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const focused = document.activeElement;
    if (focused === null || focused === document.body) heading.current?.focus();
  }, []);
  return (
    <h1
      ref={heading}
      tabIndex={-1}
      className="text-title font-semibold wrap-anywhere text-balance outline-none"
    >
      {text}
    </h1>
  );
}
