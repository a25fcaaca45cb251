/** Entries of the document that a change creates, changes and removes. */
import { Badge } from '../../ui/badge.tsx';
import { Foreign } from '../../ui/foreign.tsx';

const tones = { created: 'good', changed: 'plain', removed: 'bad' } as const;

export function ChangeList({
  changes,
}: {
  readonly changes: readonly {
    readonly action: 'created' | 'changed' | 'removed';
    readonly kind: string;
    readonly name: string;
  }[];
}) {
  return (
    <ul className="grid gap-1.5">
      {changes.map(({ action, kind, name }) => (
        <li key={`${action} ${kind} ${name}`} className="flex items-baseline gap-2 text-small">
          <span className="w-20 shrink-0">
            <Badge tone={tones[action]}>{action}</Badge>
          </span>
          <span className="text-quiet">{kind}</span>
          <Foreign text={name} limit={80} className="min-w-0 font-medium" />
        </li>
      ))}
    </ul>
  );
}
