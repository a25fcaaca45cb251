/** Device passes: for applications of a person's own that cannot follow a redirect. Shown where there is something to make one for. */
import { useId, useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { MadePass, MyPasses } from '../../../protocol/passes.ts';
import type { Me } from '../../../protocol/portal.ts';
import { api, signInUrl } from '../api/portal.ts';
import { passesQuery } from '../queries.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Foreign } from '../ui/foreign.tsx';
import { foreignText } from '../ui/foreign-text.ts';
import { Instant } from '../ui/instant.tsx';
import { Notice } from '../ui/notice.tsx';
import { Panel } from '../ui/panel.tsx';

const control =
  'h-10 w-full min-w-0 rounded-control border border-line-strong bg-surface px-3 text-ink hover:border-quiet';

export function DevicePasses({ me }: { readonly me: Me }) {
  const { data } = useQuery(passesQuery);
  const [asked, setAsked] = useState(false);
  if (data === undefined || (data.passes.length === 0 && data.resources.length === 0)) return undefined;
  return (
    <div className="mt-6">
      <Panel
        title="Device passes"
        aside={
          asked || data.resources.length === 0 ? undefined : (
            <button
              type="button"
              onClick={() => setAsked(true)}
              className="rounded-small text-small text-accent hover:underline"
            >
              Make one
            </button>
          )
        }
      >
        {data.passes.length === 0 && !asked ? (
          <p className="p-4 text-small text-quiet text-pretty">
            For an application that cannot sign in by a page, such as a calendar or a mounted folder.
          </p>
        ) : undefined}
        {data.passes.length === 0 ? undefined : (
          <ul className="divide-y divide-line">
            {data.passes.map((pass) => (
              <PassRow key={pass.id} pass={pass} />
            ))}
          </ul>
        )}
        {asked ? <NewPass me={me} resources={data.resources} onDone={() => setAsked(false)} /> : undefined}
      </Panel>
    </div>
  );
}

function PassRow({ pass }: { readonly pass: MyPasses['passes'][number] }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.revokePass(pass.id),
    onSettled: () => queries.invalidateQueries({ queryKey: passesQuery.queryKey }),
  });
  return (
    <li className="flex items-start gap-3 px-4 py-3">
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          <Foreign text={pass.name} limit={63} />
        </p>
        <p className="text-small text-quiet">
          <Foreign text={pass.resource} limit={63} />
          {pass.expires === null ? undefined : (
            <>
              {' · until '}
              <Instant instant={pass.expires} />
            </>
          )}
        </p>
        {revoke.error === null ? undefined : (
          <p role="alert" className="text-small text-bad">
            {revoke.error.message}
          </p>
        )}
      </div>
      <Button
        tone="quiet"
        className="px-2!"
        busy={revoke.isPending}
        aria-label={`Revoke ${foreignText(pass.name, 63)}`}
        onClick={() => revoke.mutate()}
      >
        Revoke
      </Button>
    </li>
  );
}

function NewPass({
  me,
  resources,
  onDone,
}: {
  readonly me: Me;
  readonly resources: readonly string[];
  readonly onDone: () => void;
}) {
  const [name, setName] = useState('');
  const [resource, setResource] = useState(resources[0] ?? '');
  const ids = [useId(), useId()] as const;
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () => api.makePass(name.trim(), resource),
    onSuccess: () => queries.invalidateQueries({ queryKey: passesQuery.queryKey }),
  });
  if (make.data !== undefined) return <Made me={me} pass={make.data} onDone={onDone} />;
  const { provider, freshUntil } = me.session;
  if (freshUntil === null && provider !== null) {
    return (
      <div className="grid grid-cols-[minmax(0,1fr)] gap-3 border-t border-line p-4">
        <p className="text-small text-quiet">A device pass needs a sign-in of the last five minutes.</p>
        <a
          href={signInUrl(provider, location.pathname, { fresh: '1' })}
          className={buttonClass('primary', 'w-fit')}
        >
          Sign in again
        </a>
      </div>
    );
  }
  return (
    <form
      className="grid grid-cols-[minmax(0,1fr)] gap-3 border-t border-line p-4"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <label className="grid gap-1 text-small" htmlFor={ids[0]}>
        What it is for
        <input
          id={ids[0]}
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
          maxLength={63}
          autoComplete="off"
          placeholder="Calendar on my phone"
          className={control}
        />
      </label>
      <label className="grid gap-1 text-small" htmlFor={ids[1]}>
        What it opens
        <select
          id={ids[1]}
          value={resource}
          onChange={(event) => setResource(event.target.value)}
          className={control}
        >
          {resources.map((each) => (
            <option key={each} value={each}>
              {foreignText(each, 63)}
            </option>
          ))}
        </select>
      </label>
      {make.error === null ? undefined : (
        <p role="alert" className="text-small text-bad">
          {make.error.message}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" busy={make.isPending}>
          Make it
        </Button>
        <Button tone="secondary" onClick={onDone}>
          Not now
        </Button>
      </div>
    </form>
  );
}

/** Shown once, until the person is done with it. */
function Made({
  me,
  pass,
  onDone,
}: {
  readonly me: Me;
  readonly pass: MadePass;
  readonly onDone: () => void;
}) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-3 border-t border-line p-4">
      <Notice tone="good" title="Copy it now; it is not shown again" live>
        Give the application your address as the user name, and this as the password.
      </Notice>
      <Secret label="User name" text={me.person.email ?? pass.id} />
      <Secret label="Password" text={pass.secret} />
      <Button tone="secondary" className="w-fit" onClick={onDone}>
        Done
      </Button>
    </div>
  );
}

function Secret({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div>
      <p className="mb-1 text-small text-quiet">{label}</p>
      <div className="flex items-center gap-1 rounded-control bg-sunken py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 overflow-x-auto font-mono text-small whitespace-nowrap" dir="ltr">
          {text}
        </code>
        <CopyButton text={text} what={label.toLowerCase()} />
      </div>
    </div>
  );
}
