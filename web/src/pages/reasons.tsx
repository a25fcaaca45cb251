/** Why something is allowed or refused: one line per reason with what would mend it. */
import { Check, X } from 'lucide-react';
import type { ShownReason } from '../../../protocol/portal.ts';
import { Foreign } from '../ui/foreign.tsx';

export function Reasons({ reasons }: { readonly reasons: readonly ShownReason[] }) {
  const failing = reasons.filter(({ met }) => !met);
  const met = reasons.filter((reason) => reason.met);
  return (
    <ul className="grid gap-2">
      {[...failing, ...met].map((reason) => (
        <li key={`${reason.name} ${reason.policy ?? ''}`} className="flex gap-2.5">
          {reason.met ? (
            <Check className="mt-1 size-4 shrink-0 text-good" aria-hidden="true" />
          ) : (
            <X className="mt-1 size-4 shrink-0 text-bad" aria-hidden="true" />
          )}
          <div className="min-w-0">
            <p className={reason.met ? 'text-quiet' : 'font-medium'}>
              <span className="sr-only">{reason.met ? 'Met: ' : 'Not met: '}</span>
              {reason.text}
            </p>
            {reason.fix === undefined || reason.met ? undefined : (
              <p className="text-small text-quiet text-pretty">{reason.fix}</p>
            )}
            <p className="text-note text-quiet">
              <code className="font-mono">{reason.name}</code>
              {reason.policy === undefined ? undefined : (
                <>
                  {' · policy '}
                  <Foreign text={reason.policy} limit={63} />
                </>
              )}
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}
