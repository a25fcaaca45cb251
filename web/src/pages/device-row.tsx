/** One of a person's devices: what it is called, what may be done to it, and whether they know it at all. */
import { useId, useState, type ReactNode } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { LaptopMinimal } from 'lucide-react';
import type { MyDevice } from '../../../protocol/portal.ts';
import { api } from '../api/portal.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Ago, Instant } from '../ui/instant.tsx';
import { Notice, type NoticeTone } from '../ui/notice.tsx';
import { Posture } from './posture.tsx';

const states: Record<Exclude<MyDevice['state'], 'active'>, { tone: NoticeTone; text: string }> = {
  held: { tone: 'wait', text: 'Waits for approval' },
  suspended: { tone: 'bad', text: 'Suspended' },
  blocked: { tone: 'bad', text: 'Blocked' },
  'signed-out': { tone: 'plain', text: 'Signed out' },
};

type Asked = 'rename' | 'sign-out' | 'forget' | 'block';

export function DeviceRow({ device }: { readonly device: MyDevice }) {
  const { name, os, lastSeen, state, sessionUntil, news, posture } = device;
  const [asked, setAsked] = useState<Asked>();
  const close = (): void => setAsked(undefined);
  return (
    <li className="px-4 py-3.5">
      <div className="flex gap-3">
        <LaptopMinimal className="mt-0.5 size-5 shrink-0 text-quiet" aria-hidden="true" />
        <div className="min-w-0 flex-1">
          <p className="font-medium">
            <Foreign text={name} limit={64} />
          </p>
          <p className="text-small text-quiet">
            <Foreign text={os} limit={80} />
          </p>
          <p className="text-small text-quiet">
            Seen <Ago instant={lastSeen} />
            {sessionUntil === undefined ? undefined : (
              <>
                {' · until '}
                <Instant instant={sessionUntil} />
              </>
            )}
          </p>
          {state === 'active' ? undefined : (
            <p className="mt-1.5">
              <Badge tone={states[state].tone}>{states[state].text}</Badge>
            </p>
          )}
          {posture === undefined ? undefined : <Posture posture={posture} />}
          {asked === undefined ? (
            <div className="mt-1.5 flex flex-wrap gap-x-3 gap-y-1">
              <Small onClick={() => setAsked('rename')}>Rename</Small>
              {sessionUntil === undefined ? undefined : (
                <Small onClick={() => setAsked('sign-out')}>Sign out</Small>
              )}
              {state === 'blocked' ? undefined : <Small onClick={() => setAsked('forget')}>Forget</Small>}
            </div>
          ) : undefined}
        </div>
      </div>
      <div className="grid gap-2.5 empty:hidden">
        {state === 'suspended' ? (
          <div className="mt-2.5">
            <Notice tone="bad" title="Two copies of its key were seen">
              Sign in on it again if only you have it. If somebody may have copied it, forget it.
            </Notice>
          </div>
        ) : undefined}
        {news === undefined || asked !== undefined ? undefined : (
          <News device={device} news={news} onBlock={() => setAsked('block')} />
        )}
        {asked === 'rename' ? <Rename device={device} onDone={close} /> : undefined}
        {asked === 'sign-out' ? (
          <Confirm
            text="What it has open ends at once."
            yes="Sign out"
            run={() => api.signOutDevice(device.id)}
            onDone={close}
          />
        ) : undefined}
        {asked === 'forget' ? (
          <Confirm
            text="What it has open ends at once, and it is a new device when somebody signs in on it."
            yes="Forget"
            run={() => api.forgetDevice(device.id)}
            onDone={close}
          />
        ) : undefined}
        {asked === 'block' ? (
          <Confirm
            text="What it has open ends at once, and nobody signs in on it until an administrator unblocks it."
            yes="Block it"
            run={() => api.blockDevice(device.id)}
            onDone={close}
          />
        ) : undefined}
      </div>
    </li>
  );
}

function News({
  device,
  news,
  onBlock,
}: {
  readonly device: MyDevice;
  readonly news: NonNullable<MyDevice['news']>;
  readonly onBlock: () => void;
}) {
  const queries = useQueryClient();
  const known = useMutation({
    mutationFn: () => api.acknowledgeDevice(device.id),
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <div className="mt-2.5">
      <Notice tone="wait" title="Was this you?">
        <p className="text-small">
          Let in <Ago instant={news.at} />
          {news.address === '' ? undefined : (
            <>
              {' from '}
              <Foreign text={news.address} limit={60} className="font-mono" />
            </>
          )}
          .
        </p>
        <div className="mt-2 flex flex-wrap gap-2">
          <Button tone="secondary" className="px-3!" busy={known.isPending} onClick={() => known.mutate()}>
            This was me
          </Button>
          <Button tone="danger" className="px-3!" onClick={onBlock}>
            Block it
          </Button>
        </div>
      </Notice>
    </div>
  );
}

function Rename({ device, onDone }: { readonly device: MyDevice; readonly onDone: () => void }) {
  const id = useId();
  const [name, setName] = useState(device.name);
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: () => api.renameDevice(device.id, name.trim()),
    onSuccess: () => {
      onDone();
      return queries.invalidateQueries();
    },
  });
  return (
    <form
      className="mt-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') rename.mutate();
      }}
    >
      <label htmlFor={id} className="mb-1 block text-small">
        Name
      </label>
      <input
        id={id}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={64}
        autoFocus
        autoComplete="off"
        className="h-10 w-full rounded-control border border-line-strong bg-surface px-3 hover:border-quiet"
      />
      {rename.error === null ? undefined : (
        <p role="alert" className="mt-1 text-small text-bad">
          {rename.error.message}
        </p>
      )}
      <div className="mt-2 flex gap-2">
        <Button type="submit" busy={rename.isPending} disabled={name.trim() === ''}>
          Save
        </Button>
        <Button tone="secondary" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Confirm({
  text,
  yes,
  run,
  onDone,
}: {
  readonly text: string;
  readonly yes: string;
  readonly run: () => Promise<undefined>;
  readonly onDone: () => void;
}) {
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: run,
    onSettled: () => {
      onDone();
      return queries.invalidateQueries();
    },
  });
  return (
    <div role="group" aria-label={yes} className="mt-2">
      <p className="text-small">{text}</p>
      <div className="mt-2 flex gap-2">
        <Button tone="danger" autoFocus busy={act.isPending} onClick={() => act.mutate()}>
          {yes}
        </Button>
        <Button tone="secondary" onClick={onDone}>
          Keep
        </Button>
      </div>
    </div>
  );
}

function Small({ onClick, children }: { readonly onClick: () => void; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="rounded-small py-0.5 text-small text-quiet underline decoration-line-strong/60 underline-offset-3 hover:text-ink"
    >
      {children}
      <span className="sr-only"> this device</span>
    </button>
  );
}
