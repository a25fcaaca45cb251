/** The answer to a change that waits for a second administrator, of the document or beside it. */
import { Button } from '../../ui/button.tsx';
import type { ProposedChange } from '../../../../protocol/proposed-changes.ts';

export function AnswerButtons({
  of: { own, stale, decides },
  answer,
}: {
  readonly of: Pick<ProposedChange, 'own' | 'stale' | 'decides'>;
  /** Approves with true; with false refuses, or takes one’s own back. */
  readonly answer: { readonly isPending: boolean; readonly mutate: (approve: boolean) => void };
}) {
  return (
    <>
      {own || stale || !decides ? undefined : (
        <Button small busy={answer.isPending} onClick={() => answer.mutate(true)}>
          Approve
        </Button>
      )}
      {own || decides ? (
        <Button tone="secondary" small busy={answer.isPending} onClick={() => answer.mutate(false)}>
          {own ? 'Take it back' : 'Refuse'}
        </Button>
      ) : undefined}
      <WhoDecides own={own} stale={stale} decides={decides} />
    </>
  );
}

/** Why there is nothing to press, or not all. */
function WhoDecides({ own, stale, decides }: Pick<ProposedChange, 'own' | 'stale' | 'decides'>) {
  if (own && !stale)
    return <span className="text-small text-quiet">Your own change: somebody else approves it.</span>;
  if (own || decides) return undefined;
  return (
    <span className="text-small text-quiet">
      Your role does not cover this change: somebody whose role does decides it.
    </span>
  );
}
