/** Whether something is connected now, and if not, since when it was not seen; of a connector, whether it is drained. */
import { Ago } from '../ui/instant.tsx';

export function Online({
  online,
  seen,
  drained,
}: {
  readonly online: boolean;
  readonly seen: string;
  readonly drained?: string | undefined;
}) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <span
        className={`size-2 shrink-0 rounded-full ${online ? (drained === undefined ? 'bg-good' : 'bg-wait') : 'border border-line-strong'}`}
        aria-hidden="true"
      />
      {online && drained !== undefined ? (
        <span>
          Drained <Ago instant={drained} />
        </span>
      ) : online ? (
        'Connected'
      ) : (
        <span className="text-quiet">
          Seen <Ago instant={seen} />
        </span>
      )}
    </span>
  );
}
