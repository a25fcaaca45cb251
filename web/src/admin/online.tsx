/** Whether something is connected now, and if not, since when it was not seen. */
import { Ago } from '../ui/instant.tsx';

export function Online({ online, seen }: { readonly online: boolean; readonly seen: string }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <span
        className={`size-2 shrink-0 rounded-full ${online ? 'bg-good' : 'border border-line-strong'}`}
        aria-hidden="true"
      />
      {online ? (
        'Connected'
      ) : (
        <span className="text-quiet">
          Seen <Ago instant={seen} />
        </span>
      )}
    </span>
  );
}
