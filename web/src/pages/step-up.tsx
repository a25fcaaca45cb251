/** A resource needs a fresher or stronger sign-in than this one: the way to the provider, and back here. */
import { Link } from '@tanstack/react-router';
import type { Me } from '../../../protocol/portal.ts';
import { signInUrl } from '../api/portal.ts';
import { buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { foreignText } from '../ui/foreign-text.ts';

/** The page of a device that asks for the sake of a resource. */
export function StepUpPage({
  me,
  resource,
  device,
  returnTo,
}: {
  readonly me: Me;
  readonly resource: string;
  readonly device: string;
  readonly returnTo: string;
}) {
  return (
    <CardPage
      title={`${foreignText(resource, 63)} asks for more`}
      lead="It needs a sign-in that is more recent, or with a second factor. What your device has open stays open."
      organisation={me.organisation}
      foot="You will come back here afterwards."
    >
      <div>
        <StepUpLink me={me} resource={resource} device={device} returnTo={returnTo} />
      </div>
    </CardPage>
  );
}

/** Sends this browser to the provider for what the resource asks. */
export function StepUpLink({
  me,
  resource,
  device,
  door,
  returnTo,
}: {
  readonly me: Me;
  readonly resource: string;
  readonly device?: string;
  readonly door?: 'web' | undefined;
  readonly returnTo: string;
}) {
  const { provider } = me.session;
  if (provider === null) {
    return (
      <Link to="/login" search={{ rd: returnTo }} className={buttonClass('primary')}>
        Go to sign-in
      </Link>
    );
  }
  return (
    <a
      href={signInUrl(provider, returnTo, {
        for: resource,
        ...(device === undefined ? {} : { device }),
        ...(door === undefined ? {} : { door }),
      })}
      className={buttonClass('primary')}
    >
      <span className="min-w-0">
        Sign in again with <Foreign text={provider} limit={63} />
      </span>
    </a>
  );
}
