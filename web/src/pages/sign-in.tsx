/** Where a person signs in: one button per provider, and a sentence when something went wrong or has ended. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import type { SignedOut, SignInError } from '../../../protocol/portal.ts';
import { signInUrl } from '../api/portal.ts';
import { providerSignOutKey, signInOptionsQuery } from '../queries.ts';
import { buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Notice } from '../ui/notice.tsx';
import { ErrorPage } from './error.tsx';

const errorTexts: Record<SignInError, { title: string; text: string }> = {
  'provider-refused': {
    title: 'The provider did not let you in',
    text: 'The sign-in was cancelled or refused there. Try again, or with another account.',
  },
  'provider-unreachable': {
    title: 'The provider cannot be reached',
    text: 'It did not answer in time. Try again in a moment; who is signed in stays signed in.',
  },
  'provider-answer': {
    title: 'The sign-in could not be checked',
    text: 'The answer of the provider was not what it must be. Try again; if it goes on, tell an administrator.',
  },
  'attempt-gone': {
    title: 'This sign-in is no longer open',
    text: 'It took longer than ten minutes, was already used, or began in another browser. Start again.',
  },
  'not-fresh': {
    title: 'The provider did not ask you again',
    text: 'What you wanted needs a new sign-in, and the provider must say when you did. Try again; if it goes on, tell an administrator.',
  },
  'not-enough': {
    title: 'The provider did not ask for more',
    text: 'What you wanted needs a stronger sign-in than it gave. Your earlier sign-in stays as it was; ask an administrator how to sign in with a second factor.',
  },
  disabled: {
    title: 'Your account is disabled',
    text: 'An administrator of your organisation has disabled it here. Ask them if you think that is wrong.',
  },
  suspended: {
    title: 'Your organisation is suspended',
    text: 'Nobody can sign in here now. Whoever runs this Postern can say why; an administrator of yours knows them.',
  },
  limit: {
    title: 'Your organisation is full',
    text: 'It has as many people as it may have here, and you would be one more. An administrator of yours can make room.',
  },
  busy: {
    title: 'Your organisation asks for too much just now',
    text: 'It sends as many requests a second as it may here. Wait a few seconds, then sign in again.',
  },
  throttled: {
    title: 'Too many sign-ins from here',
    text: 'Wait ten minutes, then try again.',
  },
};

const unknownError = {
  title: 'The sign-in did not work',
  text: 'Start again. If it goes on, tell an administrator when it happened.',
};

const route = getRouteApi('/login');

export function SignInPage() {
  const { rd: returnTo = '/', error, state } = route.useSearch();
  const options = useQuery(signInOptionsQuery);
  if (options.error !== null) return <ErrorPage error={options.error} />;
  const providers = options.data?.providers;
  return (
    <CardPage
      title="Sign in"
      lead="Use the account of your organisation. Postern never sees its password."
      organisation={options.data?.organisation}
      foot={
        <div className="flex flex-wrap justify-between gap-x-4 gap-y-1">
          <span>{providers?.length === 0 ? undefined : 'You will come back here afterwards.'}</span>
          <Link
            to="/login/administrator"
            search={returnTo === '/' ? {} : { rd: returnTo }}
            className="text-quiet underline underline-offset-3 hover:text-ink"
          >
            Administrator sign-in
          </Link>
        </div>
      }
    >
      <Happened error={error} state={state} />
      {providers === undefined ? (
        <div className="skeleton h-10" aria-label="Loading" role="status" />
      ) : providers.length === 0 ? (
        <Notice tone="wait" title="Nobody can sign in yet">
          An administrator has to add an identity provider to the organisation’s file and apply it.
        </Notice>
      ) : (
        <ul className="grid gap-2.5">
          {providers.map(({ name }, index) => (
            <li key={name}>
              <a
                href={signInUrl(name, returnTo)}
                className={buttonClass(
                  providers.length === 1 || index === 0 ? 'primary' : 'secondary',
                  'w-full justify-between!',
                )}
              >
                <span className="min-w-0">
                  Continue with <Foreign text={name} limit={63} />
                </span>
                <ArrowRight className="size-4 shrink-0" aria-hidden="true" />
              </a>
            </li>
          ))}
        </ul>
      )}
    </CardPage>
  );
}

/** The provider keeps this browser signed in until it is told otherwise. */
function ProviderSignOut() {
  const provider = useQueryClient().getQueryData<SignedOut['provider']>(providerSignOutKey);
  if (provider === undefined || provider === null) return undefined;
  return (
    <p className="mt-2">
      <Foreign text={provider.name} limit={63} /> may still know this browser.{' '}
      <a href={provider.url} className="text-accent underline underline-offset-3">
        Sign out there too
      </a>
    </p>
  );
}

function Happened({
  error,
  state,
}: {
  readonly error: string | undefined;
  readonly state: string | undefined;
}) {
  if (error !== undefined) {
    const known = Object.hasOwn(errorTexts, error) ? errorTexts[error as SignInError] : unknownError;
    return (
      <Notice tone="bad" title={known.title} live>
        {known.text}
      </Notice>
    );
  }
  if (state === 'signed-out' || state === 'signed-out-everywhere') {
    return (
      <Notice
        tone="good"
        title={state === 'signed-out' ? 'You are signed out of these pages' : 'You are signed out everywhere'}
        live
      >
        <p>
          {state === 'signed-out'
            ? 'Your devices stay signed in until their own session ends.'
            : 'What was open on your devices and in other browsers has ended.'}
        </p>
        <ProviderSignOut />
      </Notice>
    );
  }
  if (state === 'signed-out-there') {
    return (
      <Notice tone="good" title="You are signed out at your provider too" live>
        The next sign-in asks who you are.
      </Notice>
    );
  }
  if (state === 'ended') {
    return (
      <Notice tone="plain" title="Your session has ended" live>
        Sign in again to go on where you were.
      </Notice>
    );
  }
  return undefined;
}
