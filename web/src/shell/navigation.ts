/** The pages as they stand in the bar: in groups, each with what one must be allowed to have it there. */
import {
  Activity,
  Boxes,
  FileClock,
  Gauge,
  Globe,
  House,
  Inbox,
  LaptopMinimal,
  LayoutGrid,
  Network,
  Radio,
  ScrollText,
  History,
  Settings,
  Stethoscope,
  ShieldCheck,
  UserRoundCheck,
  Users,
  Waypoints,
  type LucideIcon,
} from 'lucide-react';
import type { Me } from '../../../protocol/portal.ts';
import type { Action } from '../../../protocol/roles.ts';
import { may } from './may.ts';

export interface NavigationItem {
  readonly to: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** Undefined: for everyone. */
  readonly needs: Action | undefined;
  /** Other words by which somebody may look for it. */
  readonly words?: string;
}

export interface NavigationGroup {
  /** The first group has none: it is where everyone begins. */
  readonly label: string | undefined;
  readonly items: readonly NavigationItem[];
}

const groups: readonly NavigationGroup[] = [
  {
    label: undefined,
    items: [
      {
        to: '/',
        label: 'What you may use',
        icon: LayoutGrid,
        needs: undefined,
        words: 'launcher portal devices passes',
      },
      {
        to: '/admin',
        label: 'Home',
        icon: House,
        needs: 'document.read',
        words: 'overview checklist attention',
      },
      {
        to: '/admin/map',
        label: 'Map',
        icon: Waypoints,
        needs: 'document.read',
        words: 'graph who reaches what',
      },
    ],
  },
  {
    label: 'Access',
    items: [
      {
        to: '/admin/resources',
        label: 'Resources',
        icon: Boxes,
        needs: 'document.read',
        words: 'applications ports',
      },
      {
        to: '/admin/policies',
        label: 'Policies',
        icon: ScrollText,
        needs: 'document.read',
        words: 'rules simulate tests allow deny',
      },
      {
        to: '/admin/posture',
        label: 'Posture',
        icon: ShieldCheck,
        needs: 'posture.read',
        words: 'checks profiles encryption',
      },
      {
        to: '/admin/hostnames',
        label: 'Public hostnames',
        icon: Globe,
        needs: 'hostnames.read',
        words: 'certificates dns web',
      },
    ],
  },
  {
    label: 'People',
    items: [
      {
        to: '/admin/people',
        label: 'People',
        icon: Users,
        needs: 'people.read',
        words: 'groups service accounts',
      },
      {
        to: '/admin/devices',
        label: 'Devices',
        icon: LaptopMinimal,
        needs: 'devices.read',
        words: 'approvals laptops',
      },
      {
        to: '/admin/sessions',
        label: 'Sessions',
        icon: Activity,
        needs: 'sessions.read',
        words: 'live signed in cut',
      },
      {
        to: '/admin/requests',
        label: 'Requests',
        icon: Inbox,
        needs: 'requests.read',
        words: 'approve deny waiting access ask',
      },
    ],
  },
  {
    label: 'Operation',
    items: [
      {
        to: '/admin/networks',
        label: 'Networks',
        icon: Network,
        needs: 'servers.read',
        words: 'connectors relays',
      },
      {
        to: '/admin/exposures',
        label: 'Exposures',
        icon: Radio,
        needs: 'exposures.read',
        words: 'expose ports laptops tunnels shared',
      },
      {
        to: '/admin/log',
        label: 'Log',
        icon: FileClock,
        needs: 'audit.read',
        words: 'audit decisions flows changes',
      },
      {
        to: '/admin/history',
        label: 'History',
        icon: History,
        needs: 'document.read',
        words: 'revisions rollback',
      },
      {
        to: '/admin/proposals',
        label: 'Proposals',
        icon: UserRoundCheck,
        needs: 'document.read',
        words: 'approve second administrator waiting changes',
      },
      {
        to: '/admin/diagnostics',
        label: 'Diagnostics',
        icon: Stethoscope,
        needs: 'diagnostics.read',
        words: 'versions errors reach why trouble certificates',
      },
      {
        to: '/admin/usage',
        label: 'Usage',
        icon: Gauge,
        needs: 'usage.read',
        words: 'limits requests month people connectors',
      },
      {
        to: '/admin/settings',
        label: 'Settings',
        icon: Settings,
        needs: 'document.read',
        words: 'providers tokens keys sessions',
      },
    ],
  },
];

/** The groups that have something for this person. */
export function navigationFor(me: Me): NavigationGroup[] {
  return groups
    .map(({ label, items }) => ({
      label,
      items: items.filter(({ needs }) => needs === undefined || may(me, needs)),
    }))
    .filter(({ items }) => items.length > 0);
}

/** Whether a page at this path, or what it belongs to, is there for this person. */
export function mayOpen(me: Me, path: string): boolean {
  const [nearest] = groups
    .flatMap(({ items }) => items)
    .filter(({ to }) => path === to || path.startsWith(`${to}/`))
    .toSorted((a, b) => b.to.length - a.to.length);
  return nearest?.needs === undefined || may(me, nearest.needs);
}
