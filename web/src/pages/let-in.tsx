/**
 * The device that waits, as it describes itself, and the person's answer. Used for typed codes and loopback links alike;
 * ends with what became of it.
 */
import type { ReactNode } from 'react';
import { useMutation } from '@tanstack/react-query';
import type { LoginAnswer, LoginEntry, LoginLookUp, Me } from '../../../protocol/portal.ts';
import { api } from '../api/portal.ts';
import { Button } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Instant } from '../ui/instant.tsx';
import { Notice } from '../ui/notice.tsx';
import { HomeLink } from './home-link.tsx';

export type FoundDevice = Extract<LoginLookUp, { state: 'found' }>;

export function LetIn({
  me,
  entry,
  device,
  onStale,
}: {
  readonly me: Me;
  readonly entry: LoginEntry;
  readonly device: FoundDevice;
  readonly onStale: () => void;
}) {
  const answer = useMutation({
    mutationFn: (yes: boolean) => (yes ? api.approve(entry) : api.refuse(entry)),
    onSuccess: (result) => {
      if (result.state === 'redirect') location.assign(result.url);
      if (result.state === 'stale') onStale();
    },
  });
  if (answer.data !== undefined && answer.data.state !== 'stale') {
    return <Outcome me={me} device={device} answer={answer.data} />;
  }
  const { sharesAddress, browserAddress, expires, unprovenZones } = device;
  const pending = answer.isPending ? answer.variables : undefined;
  return (
    <CardPage
      title="Is this your device?"
      lead={
        <>
          Once in, it may use whatever{' '}
          <Foreign text={me.person.email ?? me.person.name} limit={80} className="font-medium text-ink" /> may
          use.
        </>
      }
      organisation={me.organisation}
      foot={
        <>
          Good until <Instant instant={expires} />.
        </>
      }
    >
      {sharesAddress ? undefined : (
        <Notice tone="bad" title="It is not on the network you are on" live>
          Refuse unless you started it yourself on a machine you know.
          {device.needsApproval ? ' An administrator has to approve it before it may use anything.' : ''}
        </Notice>
      )}
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-5 gap-y-2.5 rounded-control border border-line p-4">
        <Fact name="Calls itself">
          <Foreign text={device.device.name} limit={64} className="font-medium" />
        </Fact>
        <Fact name="System">
          <Foreign text={device.device.os} limit={80} />
        </Fact>
        <Fact name="Its address">
          <Foreign text={device.device.address} limit={60} className="font-mono text-small" />
        </Fact>
        <Fact name="Your address">
          <Foreign text={browserAddress} limit={60} className="font-mono text-small" />
        </Fact>
      </dl>
      {unprovenZones.length === 0 ? undefined : (
        <p className="text-small text-quiet">
          On it, every name below{' '}
          <Foreign text={unprovenZones.join(', ')} limit={400} className="font-mono" /> will lead to this
          organisation alone. Nobody owns {unprovenZones.length === 1 ? 'that name' : 'those names'} on the
          internet, so it is you who agrees to it.
        </p>
      )}
      {answer.error === null ? undefined : (
        <Notice tone="bad" title="Your answer did not arrive" live>
          {answer.error.message}
        </Notice>
      )}
      <div className="grid gap-2.5 sm:grid-cols-2">
        <Button
          tone={sharesAddress ? 'primary' : 'secondary'}
          busy={pending === true}
          disabled={answer.isPending}
          onClick={() => answer.mutate(true)}
        >
          Let it in
        </Button>
        <Button
          tone={sharesAddress ? 'secondary' : 'danger'}
          busy={pending === false}
          disabled={answer.isPending}
          onClick={() => answer.mutate(false)}
        >
          This was not me
        </Button>
      </div>
    </CardPage>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-quiet">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Outcome({
  me,
  device,
  answer,
}: {
  readonly me: Me;
  readonly device: FoundDevice;
  readonly answer: Exclude<LoginAnswer, { state: 'stale' }>;
}) {
  const name = <Foreign text={device.device.name} limit={64} className="font-medium" />;
  switch (answer.state) {
    case 'joined':
      return (
        <CardPage
          title={answer.needsApproval ? 'One more step' : 'The device is in'}
          organisation={me.organisation}
        >
          {answer.needsApproval ? (
            <Notice tone="wait" title="It waits for an administrator" live>
              {name} may use nothing until an administrator has approved it.
            </Notice>
          ) : (
            <Notice tone="good" title="You can close this page" live>
              {name} goes on by itself.
            </Notice>
          )}
          <HomeLink />
        </CardPage>
      );
    case 'redirect':
      return (
        <CardPage title="Back to your device" organisation={me.organisation}>
          <Notice tone="good" title="You can close this page" live>
            {name} goes on by itself.
          </Notice>
          <HomeLink />
        </CardPage>
      );
    case 'refused':
      return (
        <CardPage title="The device stays out" organisation={me.organisation}>
          <Notice tone="plain" title="It was told no, and this is in the log" live>
            If somebody asked you to type a code, tell an administrator who it was.
          </Notice>
          <HomeLink />
        </CardPage>
      );
    case 'blocked':
      return (
        <CardPage title="The device stays out" organisation={me.organisation}>
          <Notice tone="bad" title="An administrator has blocked this device" live>
            Ask an administrator to unblock it first.
          </Notice>
          <HomeLink />
        </CardPage>
      );
    case 'disabled':
      return (
        <CardPage title="The device stays out" organisation={me.organisation}>
          <Notice tone="bad" title="Your account is disabled" live>
            Ask an administrator of your organisation.
          </Notice>
        </CardPage>
      );
    default:
      return (
        <CardPage title="The device no longer waits" organisation={me.organisation}>
          <Notice tone="wait" title="It took too long, or was answered already" live>
            Run postern up again on the device for a new try.
          </Notice>
          <HomeLink />
        </CardPage>
      );
  }
}
