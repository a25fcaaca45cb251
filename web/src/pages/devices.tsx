/** My devices: what each is called, when it was last seen, and a way to end its session when it is lost. */
import { useState } from 'react';
import { useMutation, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { LaptopMinimal } from 'lucide-react';
import type { MyDevice, MyDevices } from '../../../protocol/portal.ts';
import { api } from '../api.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Ago, Instant } from '../ui/instant.tsx';
import type { NoticeTone } from '../ui/notice.tsx';
import { Panel } from '../ui/panel.tsx';
import { Posture } from './posture.tsx';

const states: Record<Exclude<MyDevice['state'], 'active'>, { tone: NoticeTone; text: string }> = {
  held: { tone: 'wait', text: 'Waits for approval' },
  suspended: { tone: 'bad', text: 'Suspended' },
  blocked: { tone: 'bad', text: 'Blocked' },
  'signed-out': { tone: 'plain', text: 'Signed out' },
};

export function Devices({ devices }: { readonly devices: UseQueryResult<MyDevices> }) {
  const list = devices.data?.devices;
  return (
    <Panel
      title="Your devices"
      aside={
        <Link to="/device" className="rounded-small text-small text-accent hover:underline">
          Enter a code
        </Link>
      }
    >
      {list === undefined ? (
        devices.error === null ? (
          <div role="status" aria-label="Loading your devices" className="grid gap-2 p-4">
            <div className="skeleton h-5 w-2/3" />
            <div className="skeleton h-4 w-1/2" />
          </div>
        ) : (
          <p className="p-4 text-small text-bad">Your devices could not be loaded.</p>
        )
      ) : list.length === 0 ? (
        <p className="p-4 text-small text-quiet text-pretty">
          None yet. A device appears here when you let it in.
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {list.map((device) => (
            <DeviceRow key={device.id} device={device} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function DeviceRow({ device }: { readonly device: MyDevice }) {
  const { name, os, lastSeen, state, sessionUntil, posture } = device;
  return (
    <li className="flex gap-3 px-4 py-3.5">
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
        {sessionUntil === undefined ? undefined : <SignOutDevice device={device} />}
      </div>
    </li>
  );
}

function SignOutDevice({ device }: { readonly device: MyDevice }) {
  const [asked, setAsked] = useState(false);
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => api.signOutDevice(device.id),
    onSettled: () => {
      setAsked(false);
      return queries.invalidateQueries();
    },
  });
  if (!asked) {
    return (
      <button
        type="button"
        onClick={() => setAsked(true)}
        className="mt-1.5 rounded-small text-small text-quiet underline decoration-line-strong/60 underline-offset-3 hover:text-ink"
      >
        Sign out<span className="sr-only"> this device</span>
      </button>
    );
  }
  return (
    <div role="group" aria-label="Sign out this device" className="mt-2">
      <p className="text-small">What it has open ends at once.</p>
      <div className="mt-2 flex gap-2">
        <Button tone="danger" autoFocus busy={signOut.isPending} onClick={() => signOut.mutate()}>
          Sign out
        </Button>
        <Button tone="secondary" onClick={() => setAsked(false)}>
          Keep
        </Button>
      </div>
    </div>
  );
}
