/** Changes that wait for a second administrator, of the document and beside it: what each would do, and the answer to it. */
import { useMemo, useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ProposalEntry } from '../../../../protocol/proposals.ts';
import { admin } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { FoundList } from '../../ui/found-list.tsx';
import { Page } from '../../ui/page.tsx';
import type { ListField } from '../../ui/use-found.ts';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { ChangeList } from '../document/change-list.tsx';
import { Planned } from '../document/planned.tsx';
import { useNames } from '../log/use-names.ts';
import { AnswerButtons } from './answer-buttons.tsx';
import { WaitingChange, type TakenAnswer } from './proposed-change.tsx';

export function ProposalsPage() {
  const names = useNames();
  const fields = useMemo(
    (): readonly ListField<ProposalEntry>[] => [
      { id: 'created', head: 'Time', value: ({ created }) => created },
      { id: 'who', head: 'Who', value: ({ who }) => names.get(who) ?? who },
      {
        id: 'changes',
        head: 'Changes',
        value: ({ changes }) =>
          changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`).join('; '),
      },
    ],
    [names],
  );
  const proposals = useQuery({
    queryKey: ['admin', 'proposals'],
    queryFn: admin.proposals,
    refetchInterval: 15_000,
  });
  const changes = useQuery({
    queryKey: ['admin', 'proposals', 'changes'],
    queryFn: admin.proposedChanges,
    refetchInterval: 15_000,
  });
  // The controller has it no more, and the change leaves the list with it: it stays here until the page is left.
  const [taken, setTaken] = useState<readonly TakenAnswer[]>([]);
  const beside = (changes.data?.proposals ?? []).filter(({ id }) => !taken.some((each) => each.id === id));
  return (
    <Page title="Proposals" lead="Changes that are made once a second administrator has approved them.">
      {taken.map(({ id, what, answer }) => (
        <section key={id} className="grid grid-cols-[minmax(0,1fr)] gap-3">
          <Notice tone="good" title="It is done. This is shown only now" live>
            {what}. Keep what is secret of it where secrets are kept.
          </Notice>
          <CodeBlock what="What came of it" text={JSON.stringify(answer, undefined, 2)} />
        </section>
      ))}
      {beside.length === 0 ? undefined : (
        <ul className="grid gap-5" aria-label="Changes beside the document">
          {beside.map((change) => (
            <li key={change.id}>
              <WaitingChange
                change={change}
                who={names.get(change.who) ?? change.who}
                onTaken={(answer) => setTaken((before) => [...before, answer])}
              />
            </li>
          ))}
        </ul>
      )}
      <Loaded what="The proposals" query={proposals}>
        {({ proposals: list }) =>
          list.length === 0 && beside.length > 0 ? undefined : list.length === 0 ? (
            <EmptyState title="Nothing waits">
              <p>
                Where the document says <code>changes: {'{ approval: required }'}</code>, each change waits
                here for somebody else, also of roles, tokens, keys and whoever may come in.
              </p>
            </EmptyState>
          ) : (
            <FoundList name="proposals" rows={list} fields={fields}>
              {(found) => (
                <ul className="grid gap-5">
                  {found.map((proposal) => (
                    <li key={proposal.id}>
                      <Waiting proposal={proposal} who={names.get(proposal.who) ?? proposal.who} />
                    </li>
                  ))}
                </ul>
              )}
            </FoundList>
          )
        }
      </Loaded>
    </Page>
  );
}

function Waiting({ proposal, who }: { readonly proposal: ProposalEntry; readonly who: string }) {
  const { id, created, changes, own, stale, decides } = proposal;
  const queries = useQueryClient();
  const [opened, setOpened] = useState(false);
  const answer = useMutation({
    mutationFn: async (approve: boolean) => {
      if (!approve) {
        await admin.refuseProposal(id);
        return own ? 'Taken back.' : 'Refused. Nothing was changed.';
      }
      const { revision } = await admin.approveProposal(id);
      return `In force as revision ${revision}.`;
    },
    onSuccess: (text) => toast({ text }),
    onSettled: async () => queries.invalidateQueries({ queryKey: ['admin'] }),
  });
  return (
    <section className="grid grid-cols-[minmax(0,1fr)] gap-4 rounded-panel border border-line bg-surface p-5 shadow-panel">
      <p className="text-small text-quiet">
        Proposed by <Foreign text={who} limit={80} className="font-medium text-ink" />,{' '}
        <Instant instant={created} />
      </p>
      {opened ? undefined : <ChangeList changes={changes} />}
      {stale ? (
        <Notice tone="wait" title="The document has changed since">
          It was made from another revision and cannot be approved any more. Make the change again.
        </Notice>
      ) : undefined}
      {opened ? <Plan id={id} /> : undefined}
      {answer.error === null ? undefined : (
        <Notice tone="bad" title="That did not work" live>
          {answer.error.message}
        </Notice>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {opened || stale || !(own || decides) ? undefined : (
          <Button tone="secondary" small onClick={() => setOpened(true)}>
            Show what it would do
          </Button>
        )}
        <AnswerButtons of={proposal} answer={answer} />
      </div>
    </section>
  );
}

function Plan({ id }: { readonly id: string }) {
  const detail = useQuery({
    queryKey: ['admin', 'proposals', id],
    queryFn: () => admin.proposal(id),
    gcTime: 0,
  });
  return (
    <Loaded what="What it would do" query={detail}>
      {({ plan }) => (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
          <Planned plan={plan} />
        </div>
      )}
    </Loaded>
  );
}
