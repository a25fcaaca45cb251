/** Requests: those that wait for this person's answer, their own, and what they may ask for. */
import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { AccessRequest, Requestable } from '../../../protocol/requests.ts';
import { api } from '../api/portal.ts';
import { approvalsQuery, requestsQuery } from '../queries.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Ago, Instant } from '../ui/instant.tsx';
import { Notice } from '../ui/notice.tsx';
import { Panel } from '../ui/panel.tsx';
import { ErrorState } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { useFailure } from '../ui/use-failure.ts';
import { useTitle } from '../ui/use-title.ts';
import { ApprovalForm } from './approval-form.tsx';
import { AskForm } from './ask-for-it.tsx';
import { lengthText } from './durations.ts';
import { requestStates } from './request-states.ts';

const route = getRouteApi('/shell/requests');

/** The id in the address is one that a message to an approver named: it stands first. */
export function RequestsPage() {
  useTitle('Requests');
  const { id, link } = route.useSearch();
  return (
    <div className="grid max-w-[48rem] gap-8">
      <div>
        <p className="mb-1 text-small text-quiet">
          <TextLink to="/">What you may use</TextLink>
        </p>
        <h1 className="text-title font-semibold">Requests</h1>
        <p className="mt-1 text-quiet text-pretty">
          What you asked to use for a while, and what waits for your answer.
        </p>
      </div>
      <Lists chosen={id} link={link} />
    </div>
  );
}

