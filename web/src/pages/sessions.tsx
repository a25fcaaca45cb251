/** Where I am signed in, in browsers and on devices: this one first, and the end of any other. */
import { useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Globe, LaptopMinimal } from 'lucide-react';
import type { MySession } from '../../../protocol/portal.ts';
import { api } from '../api/portal.ts';
import { mySessionsQuery } from '../queries.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm, type Question } from '../ui/confirm.tsx';
import { counted } from '../ui/counted.ts';
import { foreignText } from '../ui/foreign-text.ts';
import { Foreign } from '../ui/foreign.tsx';
import { Ago, Instant } from '../ui/instant.tsx';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';
import { Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';

export function MySessionsPage() {
  const sessions = useQuery(mySessionsQuery);
  const queries = useQueryClient();
  const [question, setQuestion] = useState<Question>();
  return (
    <Page
      title="Where you are signed in"
      lead="In browsers and on devices. What a session has open ends with it, at once."
      above={<TextLink to="/">What you may use</TextLink>}
    >
      <Loaded what="Your sessions" query={sessions}>
        {(all) => <Sessions all={all} onAsk={setQuestion} />}
      </Loaded>
      {question === undefined ? undefined : (
        <Confirm
          question={question}
          onClose={(done) => {
            setQuestion(undefined);
            if (done) void queries.invalidateQueries();
          }}
        />
      )}
    </Page>
  );
}

function Sessions({
  all,
  onAsk,
}: {
  readonly all: readonly MySession[];
  readonly onAsk: (question: Question) => void;
}) {
  const own = all.filter(({ isThis }) => isThis);
  const others = all.filter(({ isThis }) => !isThis);
  const endAll = (): void =>
    onAsk({
      title: 'End all other sessions?',
      text: `You stay signed in here. ${counted(others.length, 'other session')} and what is open under them end at once.`,
      yes: 'End all others',
      done: 'You are signed in here alone.',
      run: () => api.endOtherSessions(),
    });
  return (
    <div className="grid max-w-[44rem] grid-cols-[minmax(0,1fr)] gap-6">
      <Panel title="Here">
        <ul>
          {own.map((session) => (
            <Row key={session.id} session={session} />
          ))}
        </ul>
      </Panel>
      <Panel
        title="Elsewhere"
        aside={
          others.length === 0 ? undefined : (
            <button
              type="button"
              onClick={endAll}
              className="rounded-small text-small text-accent hover:underline"
            >
              End all others
            </button>
          )
        }
      >
        {others.length === 0 ? (
          <p className="px-5 py-4 text-quiet">You are signed in nowhere else.</p>
        ) : (
          <ul className="divide-y divide-line">
            {others.map((session) => (
              <Row key={session.id} session={session} onAsk={onAsk} />
            ))}
          </ul>
        )}
      </Panel>
      <p className="px-1 text-small text-quiet text-pretty">
        Something here that was not you? End it, and tell an administrator. A device that you do not know is
        blocked under <TextLink to="/">your devices</TextLink>.
      </p>
    </div>
  );
}

function Row({
  session,
  onAsk,
}: {
  readonly session: MySession;
  readonly onAsk?: (question: Question) => void;
}) {
  const { id, kind, isThis, provider, address, started, until } = session;
  const name = nameOf(session);
  const Icon = kind === 'device' ? LaptopMinimal : Globe;
  return (
    <li className="flex items-start gap-3 px-5 py-3.5">
      <Icon className="mt-0.5 size-5 shrink-0 text-quiet" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
          <Foreign text={name} limit={64} />
          {isThis ? <Badge tone="good">This one</Badge> : undefined}
        </p>
        <p className="text-small text-quiet">
          Since <Ago instant={started} />
          {', from '}
          <Foreign text={address} limit={60} className="font-mono" />
          {provider === undefined ? undefined : (
            <>
              {', by '}
              <Foreign text={provider} limit={63} />
            </>
          )}
        </p>
        <p className="text-small text-quiet">
          Until <Instant instant={until} /> at the latest
        </p>
      </div>
      {onAsk === undefined ? undefined : (
        <Button
          small
          tone="secondary"
          onClick={() =>
            onAsk({
              title: kind === 'device' ? `Sign out ${foreignText(name, 60)}?` : 'End this browser’s session?',
              text: 'What is open under it ends at once. Signing in again there is possible.',
              yes: 'End it',
              done: 'The session is over.',
              run: () => api.endSession(id),
            })
          }
        >
          End
          <span className="sr-only">
            {' '}
            the session of {foreignText(name, 60)} from {foreignText(address, 60)}
          </span>
        </Button>
      )}
    </li>
  );
}

function nameOf({ kind, deviceName = '' }: MySession): string {
  if (kind === 'browser') return 'A browser';
  return deviceName === '' ? 'A device' : deviceName;
}
