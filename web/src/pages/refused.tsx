/** You may not, because: the reasons for one resource. What may not be known and what does not exist look alike. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Me, PortalResource } from '../../../protocol/portal.ts';
import { ApiProblem } from '../api/call.ts';
import { resourceQuery } from '../queries.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { foreignText } from '../ui/foreign-text.ts';
import { Instant } from '../ui/instant.tsx';
import { ErrorPage } from './error.tsx';
import { NotFoundPage } from './not-found.tsx';
import { AskForIt, useWays } from './ask-for-it.tsx';
import { Reasons } from './reasons.tsx';
import { StepUp } from './resource-row.tsx';
import { SignedIn } from './signed-in.tsx';
import { SomebodyElse } from './somebody-else.tsx';
import { WaitingCard } from './waiting-card.tsx';

const route = getRouteApi('/refused');

export function RefusedPage() {
  const { resource, door: asked } = route.useSearch();
  // `web`: it was opened in this browser, at its public hostname.
  const door = asked === 'web' ? asked : undefined;
  if (resource === undefined || resource === '') return <NotFoundPage />;
  return (
    <SignedIn waiting={<WaitingCard title="Looking at the policies" />}>
      {(me) => <Asked me={me} name={resource} door={door} />}
    </SignedIn>
  );
}

function Asked({
  me,
  name,
  door,
}: {
  readonly me: Me;
  readonly name: string;
  readonly door: 'web' | undefined;
}) {
  const answer = useQuery(resourceQuery(name, door));
  const mayAsk = useWays(name).length > 0;
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
        door={door}
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
      lead={mayAsk ? 'It is not yours to use now, and you may ask for it.' : answer.error.message}
      organisation={me.organisation}
      foot={foot}
    >
      {mayAsk ? undefined : (
        <p className="text-quiet text-pretty">
          If you expected to use it, ask an administrator, and tell them the name you used.
        </p>
      )}
      <AskForIt name={name} />
      <Trace trace={answer.error.trace} />
      <Ways me={me} isMendable={false} checking={answer.isFetching} onCheck={() => void answer.refetch()} />
    </CardPage>
  );
}

function Decision({
  me,
  resource,
  door,
  foot,
  checking,
  onCheck,
}: {
  readonly me: Me;
  readonly resource: PortalResource;
  readonly door: 'web' | undefined;
  readonly foot: React.ReactNode;
  readonly checking: boolean;
  readonly onCheck: () => void;
}) {
  const { name, state, reasons, until, stepUp, trace } = resource;
  const granted = state === 'granted';
  const shown = foreignText(name, 63);
  return (
    <CardPage
      title={granted ? `You may use ${shown}` : `You may not use ${shown}, because`}
      organisation={me.organisation}
      foot={foot}
    >
      <Reasons reasons={reasons} />
      <StepUp me={me} resource={resource} door={door} />
      {granted && resource.web !== undefined ? (
        <a href={resource.web} className={buttonClass('primary', 'w-fit')}>
          Open {foreignText(hostOf(resource.web), 80)}
        </a>
      ) : undefined}
      {until === undefined ? undefined : (
        <p className="text-quiet">
          {granted ? 'Until' : 'Changes by itself:'} <Instant instant={until} />
        </p>
      )}
      {granted ? undefined : <AskForIt name={name} />}
      <Trace trace={trace} />
      <Ways
        me={me}
        isMendable={stepUp !== undefined || (granted && resource.web !== undefined)}
        checking={checking}
        onCheck={onCheck}
      />
    </CardPage>
  );
}

function hostOf(address: string): string {
  return URL.parse(address)?.host ?? '';
}

/** The number by which an administrator finds this refusal in the audit log. */
function Trace({ trace }: { readonly trace: string | undefined }) {
  if (trace === undefined) return undefined;
  return (
    <div className="flex items-center gap-1 rounded-control bg-sunken py-1 pr-1 pl-3.5 text-small">
      <p className="min-w-0 flex-1 text-quiet">
        For an administrator: trace{' '}
        <code className="font-mono wrap-anywhere text-ink" dir="ltr">
          {trace}
        </code>
      </p>
      <CopyButton text={trace} what="the trace" />
    </div>
  );
}

/** What can be done here: ask again, look at what there is, or come as somebody else. */
function Ways({
  me,
  isMendable,
  checking,
  onCheck,
}: {
  readonly me: Me;
  /** A new sign-in would mend it, which is offered above. */
  readonly isMendable: boolean;
  readonly checking: boolean;
  readonly onCheck: () => void;
}) {
  return (
    <div className="grid gap-2.5 sm:flex sm:flex-wrap">
      <Button tone={isMendable ? 'secondary' : 'primary'} busy={checking} onClick={onCheck}>
        Check again
      </Button>
      <Link to="/" className={buttonClass('secondary')}>
        What you may use
      </Link>
      <SomebodyElse me={me} />
    </div>
  );
}
