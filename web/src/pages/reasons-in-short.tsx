/** What stands in the way of a resource, for a list of many: each with what would mend it, and all that was looked at on demand. */
import { useState } from 'react';
import { X } from 'lucide-react';
import type { ShownReason } from '../../../protocol/portal.ts';
import { Reasons } from './reasons.tsx';

export function ReasonsInShort({ reasons }: { readonly reasons: readonly ShownReason[] }) {
  const [open, setOpen] = useState(false);
  const failing = reasons.filter(({ met }) => !met);
  return (
    <>
      <ul className="grid gap-1.5">
        {failing.map(({ name, policy = '', text, fix }) => (
          <li key={`${name} ${policy}`} className="flex gap-2.5">
            <X className="mt-1 size-4 shrink-0 text-bad" aria-hidden="true" />
            <div className="min-w-0">
              <p className="font-medium text-pretty">
                <span className="sr-only">Not met: </span>
                {text}
              </p>
              {fix === undefined ? undefined : <p className="text-small text-quiet text-pretty">{fix}</p>}
            </div>
          </li>
        ))}
      </ul>
      <details className="mt-1.5" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="w-fit rounded-small px-1 py-1 text-small text-quiet hover:text-ink">
          All that was looked at
        </summary>
        <div className="mt-1.5">{open ? <Reasons reasons={reasons} /> : undefined}</div>
      </details>
    </>
  );
}
