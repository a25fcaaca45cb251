/** What I may use: the resources that policy allows me, those I could mend, and my devices. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Search, X } from 'lucide-react';
import type { Me, MyResources, PortalResource } from '../../../protocol/portal.ts';
import { devicesQuery, resourcesQuery } from '../queries.ts';
import { useMe } from '../shell/may.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { foreignText } from '../ui/foreign-text.ts';
import { Notice } from '../ui/notice.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState } from '../ui/states.tsx';
import { useFailure } from '../ui/use-failure.ts';
import { useTitle } from '../ui/use-title.ts';
import { DevicePasses } from './device-passes.tsx';
import { Devices } from './devices.tsx';
import { useFavourites, type Favourites } from './favourites.ts';
import { ResourceRow } from './resource-row.tsx';
import { RequestsPanel } from './requests-panel.tsx';

/** Rows shown at once; more on demand, so that thousands stay quick. */
const page = 50;

export function HomePage() {
  useTitle('What you may use');
  return <Home me={useMe()} />;
}

function Home({ me }: { readonly me: Me }) {
  const [device, setDevice] = useState<string>();
  const devices = useQuery(devicesQuery);
  const resources = useQuery(resourcesQuery(device));
  const failure = useFailure(resources);
  return (
    // By the room that there is: administrators have a bar at the side.
    <div className="@container">
      <div className="grid grid-cols-[minmax(0,1fr)] gap-10 @min-[56rem]:grid-cols-[minmax(0,1fr)_19rem] @min-[56rem]:gap-8">
        <div className="@container grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          <div>
            <h1 className="text-title font-semibold text-balance">What you may use</h1>
            <p className="mt-1 text-quiet">
              {resources.data?.device ? (
                <>
                  From{' '}
                  <DeviceChoice
                    chosen={resources.data.device}
                    devices={devices.data?.devices ?? []}
                    onChoose={setDevice}
                  />
                </>
              ) : (
                'As your organisation’s policies have it right now.'
              )}
            </p>
          </div>
          {failure !== undefined ? (
            <ErrorState
              what="The list"
              error={failure}
              busy={resources.error === null}
              onRetry={() => void resources.refetch()}
            />
          ) : resources.data === undefined ? (
            <ListOutline />
          ) : (
            <Resources me={me} answer={resources.data} />
          )}
        </div>
        <aside className="min-w-0" aria-label="Your devices and groups">
          <RequestsPanel />
          <Devices devices={devices} />
          <DevicePasses me={me} />
          <Groups me={me} />
        </aside>
      </div>
    </div>
  );
}

function DeviceChoice({
  chosen,
  devices,
  onChoose,
}: {
  readonly chosen: { readonly id: string; readonly name: string };
  readonly devices: readonly { readonly id: string; readonly name: string }[];
  readonly onChoose: (id: string) => void;
}) {
  if (devices.length < 2) return <Foreign text={chosen.name} limit={40} className="font-medium text-ink" />;
  return (
    <select
      aria-label="The device you would use"
      value={chosen.id}
      onChange={(event) => onChoose(event.target.value)}
      className="max-w-56 rounded-small border border-line-strong bg-surface px-1.5 py-0.5 font-medium text-ink"
    >
      {devices.map(({ id, name }) => (
        <option key={id} value={id}>
          {foreignText(name, 60)}
        </option>
      ))}
    </select>
  );
}

function Resources({ me, answer }: { readonly me: Me; readonly answer: MyResources }) {
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const found = answer.resources.filter((resource) => matches(resource, wanted));
  const isReady = ({ state, web }: PortalResource): boolean => state === 'granted' || web !== undefined;
  const [favourites, toggle] = useFavourites(me.person.id);
  const granted = found
    .filter(isReady)
    .toSorted((a, b) => Number(favourites.has(b.id)) - Number(favourites.has(a.id)));
  const refused = found.filter((resource) => !isReady(resource));
  if (answer.resources.length === 0) {
    return (
      <div className="rounded-panel border border-dashed border-line-strong/50 px-6 py-12 text-center">
        <p className="text-lead font-semibold">Nothing is shared with you yet</p>
        <p className="mx-auto mt-1.5 max-w-sm text-quiet text-pretty">
          When an administrator lets you or one of your groups use an application, it appears here by itself.
        </p>
      </div>
    );
  }
  return (
    <>
      {answer.device === null ? <NoDevice /> : undefined}
      <SearchField value={search} onChange={setSearch} />
      <p role="status" className="sr-only">
        {wanted === '' ? '' : `${found.length} found`}
      </p>
      {found.length === 0 ? (
        <div className="px-1 py-6 text-center text-quiet">
          <p>No resource matches what you typed.</p>
          <Button tone="quiet" className="mt-2" onClick={() => setSearch('')}>
            Show all {answer.resources.length}
          </Button>
        </div>
      ) : undefined}
      <ResourceList me={me} title="Ready" resources={granted} favourites={favourites} onFavourite={toggle} />
      <ResourceList me={me} title="Not yet, because something is missing" resources={refused} />
    </>
  );
}

