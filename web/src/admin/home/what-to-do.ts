/** What an overview says is still to be set up, and what should be looked at now, each with where that is done. */
import type { Overview } from '../../../../protocol/overview.ts';

export interface Step {
  readonly title: string;
  readonly text: string;
  readonly done: boolean;
  /** What the link says, and where it leads. */
  readonly go: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
}

export interface Attention {
  readonly tone: 'bad' | 'wait';
  readonly text: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
}

export function stepsIn({ counts }: Overview): Step[] {
  return [
    {
      title: 'Connect a network',
      text: 'One line on a machine inside it. The connector dials out; nothing has to be opened.',
      done: counts.connectors > 0,
      go: 'Add a connector',
      to: '/admin/networks',
      search: { add: 'connector' },
    },
    {
      title: 'Add something to protect',
      text: 'A name inside that network and its ports: a wiki, a database, a machine to log in to.',
      done: counts.resources > 0,
      go: 'Add a resource',
      to: '/admin/resources',
      search: { add: 'resource' },
    },
    {
      title: 'Say who may use it',
      text: 'Nobody may use anything before a policy allows it.',
      done: counts.policies > 0,
      go: 'Add a policy',
      to: '/admin/policies',
      search: { add: 'policy' },
    },
    {
      title: 'Let people sign in',
      text: 'With the accounts they have: any OpenID Connect provider.',
      done: counts.identityProviders > 0,
      go: 'Add a provider',
      to: '/admin/settings',
      search: { add: 'provider' },
    },
    {
      title: 'Connect a device',
      text: 'postern up on a laptop, and names such as wiki.acme.internal just work.',
      done: counts.devices > 0,
      go: 'See how',
      to: '/',
    },
  ];
}

export function attentionIn({ counts, networksDown, networksSingle, expiring }: Overview): Attention[] {
  const list: Attention[] = [];
  for (const name of networksDown)
    list.push({
      tone: 'bad',
      text: `No connector of the network ${name} is connected: nothing in it can be used`,
      to: `/admin/networks/${encodeURIComponent(name)}`,
    });
  if (counts.relays > 0 && counts.relaysOnline === 0)
    list.push({ tone: 'bad', text: 'No relay is connected', to: '/admin/networks' });
  if (counts.devicesSuspended > 0)
    list.push({
      tone: 'bad',
      text:
        several(counts.devicesSuspended, 'device is', 'devices are') +
        ' suspended: two copies of a key were seen',
      to: '/admin/devices',
      search: { state: 'suspended' },
    });
  if (counts.devicesHeld > 0)
    list.push({
      tone: 'wait',
      text: several(counts.devicesHeld, 'device waits', 'devices wait') + ' for approval',
      to: '/admin/devices',
      search: { state: 'held' },
    });
  if (counts.devicesFailing > 0)
    list.push({
      tone: 'wait',
      text: several(counts.devicesFailing, 'device fails', 'devices fail') + ' a posture profile',
      to: '/admin/devices',
      search: { posture: 'failing' },
    });
  for (const name of networksSingle)
    list.push({
      tone: 'wait',
      text: `The network ${name} has a single connector: add a second, so that one can be restarted`,
      to: `/admin/networks/${encodeURIComponent(name)}`,
    });
  for (const { kind, name } of expiring.filter((each) => each.kind === 'certificate'))
    list.push({ tone: 'wait', text: `The ${kind} of ${name} ends soon`, to: '/admin/hostnames' });
  return list;
}

function several(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
