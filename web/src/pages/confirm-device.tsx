/** Where the browser that postern up opened asks the person: is this your device? The secret is in the link. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Me } from '../../../protocol/portal.ts';
import { api } from '../api/portal.ts';
import { CardPage } from '../ui/card-page.tsx';
import { Notice } from '../ui/notice.tsx';
import { ErrorPage } from './error.tsx';
import { LetIn } from './let-in.tsx';
import { NotFoundPage } from './not-found.tsx';
import { SignedIn } from './signed-in.tsx';
import { StepUpPage } from './step-up.tsx';
import { WaitingCard } from './waiting-card.tsx';

const route = getRouteApi('/device/confirm');

export function ConfirmDevicePage() {
  const { attempt: secret } = route.useSearch();
  if (secret === undefined) return <NotFoundPage />;
  return (
    <SignedIn waiting={<WaitingCard title="Is this your device?" />}>
      {(me) => <Confirm me={me} secret={secret} />}
    </SignedIn>
  );
}

function Confirm({ me, secret }: { readonly me: Me; readonly secret: string }) {
  const found = useQuery({
    queryKey: ['login', secret],
    queryFn: () => api.lookUp({ secret }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (found.error !== null) return <ErrorPage error={found.error} />;
  if (found.data === undefined) return <WaitingCard title="Is this your device?" />;
  if (found.data.state === 'found') {
    return <LetIn me={me} entry={{ secret }} device={found.data} onStale={() => void found.refetch()} />;
  }
  if (found.data.state === 'step-up') {
    const { resource, device } = found.data;
    const returnTo = location.pathname + location.search;
    return <StepUpPage me={me} resource={resource} device={device} returnTo={returnTo} />;
  }
  return (
    <CardPage title="The device no longer waits" organisation={me.organisation}>
      <Notice tone="wait" title="It took too long, or was answered already" live>
        Run postern up again on the device for a new try.
      </Notice>
    </CardPage>
  );
}
