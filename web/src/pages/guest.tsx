/** Where a hostname with guests sends who is not signed in: to the organisation's provider, or to a code by e-mail. */
import { useId, useState, type ChangeEvent } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, signInUrl } from '../api/portal.ts';
import { guestOptionsQuery } from '../queries.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { CardPage } from '../ui/card-page.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { Notice } from '../ui/notice.tsx';
import { ErrorPage } from './error.tsx';

/** What the way back to the hostname needs; all of it as the controller wrote it into this page's address. */
interface GuestWay {
  readonly host: string;
  readonly c: string;
  readonly n: string;
  readonly rd?: string;
  readonly again?: '1';
}

const fieldClass =
  'h-11 w-full rounded-control border border-line-strong bg-surface px-3 hover:border-quiet disabled:opacity-55 aria-invalid:border-bad';

const route = getRouteApi('/guest');

export function GuestPage() {
  const search = route.useSearch();
  const { host = '', c = '', n = '', rd, again } = search;
  const way: GuestWay = {
    host,
    c,
    n,
    ...(rd === undefined ? {} : { rd }),
    ...(again === '1' ? { again: '1' } : {}),
  };
  const query = new URLSearchParams(search).toString();
  const options = useQuery(guestOptionsQuery(way.host));
  const [email, setEmail] = useState('');
  const [isAsked, setAsked] = useState(false);
  if (options.error !== null) return <ErrorPage error={options.error} />;
  const { organisation, providers, guests } = options.data ?? {};
  return (
    <CardPage
      title="Sign in"
      lead={
        way.host === '' ? (
          'Begin at the address that you want to open: its name is missing here.'
        ) : (
          <>
            To open <Foreign text={way.host} limit={253} />.
          </>
        )
      }
      organisation={organisation}
      foot={way.host === '' ? undefined : 'You will come back to it afterwards.'}
    >
      {providers === undefined ? (
        <div className="skeleton h-10" aria-label="Loading" role="status" />
      ) : way.host === '' ? (
        <Link to="/" className={buttonClass('secondary')}>
          What you may use
        </Link>
      ) : isAsked ? (
        <EnterCode way={way} email={email} onBack={() => setAsked(false)} />
      ) : (
        <>
          {providers.length === 0 ? undefined : (
            <ul className="grid gap-2.5">
              {providers.map(({ name }) => (
                <li key={name}>
                  <a
                    href={signInUrl(name, `/web/start?${query}`)}
                    className={buttonClass('primary', 'w-full')}
                  >
                    <span className="min-w-0">
                      Continue with <Foreign text={name} limit={63} />
                    </span>
                  </a>
                </li>
              ))}
            </ul>
          )}
          {guests === true ? (
            <AskForCode host={way.host} email={email} onEmail={setEmail} onAsked={() => setAsked(true)} />
          ) : undefined}
        </>
      )}
    </CardPage>
  );
}

function AskForCode({
  host,
  email,
  onEmail,
  onAsked,
}: {
  readonly host: string;
  readonly email: string;
  readonly onEmail: (email: string) => void;
  readonly onAsked: () => void;
}) {
  const id = useId();
  const ask = useMutation({ mutationFn: () => api.askGuestCode({ host, email }), onSuccess: onAsked });
  return (
    <form
      className="grid gap-3 border-t border-line pt-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (email !== '') ask.mutate();
      }}
    >
      <h2 className="font-medium">No account there, but invited?</h2>
      <div>
        <label htmlFor={id} className="mb-1.5 block">
          Your e-mail address
        </label>
        <input
          id={id}
          type="email"
          autoComplete="email"
          value={email}
          onChange={(event: ChangeEvent<HTMLInputElement>) => onEmail(event.target.value)}
          className={fieldClass}
        />
      </div>
      {ask.error === null || ask.isPending ? undefined : (
        <Notice tone="bad" title="No code was sent" live>
          {ask.error.message}
        </Notice>
      )}
      <Button type="submit" tone="secondary" busy={ask.isPending} disabled={email === ''} className="w-full">
        Send me a code
      </Button>
    </form>
  );
}

function EnterCode({
  way,
  email,
  onBack,
}: {
  readonly way: GuestWay;
  readonly email: string;
  readonly onBack: () => void;
}) {
  const id = useId();
  const [code, setCode] = useState('');
  const enter = useMutation({
    mutationFn: () => api.enterGuest({ ...way, code }),
    onSuccess: (answer) => {
      if (answer.state === 'entered') window.location.assign(answer.location);
    },
  });
  const state = enter.isPending ? undefined : enter.data?.state;
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (code.length >= 8) enter.mutate();
      }}
    >
      <p className="text-quiet text-pretty">
        If <Foreign text={email} limit={254} /> is invited, a code is on its way to it. It works for ten
        minutes, in this browser.
      </p>
      <div>
        <label htmlFor={id} className="mb-1.5 block font-medium">
          Code
        </label>
        <input
          id={id}
          value={code}
          onChange={(event: ChangeEvent<HTMLInputElement>) => setCode(event.target.value.slice(0, 16))}
          autoFocus
          autoComplete="one-time-code"
          inputMode="numeric"
          spellCheck={false}
          placeholder="0000 0000"
          aria-invalid={state === 'wrong'}
          className={`${fieldClass} h-14! text-center font-mono text-code tracking-[0.12em] placeholder:text-line-strong/50`}
        />
      </div>
      {state === 'wrong' ? (
        <Notice tone="bad" title="This code does not work" live>
          Check each digit. After five tries or ten minutes ask for a new one.
        </Notice>
      ) : state === 'refused' ? (
        <Notice tone="bad" title="You may not open this" live>
          The code was right, but no policy lets you in at the moment. Ask whoever invited you.
        </Notice>
      ) : enter.error === null || enter.isPending ? undefined : (
        <Notice tone="bad" title="The code could not be checked" live>
          {enter.error.message}
        </Notice>
      )}
      <Button
        type="submit"
        busy={enter.isPending || state === 'entered'}
        disabled={code.length < 8}
        className="w-full"
      >
        Continue
      </Button>
      <Button tone="quiet" onClick={onBack}>
        Use another address, or send a new code
      </Button>
    </form>
  );
}