function matches({ name, hosts, ports }: PortalResource, wanted: string): boolean {
  return wanted === '' || [name, ...hosts, ...ports].some((text) => text.toLowerCase().includes(wanted));
}

function NoDevice() {
  return (
    <Notice tone="plain" title="Connect a device to use them">
      <p>The client opens them on your computer, by name.</p>
      <Link to="/install" className={buttonClass('secondary', 'mt-2.5')}>
        How to install it
      </Link>
    </Notice>
  );
}

function SearchField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <div className="relative">
      <Search className="pointer-events-none absolute top-3 left-3.5 size-5 text-quiet" aria-hidden="true" />
      <input
        type="search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder="Search by name, host or port"
        aria-label="Search resources"
        autoComplete="off"
        spellCheck={false}
        className="h-11 w-full rounded-control border border-line-strong bg-surface pr-11 pl-11 hover:border-quiet [&::-webkit-search-cancel-button]:hidden"
      />
      {value === '' ? undefined : (
        <button
          type="button"
          onClick={() => onChange('')}
          aria-label="Clear the search"
          className="absolute top-1 right-1 inline-flex size-9 items-center justify-center rounded-small text-quiet hover:text-ink"
        >
          <X className="size-4" aria-hidden="true" />
        </button>
      )}
    </div>
  );
}

function ResourceList({
  me,
  title,
  resources,
  favourites,
  onFavourite,
}: {
  readonly me: Me;
  readonly title: string;
  readonly resources: readonly PortalResource[];
  /** Absent where none is put first. */
  readonly favourites?: Favourites;
  readonly onFavourite?: (resource: string) => void;
}) {
  const [shown, setShown] = useState(page);
  if (resources.length === 0) return undefined;
  return (
    <Panel
      title={title}
      aside={<span className="text-small text-quiet tabular-nums">{resources.length}</span>}
    >
      <ul className="divide-y divide-line">
        {resources.slice(0, shown).map((resource) => (
          <ResourceRow
            key={resource.id}
            me={me}
            resource={resource}
            {...(favourites === undefined || onFavourite === undefined
              ? {}
              : {
                  favourite: { is: favourites.has(resource.id), toggle: () => onFavourite(resource.id) },
                })}
          />
        ))}
      </ul>
      {resources.length > shown ? (
        <div className="border-t border-line p-2 text-center">
          <Button tone="quiet" onClick={() => setShown(shown + page * 4)}>
            Show more
          </Button>
        </div>
      ) : undefined}
    </Panel>
  );
}

function Groups({ me }: { readonly me: Me }) {
  if (me.person.groups.length === 0) return undefined;
  return (
    <div className="mt-6">
      <Panel title="Your groups">
        <ul className="flex flex-wrap gap-1.5 p-4">
          {me.person.groups.map((group) => (
            <li key={group} className="max-w-full rounded-small bg-sunken px-2 py-0.5 text-small">
              <Foreign text={group} limit={63} />
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  );
}

function ListOutline() {
  return (
    <div role="status" aria-label="Loading your resources" className="grid gap-6">
      <div className="skeleton h-11" />
      <div className="grid gap-5 rounded-panel border border-line bg-surface p-5">
        {['w-1/3', 'w-1/4', 'w-2/5'].map((width) => (
          <div key={width} className="grid gap-2">
            <div className={`skeleton h-5 ${width}`} />
            <div className="skeleton h-4 w-2/3" />
          </div>
        ))}
      </div>
    </div>
  );
}
