/** As whom the map is looked at: any person, service account or device. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { allDevicesQuery, peopleQuery, serviceAccountsQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { foreignText } from '../../ui/foreign-text.ts';

export interface Viewer {
  readonly id: string;
  readonly kind: 'people' | 'service accounts' | 'devices';
  readonly text: string;
  /** What policies call them: their address or name, and their groups. */
  readonly names: readonly string[];
}

/** So many of each are offered. */
const most = 1_000;

export function useViewers(): readonly Viewer[] {
  const may = useMay();
  const enabled = may('people.read');
  const people = useQuery({ ...peopleQuery, enabled });
  const accounts = useQuery({ ...serviceAccountsQuery, enabled });
  const devices = useQuery({ ...allDevicesQuery, enabled: may('devices.read') });
  return useMemo(() => {
    const persons = (people.data ?? []).map(({ id, name, email, groups }): Viewer => ({
      id,
      kind: 'people',
      text: foreignText(email ?? name, 60),
      names: [...(email === undefined ? [] : [email]), ...groups],
    }));
    const owners = new Map(persons.map((each) => [each.id, each]));
    return [
      ...persons,
      ...(accounts.data ?? []).map(({ id, name, groups }): Viewer => ({
        id,
        kind: 'service accounts',
        text: foreignText(name, 60),
        names: [name, ...groups],
      })),
      ...(devices.data ?? []).map(({ id, name, owner, ownerName }): Viewer => ({
        id,
        kind: 'devices',
        text: foreignText(`${foreignText(name, 40)}, of ${ownerName}`, 80),
        names: owners.get(owner)?.names ?? [],
      })),
    ];
  }, [people.data, accounts.data, devices.data]);
}

export function ViewAs({
  viewers,
  as,
  onChange,
}: {
  readonly viewers: readonly Viewer[];
  readonly as: string | undefined;
  readonly onChange: (id: string) => void;
}) {
  return (
    <label className="flex max-w-full items-center gap-2 text-small text-quiet">
      View as
      <select
        value={as ?? ''}
        onChange={(event) => onChange(event.target.value)}
        className="h-9 max-w-64 min-w-0 rounded-control border border-line-strong bg-surface px-2 text-ink hover:border-quiet"
      >
        <option value="">everyone</option>
        {(['people', 'service accounts', 'devices'] as const).map((kind) => (
          <optgroup key={kind} label={kind}>
            {viewers
              .filter((each) => each.kind === kind)
              .slice(0, most)
              .map(({ id, text }) => (
                <option key={id} value={id}>
                  {text}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
