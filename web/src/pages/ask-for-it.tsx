/** Asks for a resource that was refused, where a rule lets this person ask; shows what became of an earlier request. */
import { useId, useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Requestable } from '../../../protocol/requests.ts';
import { api } from '../api/portal.ts';
import { requestsQuery } from '../queries.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { Instant } from '../ui/instant.tsx';
import { Notice } from '../ui/notice.tsx';
import { choicesUpTo } from './durations.ts';
import { LengthField, requestControl } from './length-field.tsx';

/** The rules by which this person may ask for a resource, by its name or a host that leads to it. */
export function useWays(name: string): readonly Requestable[] {
  const { data } = useQuery(requestsQuery);
  return (data?.requestable ?? []).filter(
    ({ resource, hosts }) => resource === name || hosts.some((host) => leadsTo(host, name)),
  );
}

/** @param name of the resource, or a host that leads to it */
export function AskForIt({ name }: { readonly name: string }) {
  const { data } = useQuery(requestsQuery);
  const ways = useWays(name);
  const [first] = ways;
  if (data === undefined || first === undefined) return undefined;
  const pending = data.requests.find(
    ({ resource, state }) => resource === first.resource && state === 'pending',
  );
  if (pending !== undefined) {
    return (
      <Notice tone="wait" title="You have asked for it">
        <p>
          It waits for those who approve it, until <Instant instant={pending.answerBy} />.{' '}
          <Link to="/requests" className="underline">
            Your requests
          </Link>
        </p>
      </Notice>
    );
  }
  return <Asking ways={ways} />;
}

/** Whether a name or wildcard is or covers what was asked for. */
function leadsTo(host: string, name: string): boolean {
  return host.startsWith('*.') ? name.endsWith(host.slice(1)) : host === name;
}

function Asking({ ways }: { readonly ways: readonly Requestable[] }) {
  const [chosen, setChosen] = useState<Requestable>();
  const usual = ways.find(({ breakGlass }) => !breakGlass);
  const glass = ways.find(({ breakGlass }) => breakGlass);
  if (chosen !== undefined) return <AskForm way={chosen} onCancel={() => setChosen(undefined)} />;
  return (
    <div className="flex flex-wrap gap-2.5">
      {usual === undefined ? undefined : <Button onClick={() => setChosen(usual)}>Ask for it</Button>}
      {glass === undefined ? undefined : (
        <Button tone="danger" onClick={() => setChosen(glass)}>
          Break the glass
        </Button>
      )}
    </div>
  );
}

/** The form; what it is for stands above it. */
export function AskForm({ way, onCancel }: { readonly way: Requestable; readonly onCancel: () => void }) {
  const { resource, longestMs, breakGlass, quorum } = way;
  const choices = choicesUpTo(longestMs);
  const [length, setLength] = useState(choices[0]?.value ?? '');
  const [reason, setReason] = useState('');
  const textId = useId();
  const queries = useQueryClient();
  const ask = useMutation({
    mutationFn: () =>
      api.ask({ resource, for: length, reason, ...(breakGlass ? { breakGlass: true as const } : {}) }),
    onSuccess: () =>
      Promise.all(
        [['requests'], ['resource'], ['resources']].map((queryKey) =>
          queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
  if (ask.isSuccess) {
    return (
      <Notice tone="good" title={breakGlass ? 'You may use it now' : 'Those who approve it see it now'} live>
        <Link to="/requests" className={buttonClass('secondary', 'mt-2')}>
          Your requests
        </Link>
      </Notice>
    );
  }
  return (
    <form
      className="grid grid-cols-[minmax(0,1fr)] gap-3 rounded-control border border-line p-4"
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <p className="text-small text-quiet">
        {breakGlass
          ? 'You are let in at once, approved by nobody, and everybody who watches over it is told.'
          : quorum === 1
            ? 'Somebody has to approve it.'
            : `${quorum} people have to approve it.`}
      </p>
      <LengthField choices={choices} value={length} onChange={setLength} />
      <label className="grid gap-1 text-small" htmlFor={textId}>
        Why you need it
        <textarea
          id={textId}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          required
          maxLength={500}
          rows={3}
          className={`${requestControl} py-2`}
        />
      </label>
      {ask.error === null ? undefined : (
        <p role="alert" className="text-small text-bad">
          {ask.error.message}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" tone={breakGlass ? 'danger' : 'primary'} busy={ask.isPending}>
          {breakGlass ? 'Let me in' : 'Ask'}
        </Button>
        <Button tone="secondary" onClick={onCancel}>
          Not now
        </Button>
      </div>
    </form>
  );
}
