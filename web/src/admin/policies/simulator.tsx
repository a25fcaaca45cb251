/** What would be decided for somebody and something, now or at another time, and why, policy by policy. Changes nothing. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { PostureFacts } from '../../../../protocol/posture-facts.ts';
import type { SimulationRequest } from '../../../../protocol/simulation.ts';
import { allDevicesQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { foreignText } from '../../ui/foreign-text.ts';
import { admin } from '../../api/admin.ts';
import { ApiProblem } from '../../api/call.ts';
import { Button } from '../../ui/button.tsx';
import { Choices } from '../../ui/choices.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { SuggestingField } from '../../ui/suggesting-field.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { Issues } from '../document/issues.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { SimulatedAnswer } from './simulated-answer.tsx';
import { SimulatedPosture } from './simulated-posture.tsx';
import { mostResources, useAskedAbout } from './use-asked-about.ts';

/** The value of `device` for none at all; ids are longer. */
const none = 'none';
/** So many are offered; a person has few. */
const mostDevices = 200;

export function Simulator({ document }: { readonly document: ShownDocument }) {
  const [{ resource: asked, user: askedUser }] = useListSearch();
  const resources = (document.resources ?? []).map(({ name }) => name);
  const [resource, setResource] = useState(asked ?? resources[0] ?? '');
  const [user, setUser] = useState(askedUser ?? '');
  const [groups, setGroups] = useState<string[]>([]);
  const [door, setDoor] = useState<'client' | 'web'>('client');
  const [at, setAt] = useState('');
  const [source, setSource] = useState('');
  const [device, setDevice] = useState('');
  const [mfa, setMfa] = useState('');
  const [posture, setPosture] = useState<PostureFacts>();
  const may = useMay();
  const devices = useQuery({ ...allDevicesQuery, enabled: may('devices.read') });
  const { person: owner, addresses } = useAskedAbout(user);
  // A person who is made up may sit at anybody's.
  const own = (devices.data ?? []).filter((each) =>
    user === '' ? true : each.owner === owner?.id || each.ownerName === user,
  );
  const isOwn = device === '' || device === none || own.some(({ id }) => id === device);
  const simulation = useMutation({ mutationFn: admin.simulate });
  const go = (): void => {
    const request: SimulationRequest = {
      resource,
      door,
      ...subjectOf(user, groups, document),
      ...(at === '' ? {} : { at: new Date(at).toISOString() }),
      ...(source === '' ? {} : { source }),
      ...(device === '' || !isOwn ? {} : { device: device === none ? null : device }),
      ...(mfa === '' ? {} : { mfa }),
      ...(posture === undefined ? {} : { posture }),
    };
    simulation.mutate(request);
  };
  return (
    <div className="grid gap-6 lg:grid-cols-[20rem_minmax(0,1fr)]">
      <form
        className="grid content-start gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        <SuggestingField
          label="Who"
          placeholder="alice@acme.example"
          hint="An e-mail address, or the name of a service account. Empty: somebody made up."
          suggestions={[...addresses, ...(document.serviceAccounts ?? []).map(({ name }) => name)]}
          value={user}
          onChange={(event) => setUser(event.target.value.trim())}
        />
        <Choices
          label="With the groups"
          hint="In the place of those the person has."
          options={document.groups ?? []}
          chosen={groups}
          onChange={setGroups}
        />
        <SuggestingField
          label="Wants to use"
          suggestions={resources.slice(0, mostResources)}
          value={resource}
          onChange={(event) => setResource(event.target.value.trim())}
        />
        <Select
          label="Through"
          value={door}
          options={[
            { value: 'client', label: 'the client' },
            { value: 'web', label: 'the browser' },
          ]}
          onChange={(event) => setDoor(event.target.value === 'web' ? 'web' : 'client')}
        />
        <Select
          label="On the device"
          value={isOwn ? device : ''}
          options={[
            { value: '', label: door === 'web' ? 'none, unless said' : 'the one last seen' },
            { value: none, label: 'none' },
            ...own.slice(0, mostDevices).map(({ id, name, ownerName }) => ({
              value: id,
              label: foreignText(user === '' ? `${name}, of ${ownerName}` : name, 60),
            })),
          ]}
          onChange={(event) => setDevice(event.target.value)}
        />
        <SimulatedPosture facts={posture} onChange={setPosture} />
        <Field
          label="Several factors were used"
          placeholder="1h"
          hint="So long before, such as 5m or 12h. As the session says, unless said."
          value={mfa}
          onChange={(event) => setMfa(event.target.value.trim())}
        />
        <Field
          label="At"
          type="datetime-local"
          hint="Now, unless said."
          value={at}
          onChange={(event) => setAt(event.target.value)}
        />
        <Field
          label="From the address"
          placeholder="203.0.113.9"
          hint="The last one seen, unless said."
          value={source}
          onChange={(event) => setSource(event.target.value.trim())}
        />
        <Button type="submit" busy={simulation.isPending} disabled={resource === ''}>
          Simulate
        </Button>
      </form>
      <div className="grid min-w-0 content-start gap-5" aria-live="polite">
        {simulation.error === null ? undefined : (
          <Notice tone="bad" title="This cannot be simulated">
            {simulation.error instanceof ApiProblem && simulation.error.issues.length > 0 ? (
              <Issues issues={simulation.error.issues} />
            ) : (
              simulation.error.message
            )}
          </Notice>
        )}
        {simulation.data === undefined ? (
          simulation.error === null ? (
            <p className="rounded-panel border border-dashed border-line-strong/50 px-6 py-12 text-center text-quiet text-pretty">
              Choose who wants to use what. The answer comes from the same decision as the real thing, with
              every policy that had a part in it.
            </p>
          ) : undefined
        ) : (
          <SimulatedAnswer simulation={simulation.data} />
        )}
      </div>
    </div>
  );
}

function subjectOf(
  user: string,
  groups: readonly string[],
  { serviceAccounts = [] }: ShownDocument,
): Partial<SimulationRequest> {
  if (serviceAccounts.some(({ name }) => name === user)) return { service: user };
  if (user === '') return { groups: [...groups] };
  return { user, ...(groups.length === 0 ? {} : { groups: [...groups] }) };
}
