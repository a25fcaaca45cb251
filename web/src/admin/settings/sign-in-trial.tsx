/**
 * A sign-in that is only tried: first what will happen, in a tab of its own; after the provider sent the browser back, the
 * claims that came, whom they make and what would be refused. Read once: a page that is loaded again begins anew.
 */
import { useMutation, useQuery } from '@tanstack/react-query';
import type { AnsweredTrial, SignInTrial, TrialNote } from '../../../../protocol/sign-in-trials.ts';
import { admin } from '../../api/admin.ts';
import { ApiProblem } from '../../api/call.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';

export function SignInTrialPage() {
  const may = useMay();
  const [{ provider, id }] = useListSearch();
  return (
    <Page
      title="Try a sign-in"
      above={<TextLink to="/admin/settings">Settings</TextLink>}
      lead="What a provider says of whoever signs in there, and what comes of it. It signs nobody in here and changes nothing."
    >
      {!may('document.write-sign-in') ? (
        <EmptyState title="Your role does not include it">
          <p>Whoever may change identity providers may try them.</p>
        </EmptyState>
      ) : id !== undefined ? (
        <Outcome id={id} />
      ) : provider !== undefined ? (
        <Begin provider={provider} />
      ) : (
        <EmptyState title="Nothing is tried">
          <p>
            Each provider under <TextLink to="/admin/settings">Settings</TextLink> has a way to try it.
          </p>
        </EmptyState>
      )}
    </Page>
  );
}

function Begin({ provider, again = false }: { readonly provider: string; readonly again?: boolean }) {
  const begin = useMutation({
    mutationFn: () => admin.trySignIn(provider),
    onSuccess: ({ url }) => location.assign(url),
  });
  return (
    <>
      {begin.error === null ? undefined : (
        <Notice tone="bad" title="It could not begin" live>
          {begin.error instanceof ApiProblem && begin.error.status === 404
            ? 'There is no provider of that name. It may have been removed or renamed.'
            : begin.error.message}
        </Notice>
      )}
      {again ? undefined : (
        <p className="max-w-2xl text-pretty">
          You go on to <Foreign text={provider} limit={63} className="font-medium" /> and sign in there, as
          yourself or as somebody who lends you their account. It asks for a new sign-in, whoever it knows.
          You come back to this page and stay signed in as you are.
        </p>
      )}
      <div>
        <Button
          tone={again ? 'secondary' : 'primary'}
          busy={begin.isPending || begin.isSuccess}
          onClick={() => begin.mutate()}
        >
          {again ? 'Try again' : `Go to ${foreignText(provider, 63)}`}
        </Button>
      </div>
    </>
  );
}

