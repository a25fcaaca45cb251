/** As whom the map is looked at: any person, service account or device. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { allDevicesQuery, peopleQuery, serviceAccountsQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { foreignText } from '../../ui/foreign-text.ts';
import type { Option } from '../../ui/pick-one.tsx';
import { subjectId } from './graph.ts';

export interface Viewer extends Option {
  readonly about: 'person' | 'service account' | 'device';
  /** What of the map's first column they are. */
  readonly own: readonly string[];
}

const everyone = subjectId('everyone', 'everyone');

export function useViewers(): readonly Viewer[] {
  const may = useMay();
  const enabled = may('people.read');
  const people = useQuery({ ...peopleQuery, enabled });
  const accounts = useQuery({ ...serviceAccountsQuery, enabled });
  const devices = useQuery({ ...allDevicesQuery, enabled: may('devices.read') });
  return useMemo(() => {
    const groupsOf = (groups: readonly string[]) => groups.map((name) => subjectId('group', name));
    const owners = [
      ...(people.data ?? []).map(({ id, name, email, groups }): Viewer => ({
        value: id,
        about: 'person',
        text: foreignText(email ?? name, 60),
        own: [everyone, ...(email === undefined ? [] : [subjectId('person', email)]), ...groupsOf(groups)],
      })),
      ...(accounts.data ?? []).map(({ id, name, groups }): Viewer => ({
        value: id,
        about: 'service account',
        text: foreignText(name, 60),
        own: [everyone, subjectId('service account', name), ...groupsOf(groups)],
      })),
    ];
    const byId = new Map(owners.map((each) => [each.value, each]));
    return [
      ...owners,
      ...(devices.data ?? []).map(({ id, name, owner, ownerName }): Viewer => ({
        value: id,
        about: 'device',
        text: foreignText(`${foreignText(name, 40)}, of ${ownerName}`, 80),
        own: byId.get(owner)?.own ?? [everyone],
      })),
    ];
  }, [people.data, accounts.data, devices.data]);
}
