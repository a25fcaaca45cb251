/** You may not, because: the reasons for one resource. What may not be known and what does not exist look alike. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Me, PortalResource } from '../../../protocol/portal.ts';
import { ApiProblem } from '../api.ts';
import { resourceQuery } from '../queries.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { foreignText } from '../ui/foreign-text.ts';
import { Instant } from '../ui/instant.tsx';
import { ErrorPage } from './error.tsx';
import { NotFoundPage } from './not-found.tsx';
import { Reasons } from './reasons.tsx';
import { StepUp } from './resource-row.tsx';
import { SignedIn } from './signed-in.tsx';
import { WaitingCard } from './waiting-card.tsx';

export function RefusedPage({ resource }: { readonly resource: string | undefined }) {
  if (resource === undefined || resource === '') return <NotFoundPage />;
  return (
    <SignedIn waiting={<WaitingCard title="Looking at the policies" />}>
      {(me) => <Asked me={me} name={resource} />}
    </SignedIn>
  );
}

function Asked({ me, name }: { readonly me: Me; readonly name: string }) {
  const answer = useQuery(resourceQuery(name));
  const foot = (
    <>
      Signed in as <Foreign text={me.person.email ?? me.person.name} limit={80} className="text-ink" />.
    </>
  );
  if (answer.data !== undefined) {
    return (
      <Decision
        me={me}
        resource={answer.data}
        organisation={me.organisation}
        foot={foot}
        checking={answer.isFetching}
        onCheck={() => void answer.refetch()}
      />
    );
  }
  if (answer.error === null) return <WaitingCard title="Looking at the policies" />;
  if (!(answer.error instanceof ApiProblem) || answer.error.status !== 404)
    return <ErrorPage error={answer.error} />;
  return (
    <CardPage
      title="You may not use this"
      lead={answer.error.message}
      organisation={me.organisation}
      foot={foot}
    >
      <p className="text-quiet text-pretty">
        If you expected to use it, ask an administrator, and tell them the name you used.
      </p>
      <div>
        <Link to="/" className={buttonClass('primary')}>
          What you may use
        </Link>
      </div>
    </CardPage>
  );
}

function Decision({
  me,
  resource,
  organisation,
  foot,
  checking,
  onCheck,
}: {
  readonly me: Me;
  readonly resource: PortalResource;
  readonly organisation: string | null;
  readonly foot: React.ReactNode;
  readonly checking: boolean;
  readonly onCheck: () => void;
}) {
  const { name, state, reasons, until, stepUp } = resource;
  const granted = state === 'granted';
  const shown = foreignText(name, 63);
  return (
    <CardPage
      title={granted ? `You may use ${shown}` : `You may not use ${shown}, because`}
      organisation={organisation}
      foot={foot}
    >
      <Reasons reasons={reasons} />
      <StepUp me={me} resource={resource} />
      {until === undefined ? undefined : (
        <p className="text-quiet">
          {granted ? 'Until' : 'Changes by itself:'} <Instant instant={until} />
        </p>
      )}
      <div className="flex flex-wrap gap-2.5">
        <Button tone={stepUp === undefined ? 'primary' : 'secondary'} busy={checking} onClick={onCheck}>
          Check again
        </Button>
        <Link to="/" className={buttonClass('secondary')}>
          What you may use
        </Link>
      </div>
    </CardPage>
  );
}
