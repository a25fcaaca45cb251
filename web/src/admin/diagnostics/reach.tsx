/** May somebody reach something from their device, and does the connector reach it: the decision and the target in one place. */
import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { allDevicesQuery, allResourcesQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { ApiProblem } from '../../api/call.ts';
import { Button } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Notice } from '../../ui/notice.tsx';
import { SuggestingField } from '../../ui/suggesting-field.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { Issues } from '../document/issues.tsx';
import { SimulatedAnswer } from '../policies/simulated-answer.tsx';
import { mostResources, useAskedAbout } from '../policies/use-asked-about.ts';
import { HealthPanel } from '../resources/health-panel.tsx';
import { useDocument } from '../use-document.ts';

export function Reach() {
  const [{ user: askedUser = '', resource: askedResource = '', device: askedDevice = '' }, change] =
    useListSearch();
  const [user, setUser] = useState(askedUser);
  const [resource, setResource] = useState(askedResource);
  const [device, setDevice] = useState(askedDevice);
  const { person: owner, addresses } = useAskedAbout(user);
  const devices = useQuery(allDevicesQuery);
  const resources = useQuery(allResourcesQuery);
  const document = useDocument();
  const own = (devices.data ?? []).filter((each) => owner !== undefined && each.owner === owner.id);
  const chosen = own.some(({ id }) => id === device) ? device : '';
  const asking = useMutation({ mutationFn: admin.simulate });
  const name = asking.data?.resource.name;
  return (
    <div className="grid gap-6 lg:grid-cols-[20rem_minmax(0,1fr)]">
      <form
        className="grid content-start gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          change({ user, resource, device: chosen });
          asking.mutate({ resource, user, door: 'client', ...(chosen === '' ? {} : { device: chosen }) });
        }}
      >
        <SuggestingField
          label="Who"
          placeholder="alice@acme.example"
          suggestions={addresses}
          value={user}
          onChange={(event) => setUser(event.target.value.trim())}
        />
        <Select
          label="From the device"
          value={chosen}
          options={[
            { value: '', label: 'the one last seen' },
            ...own.map((each) => ({ value: each.id, label: foreignText(each.name, 60) })),
          ]}
          onChange={(event) => setDevice(event.target.value)}
        />
        <SuggestingField
          label="Wants to reach"
          suggestions={(resources.data ?? []).slice(0, mostResources).map((each) => each.name)}
          hint="A resource, or a host of one."
          value={resource}
          onChange={(event) => setResource(event.target.value.trim())}
        />
        <Button type="submit" busy={asking.isPending} disabled={user === '' || resource === ''}>
          Find out
        </Button>
      </form>
      <div className="grid min-w-0 content-start gap-5" aria-live="polite">
        {asking.error === null ? undefined : (
          <Notice tone="bad" title="This cannot be found out">
            {asking.error instanceof ApiProblem && asking.error.issues.length > 0 ? (
              <Issues issues={asking.error.issues} />
            ) : (
              asking.error.message
            )}
          </Notice>
        )}
        {asking.data === undefined || name === undefined ? (
          asking.error === null ? (
            <p className="rounded-panel border border-dashed border-line-strong/50 px-6 py-12 text-center text-quiet text-pretty">
              Choose who wants to reach what. You see whether policies let them, and whether the connector
              reaches it.
            </p>
          ) : undefined
        ) : (
          <>
            <SimulatedAnswer simulation={asking.data} />
            <HealthPanel
              key={name}
              name={name}
              declared={document.data?.document.resources?.find((each) => each.name === name)}
            />
          </>
        )}
      </div>
    </div>
  );
}
