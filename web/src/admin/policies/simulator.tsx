/** What would be decided for somebody and something, now or at another time, and why, policy by policy. Changes nothing. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Check, CircleHelp, X } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { PolicyTrace, Simulation, SimulationRequest } from '../../../../protocol/simulation.ts';
import { peopleQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { ApiProblem } from '../../api/call.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Choices } from '../../ui/choices.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { Issues } from '../document/issues.tsx';
import type { ShownDocument } from '../document/shown-document.ts';
import { effectLooks } from './policy-lines.tsx';

export function Simulator({ document }: { readonly document: ShownDocument }) {
  const [{ resource: asked, user: askedUser }] = useListSearch();
  const people = useQuery(peopleQuery);
  const resources = (document.resources ?? []).map(({ name }) => name);
  const [resource, setResource] = useState(asked ?? resources[0] ?? '');
  const [user, setUser] = useState(askedUser ?? '');
  const [groups, setGroups] = useState<string[]>([]);
  const [door, setDoor] = useState<'client' | 'web'>('client');
  const [at, setAt] = useState('');
  const [source, setSource] = useState('');
  const simulation = useMutation({ mutationFn: admin.simulate });
  const go = (): void => {
    const request: SimulationRequest = {
      resource,
      door,
      ...subjectOf(user, groups, document),
      ...(at === '' ? {} : { at: new Date(at).toISOString() }),
      ...(source === '' ? {} : { source }),
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
        <Field
          label="Who"
          placeholder="alice@acme.example"
          hint="An e-mail address, or the name of a service account. Empty: somebody made up."
          list="simulated-people"
          value={user}
          onChange={(event) => setUser(event.target.value.trim())}
        />
        <datalist id="simulated-people">
          {people.data
            ?.slice(0, 500)
            .map(({ id, email }) => (email === undefined ? undefined : <option key={id} value={email} />))}
          {document.serviceAccounts?.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Choices
          label="With the groups"
          hint="In the place of those the person has."
          options={document.groups ?? []}
          chosen={groups}
          onChange={setGroups}
        />
        <Field
          label="Wants to use"
          list="simulated-resources"
          value={resource}
          onChange={(event) => setResource(event.target.value.trim())}
        />
        <datalist id="simulated-resources">
          {resources.slice(0, 1_000).map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Select
          label="Through"
          value={door}
          options={[
            { value: 'client', label: 'the client' },
            { value: 'web', label: 'the browser' },
          ]}
          onChange={(event) => setDoor(event.target.value === 'web' ? 'web' : 'client')}
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
          <Answer simulation={simulation.data} />
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

function Answer({ simulation }: { readonly simulation: Simulation }) {
  const { decision, resource, subject, device, session, reasons, withheld, until, policies } = simulation;
  const allowed = decision === 'allow';
  const selected = policies.filter((each): each is Selected => each.state === 'selected');
  const others = policies.length - selected.length;
  return (
    <>
      <Notice tone={allowed ? 'good' : 'bad'} title={allowed ? 'Allowed' : 'Refused'}>
        <p>
          <Foreign text={subject.email ?? subject.name} limit={100} className="font-medium" />
          {subject.groups.length === 0 ? ' without a group' : ` of ${subject.groups.join(', ')}`}{' '}
          {allowed ? 'may use' : 'may not use'}{' '}
          <Foreign text={resource.name} limit={63} className="font-medium" />
          {device === null ? '' : ' on '}
          {device === null ? undefined : <Foreign text={device.name} limit={64} />}
          {until === undefined ? undefined : (
            <>
              , until <Instant instant={until} />
            </>
          )}
          .
        </p>
        {session.basis === 'assumed' ? (
          <p className="mt-1 text-small text-quiet">
            Nobody is signed in to go by: a sign-in with one factor at that moment is assumed.
          </p>
        ) : undefined}
      </Notice>
      <Panel title="Why">
        <ul className="divide-y divide-line">
          {[...(withheld === undefined ? [] : [withheld]), ...reasons].map((reason) => (
            <Line key={`${reason.name} ${reason.policy ?? ''}`} met={reason.met} fix={reason.fix}>
              {reason.text}
              {reason.policy === undefined ? undefined : (
                <span className="text-quiet">
                  {' '}
                  (<Foreign text={reason.policy} limit={63} className="font-mono text-note" />)
                </span>
              )}
            </Line>
          ))}
        </ul>
      </Panel>
      <Panel
        title="Policies that had a part in it"
        aside={<span className="text-small text-quiet">{others} others did not</span>}
      >
        {selected.length === 0 ? (
          <p className="px-5 py-4 text-quiet">None.</p>
        ) : (
          <ul className="divide-y divide-line">
            {selected.map((each) => (
              <Traced key={each.policy} trace={each} />
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}

type Selected = Extract<PolicyTrace, { state: 'selected' }>;

function Traced({ trace }: { readonly trace: Selected }) {
  const { tone, text } = effectLooks[trace.effect];
  return (
    <li className="px-5 py-3">
      <p className="flex flex-wrap items-center gap-2 text-small">
        <Badge tone={tone}>{text}</Badge>
        <Foreign text={trace.policy} limit={63} className="font-mono" />
        {trace.inEffect ? <span className="text-quiet">decided</span> : undefined}
      </p>
      {trace.conditions.length === 0 ? undefined : (
        <ul className="mt-1">
          {trace.conditions.map(({ condition, reason, met, text: said, fix }) => (
            <Line key={`${condition} ${reason}`} met={met} fix={fix} tight>
              {said}
            </Line>
          ))}
        </ul>
      )}
    </li>
  );
}

function Line({
  met,
  fix,
  tight = false,
  children,
}: {
  readonly met: boolean | 'unknown';
  readonly fix: string | undefined;
  readonly tight?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <li className={`flex items-start gap-3 text-small ${tight ? 'py-1' : 'px-5 py-2.5'}`}>
      {met === true ? (
        <Check className="mt-0.5 size-4 shrink-0 text-good" aria-label="Met" />
      ) : met === false ? (
        <X className="mt-0.5 size-4 shrink-0 text-bad" aria-label="Not met" />
      ) : (
        <CircleHelp className="mt-0.5 size-4 shrink-0 text-wait" aria-label="Not known" />
      )}
      <span className="min-w-0">
        {children}
        {fix === undefined || met === true ? undefined : <span className="block text-quiet">{fix}</span>}
      </span>
    </li>
  );
}
