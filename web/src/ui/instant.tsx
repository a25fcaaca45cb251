/** A moment in the viewer's own zone and language; the exact instant with its zone shows on hover and at the keyboard (`exact-instants.ts`). */
import { classNames } from './class-names.ts';
import { makeReachable } from './exact-instants.ts';
import { useNow } from './use-now.ts';

const hour: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const day: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short' };

interface Moment {
  /** RFC 3339. */
  readonly instant: string;
}

/** Today shows the time alone, another day its date too. */
export function Instant({ instant }: Moment) {
  const now = useNow();
  const date = new Date(instant);
  const sameDay = date.toDateString() === now.toDateString();
  const sameYear = date.getFullYear() === now.getFullYear();
  const short = new Intl.DateTimeFormat(undefined, {
    ...(sameDay ? {} : day),
    ...(sameYear ? {} : { year: 'numeric' }),
    ...hour,
  }).format(date);
  return (
    <Time instant={instant} className="tabular-nums">
      {short}
    </Time>
  );
}

/** How long ago, in the largest unit. */
export function Ago({ instant }: Moment) {
  const now = useNow();
  const date = new Date(instant);
  const seconds = Math.max(0, Math.round((now.getTime() - date.getTime()) / 1_000));
  return <Time instant={instant}>{agoText(seconds)}</Time>;
}

/** Looked at anew each time it is drawn: what stands beside it may have changed. */
function Time({
  instant,
  className,
  children,
}: Moment & {
  readonly className?: string;
  readonly children: string;
}) {
  return (
    <time
      ref={(element) => {
        if (element !== null) makeReachable(element);
      }}
      dateTime={instant}
      className={classNames('rounded-small whitespace-nowrap', className)}
    >
      {children}
    </time>
  );
}

function agoText(seconds: number): string {
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });
  if (seconds < 90) return 'just now';
  if (seconds < 3_570) return relative.format(-Math.round(seconds / 60), 'minute');
  if (seconds < 129_600) return relative.format(-Math.round(seconds / 3_600), 'hour');
  return relative.format(-Math.round(seconds / 86_400), 'day');
}
