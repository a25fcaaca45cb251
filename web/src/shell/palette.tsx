/** Ctrl-K: goes to any page, resource, person or device by a few letters, and to a refusal by its trace, with the keyboard alone. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Boxes, FileClock, LaptopMinimal, Search, User, type LucideIcon } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { allDevicesQuery, allResourcesQuery, peopleQuery } from '../admin-queries.ts';
import { Foreign } from '../ui/foreign.tsx';
import { useReturn } from '../ui/use-return.ts';
import type { NavigationGroup } from './navigation.ts';
import { useMay } from './may.ts';

interface Goal {
  readonly key: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly label: string;
  readonly about: string;
  readonly words: string;
  readonly icon: LucideIcon;
}

const shownAtOnce = 12;

export default function Palette({
  groups,
  onClose,
}: {
  readonly groups: readonly NavigationGroup[];
  readonly onClose: () => void;
}) {
  const [text, setText] = useState('');
  const [place, setPlace] = useState(0);
  const navigate = useNavigate();
  const giveBack = useReturn();
  const may = useMay();
  const goals = useGoals(groups);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const trace = text.trim().toLowerCase();
  const isTrace = /^[0-9a-f]{16}$/.test(trace) && may('audit.read');
  const named = goals
    .filter(({ label, words: others }) =>
      words.every((word) => label.toLowerCase().includes(word) || others.toLowerCase().includes(word)),
    )
    .slice(0, shownAtOnce);
  const found = isTrace ? [refusalOf(trace), ...named] : named;
  const go = (goal: Goal | undefined): void => {
    if (goal === undefined) return;
    onClose();
    void navigate({ to: goal.to, ...(goal.search === undefined ? {} : { search: goal.search as never }) });
  };
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <div aria-hidden="true" className="fixed inset-0 z-40 bg-[rgb(10_12_16/0.45)]" />
        <Dialog.Content
          aria-describedby={undefined}
          onCloseAutoFocus={giveBack}
          className="rises fixed inset-x-3 top-[12dvh] z-50 mx-auto max-w-xl overflow-hidden rounded-panel border border-line bg-raised shadow-menu outline-none"
        >
          <Dialog.Title className="sr-only">Go to or find</Dialog.Title>
          <div className="relative border-b border-line">
            <Search
              className="pointer-events-none absolute top-4 left-4 size-5 text-quiet"
              aria-hidden="true"
            />
            <input
              role="combobox"
              aria-label="Go to or find"
              aria-expanded
              aria-controls="palette-list"
              aria-activedescendant={found.length === 0 ? undefined : `palette-${place}`}
              autoComplete="off"
              spellCheck={false}
              placeholder="A page, resource, person, device or trace"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setPlace(0);
              }}
              onKeyDown={(event) => {
                if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                  event.preventDefault();
                  const step = event.key === 'ArrowDown' ? 1 : -1;
                  setPlace((place + step + found.length) % Math.max(1, found.length));
                } else if (event.key === 'Enter') {
                  event.preventDefault();
                  go(found[place]);
                }
              }}
              className="h-13 w-full bg-transparent pr-4 pl-12 text-body outline-none"
            />
          </div>
          <ul
            id="palette-list"
            role="listbox"
            aria-label="Found"
            className="max-h-[50dvh] overflow-y-auto p-1.5"
          >
            {found.map((goal, index) => (
              // The input has the keyboard.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
              <li
                key={goal.key}
                id={`palette-${index}`}
                ref={index === place ? intoSight : undefined}
                role="option"
                aria-selected={index === place}
                tabIndex={-1}
                onMouseEnter={() => setPlace(index)}
                onClick={() => go(goal)}
                className="flex cursor-pointer items-center gap-3 rounded-control px-3 py-2 aria-selected:bg-sunken"
              >
                <goal.icon className="size-4 shrink-0 text-quiet" aria-hidden="true" />
                <span className="min-w-0 flex-1 truncate text-small">
                  <Foreign text={goal.label} limit={80} />
                </span>
                <span className="max-w-[45%] truncate text-note text-quiet">
                  <Foreign text={goal.about} limit={60} />
                </span>
              </li>
            ))}
          </ul>
          {found.length === 0 ? (
            <p role="status" className="px-5 pb-5 text-small text-quiet">
              Nothing is called that.
            </p>
          ) : undefined}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** What somebody was refused, by the number on the page that told them. */
function refusalOf(trace: string): Goal {
  return {
    key: trace,
    to: '/admin/log',
    search: { q: trace },
    label: 'What was refused under this trace',
    about: 'Log',
    words: '',
    icon: FileClock,
  };
}

/** More is found than the list shows at once. */
function intoSight(option: HTMLElement | null): void {
  option?.scrollIntoView({ block: 'nearest' });
}

function useGoals(groups: readonly NavigationGroup[]): Goal[] {
  const may = useMay();
  const resources = useQuery({ ...allResourcesQuery, enabled: may('networks.read') });
  const people = useQuery({ ...peopleQuery, enabled: may('people.read') });
  const devices = useQuery({ ...allDevicesQuery, enabled: may('devices.read') });
  return [
    ...groups.flatMap(({ label: group, items }) =>
      items.map(({ to, label, icon, words = '' }) => ({
        key: to,
        to,
        label,
        about: group ?? '',
        words,
        icon,
      })),
    ),
    ...(resources.data ?? []).map(({ id, name, address }) => ({
      key: id,
      to: `/admin/resources/${encodeURIComponent(name)}`,
      label: name,
      about: address,
      words: `${address} resource`,
      icon: Boxes,
    })),
    ...(people.data ?? []).map(({ id, name, email = '' }) => ({
      key: id,
      to: `/admin/people/${id}`,
      label: name,
      about: email,
      words: `${email} person`,
      icon: User,
    })),
    ...(devices.data ?? []).map(({ id, name, ownerName, os }) => ({
      key: id,
      to: `/admin/devices/${id}`,
      label: name,
      about: ownerName,
      words: `${ownerName} ${os} device`,
      icon: LaptopMinimal,
    })),
  ];
}
