/** What comes over the page and keeps the focus: a dialog in the middle, or a drawer at the side for longer work. */
import type { ReactNode } from 'react';
import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { classNames } from './class-names.ts';
import { useReturn } from './use-return.ts';

export interface DialogProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Stands below and stays in sight. */
  readonly foot?: ReactNode;
  readonly wide?: boolean;
}

const veil = 'fixed inset-0 z-40 bg-[rgb(10_12_16/0.45)]';

interface Place {
  readonly shape: string;
  readonly narrow: string;
  readonly wide: string;
}

const middle: Place = {
  shape: 'rises inset-x-3 top-[6dvh] mx-auto max-h-[88dvh] rounded-panel border border-line',
  narrow: 'max-w-lg',
  wide: 'max-w-3xl',
};
const side: Place = {
  shape: 'slides inset-y-0 right-0 w-full border-l border-line',
  narrow: 'max-w-xl',
  wide: 'max-w-4xl',
};

/** Open as long as it is there. */
export function Dialog(props: DialogProps) {
  return <Over place={middle} {...props} />;
}

export function Drawer(props: DialogProps) {
  return <Over place={side} {...props} />;
}

function Over({ place, wide = false, ...inside }: DialogProps & { readonly place: Place }) {
  const { onClose, lead } = inside;
  const giveBack = useReturn();
  return (
    <Radix.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Radix.Portal>
        {/* Radix’s own overlay would bring styles of its own, which the pages’ policy refuses. */}
        <div aria-hidden="true" className={veil} />
        <Radix.Content
          onOpenAutoFocus={focusFirstField}
          onCloseAutoFocus={giveBack}
          {...(lead === undefined ? { 'aria-describedby': undefined } : {})}
          className={classNames(
            'fixed z-50 flex flex-col bg-raised shadow-menu outline-none',
            place.shape,
            wide ? place.wide : place.narrow,
          )}
        >
          <Inside {...inside} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The first field, where there is one; otherwise Radix chooses. */
function focusFirstField(event: Event): void {
  const { currentTarget: content } = event;
  if (!(content instanceof HTMLElement)) return;
  const field = content.querySelector<HTMLElement>('[data-body] :is(input, select, textarea):not(:disabled)');
  if (field === null) return;
  event.preventDefault();
  field.focus();
}

function Inside({ title, lead, children, foot }: DialogProps) {
  return (
    <>
      <header className="flex items-start gap-4 border-b border-line px-5 py-4">
        <div className="min-w-0 flex-1">
          <Radix.Title className="text-lead font-semibold wrap-anywhere">{title}</Radix.Title>
          {lead === undefined ? undefined : (
            <Radix.Description asChild>
              <div className="mt-0.5 text-small text-quiet text-pretty">{lead}</div>
            </Radix.Description>
          )}
        </div>
        <Radix.Close
          aria-label="Close"
          className="-mt-1 -mr-1.5 inline-flex size-9 items-center justify-center rounded-small text-quiet hover:bg-sunken hover:text-ink"
        >
          <X className="size-5" aria-hidden="true" />
        </Radix.Close>
      </header>
      <div
        data-body=""
        // It scrolls by keyboard, whatever it holds.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)] content-start gap-5 overflow-y-auto px-5 py-5"
      >
        {children}
      </div>
      {foot === undefined ? undefined : (
        <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3.5">
          {foot}
        </footer>
      )}
    </>
  );
}
