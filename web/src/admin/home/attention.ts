/** What an overview says should be looked at now, each with where that is done, what keeps people out first. */
import type { Overview } from '../../../../protocol/overview.ts';

export interface Attention {
  readonly tone: 'bad' | 'wait';
  readonly text: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
}

export function attentionIn(overview: Overview): Attention[] {
  const all = [...notReached(overview), ...notWorking(overview), ...waiting(overview), ...soon(overview)];
  return [...all.filter(({ tone }) => tone === 'bad'), ...all.filter(({ tone }) => tone === 'wait')];
}

function notReached({ counts, networksDown, networksEmpty, networksSingle }: Overview): Attention[] {
  return [
    ...networksDown.map((name): Attention => ({
      tone: 'bad',
      text: `No connector of the network ${name} is connected: nothing in it can be used`,
      to: `/admin/networks/${encodeURIComponent(name)}`,
    })),
    ...(counts.relays > 0 && counts.relaysOnline === 0
      ? [
          {
            tone: 'bad',
            text: 'No relay is connected',
            to: '/admin/networks',
            search: { tab: 'relays' },
          } as const,
        ]
      : []),
    ...networksEmpty.map((name): Attention => ({
      tone: 'wait',
      text: `The network ${name} has no connector yet: nothing in it can be used`,
      to: `/admin/networks/${encodeURIComponent(name)}`,
    })),
    ...networksSingle.map((name): Attention => ({
      tone: 'wait',
      text: `The network ${name} has a single connector: add a second, so that one can be restarted`,
      to: `/admin/networks/${encodeURIComponent(name)}`,
    })),
  ];
}

const troubles: Readonly<
  Record<Overview['failing'][number]['kind'], (name: string) => Omit<Attention, 'tone'>>
> = {
  certificate: (name) => ({
    text: `${name} has no certificate: the last try failed`,
    to: '/admin/hostnames',
  }),
  directory: (name) => ({
    text: `The directory of ${name} stopped, since it took away too much at once, and asks`,
    to: '/admin/settings',
  }),
  mail: () => ({
    text: 'The last mail was not taken by its server',
    to: '/admin/settings',
    search: { tab: 'mail' },
  }),
  'posture source': (name) => ({
    text: `The posture source ${name} could not be asked`,
    to: '/admin/posture',
  }),
  webhook: (name) => ({
    text: `The webhook ${name} did not take what it was told`,
    to: '/admin/settings',
    search: { tab: 'notifications' },
  }),
};

function notWorking({ failing }: Overview): Attention[] {
  return failing.map(({ kind, name }) => ({ tone: 'bad', ...troubles[kind](name) }));
}

function waiting({ counts }: Overview): Attention[] {
  const list: (Attention & { readonly count: number })[] = [
    {
      count: counts.devicesSuspended,
      tone: 'bad',
      text:
        several(counts.devicesSuspended, 'device is', 'devices are') +
        ' suspended: two copies of a key were seen',
      to: '/admin/devices',
      search: { state: 'suspended' },
    },
    {
      count: counts.requestsPending,
      tone: 'wait',
      text: `${several(counts.requestsPending, 'request for access waits', 'requests for access wait')} for an answer`,
      to: '/admin/requests',
      search: { state: 'pending' },
    },
    {
      count: counts.proposalsWaiting,
      tone: 'wait',
      text: `${several(counts.proposalsWaiting, 'change waits', 'changes wait')} for a second administrator`,
      to: '/admin/proposals',
    },
    {
      count: counts.devicesHeld,
      tone: 'wait',
      text: `${several(counts.devicesHeld, 'device waits', 'devices wait')} for approval`,
      to: '/admin/devices',
      search: { state: 'held' },
    },
    {
      count: counts.devicesFailing,
      tone: 'wait',
      text: `${several(counts.devicesFailing, 'device fails', 'devices fail')} a posture profile`,
      to: '/admin/devices',
      search: { posture: 'failing' },
    },
  ];
  return list.filter(({ count }) => count > 0);
}

/** What ends by itself and is missed then; what else ends soon has its own list. */
const ends: Partial<Record<Overview['expiring'][number]['kind'], (name: string) => Omit<Attention, 'tone'>>> =
  {
    certificate: (name) => ({ text: `The certificate of ${name} ends soon`, to: '/admin/hostnames' }),
    'API token': (name) => ({
      text: `The API token ${name} ends soon`,
      to: '/admin/settings',
      search: { tab: 'tokens' },
    }),
    'directory token': (name) => ({
      text: `A token of the directory ${name} ends soon: make another before it is refused`,
      to: '/admin/settings',
    }),
  };

function soon({ expiring }: Overview): Attention[] {
  return expiring.flatMap(({ kind, name }): Attention[] => {
    const about = ends[kind]?.(name);
    return about === undefined ? [] : [{ tone: 'wait', ...about }];
  });
}

function several(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
