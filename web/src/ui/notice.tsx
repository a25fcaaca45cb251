/** A message inside a page: what happened and what to do next, in the tone it deserves. */
import type { ReactNode } from 'react';
import { CircleCheck, Info, OctagonAlert, TriangleAlert } from 'lucide-react';
import { waitsText } from '../api/call.ts';
import { classNames } from './class-names.ts';

export type NoticeTone = 'plain' | 'good' | 'wait' | 'bad';

interface NoticeProps {
  readonly tone?: NoticeTone;
  readonly title: string;
  readonly live?: boolean;
  readonly children?: ReactNode;
}

const looks = {
  plain: { ground: 'bg-sunken border-line', ink: 'text-quiet', Icon: Info },
  good: { ground: 'bg-good-ground border-good/25', ink: 'text-good', Icon: CircleCheck },
  wait: { ground: 'bg-wait-ground border-wait/25', ink: 'text-wait', Icon: TriangleAlert },
  bad: { ground: 'bg-bad-ground border-bad/30', ink: 'text-bad', Icon: OctagonAlert },
} as const;

/** `live` announces it to a screen reader when it appears. A change that waits for somebody else has not failed. */
export function Notice(props: NoticeProps) {
  return props.children === waitsText ? (
    <Shown {...props} tone="wait" title="Waits for a second administrator" />
  ) : (
    <Shown {...props} />
  );
}

function Shown({ tone = 'plain', title, live = false, children }: NoticeProps) {
  const { ground, ink, Icon } = looks[tone];
  return (
    <div
      role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}
      className={classNames('flex gap-3 rounded-control border px-4 py-3', ground)}
    >
      <Icon className={classNames('mt-0.5 size-5 shrink-0', ink)} aria-hidden="true" />
      <div className="min-w-0">
        <p className={classNames('font-medium', tone === 'plain' ? 'text-ink' : ink)}>{title}</p>
        {children === undefined ? undefined : <div className="mt-0.5 text-body text-ink">{children}</div>}
      </div>
    </div>
  );
}