function Outcome({ id }: { readonly id: string }) {
  const trial = useQuery({
    queryKey: ['sign-in-trial', id],
    queryFn: () => admin.takeSignInTrial(id),
    // It is there once.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    retry: false,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  });
  if (trial.error instanceof ApiProblem && trial.error.status === 404)
    return (
      <EmptyState title="This was read already, or too long ago">
        <p>What came of a sign-in is shown once and kept no longer than ten minutes. Try it again.</p>
        <TextLink to="/admin/settings">To the identity providers</TextLink>
      </EmptyState>
    );
  return (
    <Loaded what="What came of it" query={trial}>
      {(found) => (found.state === 'failed' ? <Failed trial={found} /> : <Answered trial={found} />)}
    </Loaded>
  );
}

type FailedTrial = Extract<SignInTrial, { state: 'failed' }>;

const failures: Readonly<Record<FailedTrial['reason'], { readonly title: string; readonly text: string }>> = {
  'provider-refused': {
    title: 'The provider did not sign them in',
    text: 'It sent the browser back with an error: whoever signed in there gave up, or may not use this client. The log of the provider says which.',
  },
  'provider-unreachable': {
    title: 'The provider could not be reached',
    text: 'The sign-in there went well, but the controller could not fetch its tokens. Look whether the controller may reach the issuer, and whether its authority is known.',
  },
  'provider-answer': {
    title: 'The answer of the provider is not good',
    text: 'Its tokens failed a check: the client secret, the signature, the issuer, or a clock that is wrong. The log of the controller says which.',
  },
};

function Failed({ trial: { provider, reason } }: { readonly trial: FailedTrial }) {
  const { title, text } = failures[reason];
  return (
    <>
      <Notice tone="bad" title={title} live>
        {text}
      </Notice>
      <Begin provider={provider} again />
    </>
  );
}

const refusals: Readonly<Record<NonNullable<AnsweredTrial['refused']>, string>> = {
  disabled: 'They are known here and disabled.',
  limit: 'They are new, and the organisation has as many people as it may.',
  'not-in-directory': 'The directory does not know them, or says that they are not active.',
};

const notes: Readonly<Record<TrialNote, string>> = {
  'no-email': 'No e-mail address came. Policies, guests and invitations that name one do not find them.',
  'email-not-verified':
    'The address does not count: the provider does not say that it is verified (email_verified).',
  'no-groups-claim': 'The claim with the groups is not there. Look for it below and enter its name.',
  'no-time':
    'The provider does not say when it signed them in (auth_time). Whatever asks for a fresh sign-in, such as letting a device in, refuses them.',
  'not-fresh':
    'It was asked for a new sign-in and tells of an older one. Whatever asks for a fresh sign-in refuses them.',
};

function Answered({ trial }: { readonly trial: AnsweredTrial }) {
  const { provider, person, refused } = trial;
  return (
    <>
      <Notice
        tone={refused !== undefined ? 'bad' : trial.notes.length > 0 ? 'wait' : 'good'}
        title={refused === undefined ? 'They would be signed in' : 'They would be refused'}
        live
      >
        {refused === undefined ? undefined : <p>{refusals[refused]}</p>}
        {trial.notes.length === 0 ? undefined : (
          <ul className="grid gap-1">
            {trial.notes.map((note) => (
              <li key={note}>{notes[note]}</li>
            ))}
          </ul>
        )}
        {refused === undefined && trial.notes.length === 0 ? (
          <p>Nothing stands against it. What they may use is decided by the policies.</p>
        ) : undefined}
      </Notice>
      <Panel title="Who it makes them">
        <Facts
          facts={[
            [
              'Name',
              <span key="name">
                {person.id === undefined ? (
                  <Foreign text={person.name} limit={256} />
                ) : (
                  <TextLink to="/admin/people/$id" params={{ id: person.id }}>
                    <Foreign text={person.name} limit={256} />
                  </TextLink>
                )}{' '}
                <Badge tone="plain">{person.id === undefined ? 'New' : 'Known'}</Badge>
              </span>,
            ],
            [
              'E-mail address',
              person.email === undefined ? (
                'none that counts'
              ) : (
                <Foreign key="email" text={person.email} limit={254} />
              ),
            ],
            [
              'Subject',
              <Foreign key="subject" text={person.subject} limit={255} className="font-mono text-small" />,
            ],
            ['Groups', <Groups key="groups" list={trial.groups} none="none" />],
            trial.ignoredGroups.length === 0
              ? undefined
              : ['Ignored', <Groups key="ignored" list={trial.ignoredGroups} none="" />],
            trial.directory === undefined ? undefined : ['Directory', directories[trial.directory]],
            trial.signedIn === undefined
              ? undefined
              : ['Signed in there', <Instant key="at" instant={trial.signedIn} />],
            trial.methods.length === 0
              ? undefined
              : ['How', <Foreign key="how" text={trial.methods.join(', ')} limit={200} />],
            trial.contextClass === undefined
              ? undefined
              : ['Context class', <Foreign key="acr" text={trial.contextClass} limit={256} />],
          ]}
        />
        {trial.ignoredGroups.length === 0 ? undefined : (
          <p className="border-t border-line px-5 py-3 text-small text-quiet text-pretty">
            What is ignored is not declared here, or the directory says otherwise. Groups are declared under
            People.
          </p>
        )}
      </Panel>
      <Panel
        title="Claims that came"
        aside={
          <span className="text-small text-quiet">
            from <Foreign text={trial.issuer} limit={120} />
          </span>
        }
      >
        <ul className="divide-y divide-line">
          {trial.claims.map(({ name, value, cut, from }) => (
            <li
              key={`${from} ${name}`}
              className="grid gap-x-4 px-5 py-2 text-small sm:grid-cols-[minmax(0,12rem)_minmax(0,1fr)_6rem]"
            >
              <Foreign text={name} limit={256} className="font-mono" />
              <span className="font-mono wrap-anywhere">
                <Foreign text={value} limit={2_000} />
                {cut === true ? <span className="text-quiet"> … cut</span> : undefined}
              </span>
              <span className="text-note text-quiet sm:text-right">
                {from === 'id-token' ? 'ID token' : 'userinfo'}
              </span>
            </li>
          ))}
        </ul>
        {trial.moreClaims === 0 ? undefined : (
          <p className="border-t border-line px-5 py-3 text-small text-quiet">And {trial.moreClaims} more.</p>
        )}
      </Panel>
      <Begin provider={provider} again />
    </>
  );
}

const directories = {
  unknown: 'does not know them',
  active: 'knows them',
  inactive: 'says that they are not active',
} as const;

function Groups({ list, none }: { readonly list: readonly string[]; readonly none: string }) {
  if (list.length === 0) return <span className="text-quiet">{none}</span>;
  return (
    <ul className="flex flex-wrap gap-1.5">
      {list.slice(0, 50).map((group) => (
        <li key={group} className="max-w-full rounded-small bg-sunken px-2 py-0.5 text-small">
          <Foreign text={group} limit={80} />
        </li>
      ))}
      {list.length > 50 ? <li className="text-small text-quiet">and {list.length - 50} more</li> : undefined}
    </ul>
  );
}