function Lists({ chosen, link }: { readonly chosen: string | undefined; readonly link: string | undefined }) {
  const own = useQuery(requestsQuery);
  const approvals = useQuery(approvalsQuery);
  const lists = [own, approvals];
  const failures = [useFailure(own), useFailure(approvals)];
  const failure = failures.find((each) => each !== undefined);
  if (failure !== undefined)
    return (
      <ErrorState
        what="The requests"
        error={failure}
        busy={lists.every(({ error }) => error === null)}
        onRetry={() => lists.forEach(({ refetch }) => void refetch())}
      />
    );
  if (own.data === undefined || approvals.data === undefined)
    return <div role="status" aria-label="Loading the requests" className="skeleton h-40" />;
  const waiting = approvals.data.waiting.toSorted(
    (a, b) => Number(b.id === chosen) - Number(a.id === chosen),
  );
  const { requests, requestable } = own.data;
  const { answered } = approvals.data;
  const known = [...waiting, ...answered, ...requests].some(({ id }) => id === chosen);
  return (
    <>
      {chosen === undefined || known ? undefined : (
        <Notice title="That request is not yours to see">
          It is gone, or somebody else asked for it or approves it.
        </Notice>
      )}
      {waiting.length === 0 ? undefined : (
        <Panel title="Waiting for your answer" aside={<Count of={waiting} />}>
          <ul className="divide-y divide-line">
            {waiting.map((request) => (
              <li key={request.id} className="grid grid-cols-[minmax(0,1fr)] gap-4 px-5 py-4">
                <Told request={request} ofOthers />
                <ApprovalForm request={request} link={request.id === chosen ? link : undefined} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Requestables
        list={requestable}
        asked={new Set(requests.filter(({ state }) => state === 'pending').map(({ resource }) => resource))}
      />
      {requests.length === 0 ? undefined : (
        <Panel title="You asked for" aside={<Count of={requests} />}>
          <ul className="divide-y divide-line">
            {requests.map((request) => (
              <Row key={request.id} request={request} />
            ))}
          </ul>
        </Panel>
      )}
      {answered.length === 0 ? undefined : (
        <Panel title="Answered" aside={<Count of={answered} />}>
          <ul className="divide-y divide-line">
            {answered.map((request) => (
              <Row key={request.id} request={request} ofOthers />
            ))}
          </ul>
        </Panel>
      )}
      {requests.length + requestable.length + waiting.length + answered.length > 0 ? undefined : (
        <Notice title="There is nothing that you may ask for or approve">
          Your organisation has no rule for requests that names you.
        </Notice>
      )}
    </>
  );
}

function Count({ of }: { readonly of: readonly unknown[] }) {
  return <span className="text-small text-quiet tabular-nums">{of.length}</span>;
}

/** What was asked, by whom, and what has become of it. */
function Told({
  request,
  ofOthers = false,
}: {
  readonly request: AccessRequest;
  readonly ofOthers?: boolean;
}) {
  const { resource, state, person, reason, forMs, asked, until, answers, breakGlass } = request;
  const [tone, text] = requestStates[state];
  const denied = answers.find(({ answer }) => answer === 'deny');
  return (
    <div className="min-w-0">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <h3 className="min-w-0 font-semibold">
          <Foreign text={resource} limit={63} />
        </h3>
        <Badge tone={tone}>{text}</Badge>
        {breakGlass ? <Badge tone="bad">Broke the glass</Badge> : undefined}
      </div>
      <p className="mt-0.5 text-small text-quiet">
        {ofOthers ? (
          <>
            <Foreign text={person.email ?? person.name} limit={80} className="text-ink" />
            {', '}
          </>
        ) : undefined}
        for {lengthText(forMs)}, asked <Ago instant={asked} />
        {until === undefined ? undefined : (
          <>
            {', until '}
            <Instant instant={until} />
          </>
        )}
      </p>
      <p className="mt-2">
        <Foreign text={reason} limit={500} />
      </p>
      {denied?.text === undefined ? undefined : (
        <p className="mt-2 text-bad">
          Denied by <Foreign text={denied.who} limit={80} />: <Foreign text={denied.text} limit={500} />
        </p>
      )}
    </div>
  );
}

function Row({
  request,
  ofOthers = false,
}: {
  readonly request: AccessRequest;
  readonly ofOthers?: boolean;
}) {
  const { id, state, resource } = request;
  const queries = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => api.withdraw(id),
    onSettled: () =>
      Promise.all(
        [['requests'], ['approvals'], ['resources']].map((queryKey) =>
          queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
  const isOpen = state === 'approved' || (state === 'pending' && !ofOthers);
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 px-5 py-4">
      <Told request={request} ofOthers={ofOthers} />
      {isOpen ? (
        <Button
          tone="secondary"
          busy={withdraw.isPending}
          aria-label={
            state === 'approved' ? `End it now: ${resource}` : `Withdraw the request for ${resource}`
          }
          onClick={() => withdraw.mutate()}
        >
          {state === 'approved' ? 'End it now' : 'Withdraw'}
        </Button>
      ) : undefined}
      {withdraw.error === null ? undefined : (
        <p role="alert" className="w-full text-small text-bad">
          {withdraw.error.message}
        </p>
      )}
    </li>
  );
}

function Requestables({
  list,
  asked,
}: {
  readonly list: readonly Requestable[];
  /** The resources for which a request of theirs waits: another is refused until it is answered or withdrawn. */
  readonly asked: ReadonlySet<string>;
}) {
  const [chosen, setChosen] = useState<Requestable>();
  if (list.length === 0) return undefined;
  return (
    <Panel title="You may ask for" aside={<Count of={list} />}>
      <ul className="divide-y divide-line">
        {list.map((way) => (
          <li
            key={`${way.resource} ${way.rule}`}
            className="grid min-h-16 grid-cols-[minmax(0,1fr)_auto] items-center gap-3 px-5 py-3"
          >
            <p className="min-w-0">
              <Foreign text={way.resource} limit={63} className="font-medium" />{' '}
              <span className="text-small text-quiet">for {lengthText(way.longestMs)} at most</span>
            </p>
            {chosen === way ? (
              <div className="col-span-2">
                <AskForm way={way} onCancel={() => setChosen(undefined)} />
              </div>
            ) : asked.has(way.resource) && !way.breakGlass ? (
              <span className="text-small text-quiet">Asked already</span>
            ) : (
              <Button
                tone={way.breakGlass ? 'danger' : 'secondary'}
                className="w-fit"
                aria-label={`${way.breakGlass ? 'Break the glass for' : 'Ask for'} ${way.resource}`}
                onClick={() => setChosen(way)}
              >
                {way.breakGlass ? 'Break the glass' : 'Ask'}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
