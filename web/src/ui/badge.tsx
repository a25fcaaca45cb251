/** A state in one or two words, told by its text first and by its colour second. */
import { classNames } from './class-names.ts';
import type { NoticeTone } from './notice.tsx';

const tones: Record<NoticeTone, string> = {
  plain: 'bg-sunken text-quiet',
  good: 'bg-good-ground text-good',
  wait: 'bg-wait-ground text-wait',
  bad: 'bg-bad-ground text-bad',
};

export function Badge({ tone, children }: { readonly tone: NoticeTone; readonly children: string }) {
  return (
    <span
      className={classNames(
        'inline-flex items-center rounded-small px-2 py-0.5 text-small font-medium sm:whitespace-nowrap',
        tones[tone],
      )}
    >
      {children}
    </span>
  );
}
