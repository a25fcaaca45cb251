/** Several ways of one thing in one place, of which one is shown: without an address of its own, unlike the parts of a page. */
import type { ReactNode } from 'react';
import { Tabs as Radix } from 'radix-ui';

export interface Section {
  readonly id: string;
  readonly label: string;
}

export function Sections({
  label,
  sections,
  chosen,
  onChange,
  children,
}: {
  readonly label: string;
  readonly sections: readonly Section[];
  readonly chosen: string;
  readonly onChange: (id: string) => void;
  /** What the chosen one holds. */
  readonly children: ReactNode;
}) {
  return (
    <Radix.Root value={chosen} onValueChange={onChange} className="grid grid-cols-[minmax(0,1fr)] gap-3">
      <Radix.List aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line">
        {sections.map(({ id, label: text }) => (
          <Radix.Trigger
            key={id}
            value={id}
            className="-mb-px min-h-10 border-b-2 border-transparent px-3 text-small font-medium whitespace-nowrap text-quiet -outline-offset-2 hover:text-ink data-[state=active]:border-ink data-[state=active]:text-ink"
          >
            {text}
          </Radix.Trigger>
        ))}
      </Radix.List>
      <Radix.Content value={chosen} className="grid grid-cols-[minmax(0,1fr)] gap-3 -outline-offset-2">
        {children}
      </Radix.Content>
    </Radix.Root>
  );
}
