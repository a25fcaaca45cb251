/** A moment in the viewer's own zone and language; the exact instant with its zone shows on hover. */
import { useNow } from './use-now.ts';

const hour: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const day: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short' };

/** `instant` is RFC 3339. Today shows the time alone, another day its date too. */
export function Instant({ instant }: { readonly instant: string }) {
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
    <time dateTime={instant} title={exactly(date)} className="whitespace-nowrap tabular-nums">
      {short}
    </time>
  );
}

/** How long ago, in the largest unit. */
export function Ago({ instant }: { readonly instant: string }) {
  const now = useNow();
  const date = new Date(instant);
  const seconds = Math.max(0, Math.round((now.getTime() - date.getTime()) / 1_000));
  return (
    <time dateTime={instant} title={exactly(date)} className="whitespace-nowrap">
      {agoText(seconds)}
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

function exactly(date: Date): string {
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' }).format(date);
  return `${local} (${date.toISOString()})`;
}
