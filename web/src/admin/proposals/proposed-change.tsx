/** A change beside the document that waits for a second administrator: what it is, before and after, and the answer to it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ProposedChange } from '../../../../protocol/proposed-changes.ts';
import { admin } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { toast } from '../../ui/toast.tsx';
import { AnswerButtons } from './answer-buttons.tsx';

export function WaitingChange({
  change,
  who,
  onTaken,
}: {
  readonly change: ProposedChange;
  readonly who: string;
  readonly onTaken: (taken: TakenAnswer) => void;
}) {
  const { id, created, what, before, after, own, stale, state } = change;
  const queries = useQueryClient();
  const answer = useMutation({
    mutationFn: async (approve: boolean) => {
      if (!approve) {
        await admin.refuseChange(id);
        return own ? 'Taken back.' : 'Refused. Nothing was changed.';
      }
      await admin.approveChange(id);
      return 'Approved and done.';
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
      <p className="font-medium">{what}</p>
      <dl className="grid gap-2 text-small">
        <Part name="Path" value={change.path} />
        <Part name="Before" value={before} />
        <Part name="After" value={after} />
      </dl>
      {stale ? (
        <Notice tone="wait" title="What it is about has changed since">
          It cannot be approved any more. Make the change again.
        </Notice>
      ) : undefined}
      {answer.error === null ? undefined : (
        <Notice tone="bad" title="That did not work" live>
          {answer.error.message}
        </Notice>
      )}
      {state === 'done' ? (
        <Take id={id} onTaken={(taken) => onTaken({ id, what, answer: taken })} />
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          <AnswerButtons of={change} answer={answer} />
        </div>
      )}
    </section>
  );
}

function Part({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (value === null || value === undefined) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (
    <div className="flex gap-3">
      <dt className="w-16 shrink-0 text-quiet">{name}</dt>
      <dd className="min-w-0 break-all font-mono">{text}</dd>
    </div>
  );
}

/** What came of one's own change, such as the text of a token, once it was taken. */
export interface TakenAnswer {
  readonly id: string;
  /** Which change it was, in words. */
  readonly what: string;
  readonly answer: unknown;
}

/** Takes it, once; nobody but whoever proposed the change may. */
function Take({ id, onTaken }: { readonly id: string; readonly onTaken: (answer: unknown) => void }) {
  // Handed on and not kept here: the next news of the list take this away with the change.
  const take = useMutation({
    mutationFn: () => admin.takeAnswer(id),
    onSuccess: ({ answer }) => onTaken(answer),
  });
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button small busy={take.isPending} onClick={() => take.mutate()}>
        Show what came of it, once
      </Button>
      <span className="text-small text-quiet">Somebody else has approved it.</span>
      {take.error === null ? undefined : (
        <Notice tone="bad" title="That did not work" live>
          {take.error.message}
        </Notice>
      )}
    </div>
  );
}
