/** Where an invitation to administer leads: what it offers to whoever is signed in, and the button that takes it. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { OpenInvitation } from '../../../protocol/invitations.ts';
import type { Me } from '../../../protocol/portal.ts';
import { ApiProblem } from '../api/call.ts';
import { api } from '../api/portal.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Instant } from '../ui/instant.tsx';
import { Notice } from '../ui/notice.tsx';
import { ErrorPage } from './error.tsx';
import { HomeLink } from './home-link.tsx';
import { NotFoundPage } from './not-found.tsx';
import { SignedIn } from './signed-in.tsx';
import { SomebodyElse } from './somebody-else.tsx';
import { WaitingCard } from './waiting-card.tsx';

const route = getRouteApi('/invitation');
const title = 'You are invited to administer';
const mayDo: Readonly<Record<OpenInvitation['role'], string>> = {
  owner: 'everything, and make other owners',
  admin: 'everything but making owners',
  network: 'look after connectors, relays, networks and resources',
  access: 'look after people, devices, sessions and policies',
  approver: 'answer requests for access',
  auditor: 'read everything, and the log; change nothing',
  support: 'read what diagnosing takes; change nothing',
};

export function InvitationPage() {
  const { link } = route.useSearch();
  if (link === undefined) return <NotFoundPage />;
  return (
    <SignedIn waiting={<WaitingCard title={title} />}>{(me) => <Invited me={me} link={link} />}</SignedIn>
  );
}

function Invited({ me, link }: { readonly me: Me; readonly link: string }) {
  const found = useQuery({
    queryKey: ['invitation', link],
    queryFn: () => api.invitation(link),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (found.error instanceof ApiProblem && [400, 404].includes(found.error.status))
    return (
      <CardPage title="This invitation does not work" organisation={me.organisation}>
        <Notice tone="wait" title="Ask for another" live>
          It was taken, taken back or replaced, or has run out.
        </Notice>
        <HomeLink />
      </CardPage>
    );
  if (found.error !== null) return <ErrorPage error={found.error} />;
  if (found.data === undefined) return <WaitingCard title={title} />;
  return found.data.yours ? (
    <Take me={me} link={link} invitation={found.data} />
  ) : (
    <CardPage title="This invitation is for somebody else" organisation={me.organisation}>
      <Notice tone="wait" title="You are signed in under another address">
        It is for <Foreign text={found.data.email} limit={80} className="font-medium" />. You are{' '}
        <Foreign text={me.person.email ?? me.person.name} limit={80} className="font-medium" />.
      </Notice>
      <div className="flex flex-wrap gap-2.5">
        <SomebodyElse me={me} />
        <HomeLink />
      </div>
    </CardPage>
  );
}

function Take({
  me,
  link,
  invitation: { role, expires },
}: {
  readonly me: Me;
  readonly link: string;
  readonly invitation: OpenInvitation;
}) {
  const take = useMutation({ mutationFn: () => api.takeInvitation(link) });
  const { provider } = me.session;
  if (take.isSuccess)
    return (
      <CardPage title={`You have the role ${role}`} organisation={me.organisation}>
        <Notice tone="good" title="It counts from your next sign-in" live>
          Sign in once more, and you may {mayDo[role]}.
        </Notice>
        <div>
          <Link
            to="/login"
            search={{ rd: '/admin', ...(provider === null ? {} : { state: 'again' }) }}
            className={buttonClass('primary')}
          >
            Sign in again
          </Link>
        </div>
      </CardPage>
    );
  return (
    <CardPage
      title={title}
      lead={
        <>
          As <span className="font-medium text-ink">{role}</span> you may {mayDo[role]}.
        </>
      }
      organisation={me.organisation}
      foot={
        <>
          Good until <Instant instant={expires} />.
        </>
      }
    >
      {take.error === null ? undefined : (
        <Notice tone="bad" title="That did not work" live>
          {take.error.message}
        </Notice>
      )}
      <div className="grid gap-2.5 sm:grid-cols-2">
        <Button busy={take.isPending} onClick={() => take.mutate()}>
          Take the role
        </Button>
        <Link to="/" className={buttonClass('secondary')}>
          Not now
        </Link>
      </div>
    </CardPage>
  );
}
