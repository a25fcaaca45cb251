/** What a change of the document would do, before it is saved: who loses and gains what, warnings, failing tests, as code. */
import { useState } from 'react';
import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { stringify } from 'yaml';
import { admin, type DocumentInForce } from '../../api/admin.ts';
import { documentQuery } from '../../admin-queries.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { Failed } from './failed.tsx';
import { useFirstName } from './first-name.tsx';
import { Planned } from './planned.tsx';
import type { ShownDocument } from './shown-document.ts';
import type { Proposal } from './use-review.tsx';

export default function Review({
  proposal,
  onClose,
}: {
  readonly proposal: Proposal;
  readonly onClose: () => void;
}) {
  const { title, base, fragment, onSaved } = proposal;
  const name = useFirstName(proposal.next);
  const next = name.named(proposal.next);
  const queries = useQueryClient();
  const [saving, setSaving] = useState<'no' | 'busy' | Error>('no');
  const plan = useQuery({
    queryKey: ['plan', base.revision, next],
    queryFn: next === undefined ? skipToken : () => admin.plan(next),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const save = async (): Promise<void> => {
    if (next === undefined) return;
    setSaving('busy');
    try {
      const saved = await admin.save(next, base.revision);
      if ('proposal' in saved) toast({ text: 'It waits for a second administrator, under Proposals.' });
      else
        toast({
          text: `Saved as revision ${saved.revision}.`,
          undo: async () => {
            await takeBack(base, next, saved.revision);
            await queries.invalidateQueries({ queryKey: ['admin'] });
          },
        });
      onClose();
      onSaved?.('proposal' in saved ? undefined : { document: next, revision: saved.revision });
      await queries.invalidateQueries({ queryKey: ['admin'] });
    } catch (error) {
      setSaving(error instanceof Error ? error : new Error(String(error)));
      // Somebody else may have been first: the form below then goes on with what is there now.
      await queries.invalidateQueries({ queryKey: documentQuery.queryKey });
    }
  };
  const failing = plan.data?.tests.failed.length ?? 0;
  const nothing = plan.data !== undefined && plan.data.changes.length === 0;
  return (
    <Dialog
      wide
      title={title}
      lead="What it would do. Nothing is changed before you save."
      onClose={onClose}
      foot={
        <>
          <Button tone="secondary" onClick={onClose}>
            Go back
          </Button>
          <Button
            busy={saving === 'busy'}
            disabled={plan.data === undefined || failing > 0 || nothing}
            onClick={() => void save()}
          >
            Save
          </Button>
        </>
      }
    >
      {name.field}
      {saving instanceof Error ? <Failed error={saving} document={next} /> : undefined}
      {plan.error !== null ? (
        <Failed error={plan.error} document={next} />
      ) : next === undefined ? undefined : plan.data === undefined ? (
        <Skeleton what="what it would do" />
      ) : nothing ? (
        <Notice title="It changes nothing">The document in force already says this.</Notice>
      ) : (
        <Planned plan={plan.data} />
      )}
      {fragment === undefined ? undefined : (
        <details>
          <summary className="rounded-small text-small font-medium text-quiet hover:text-ink">
            As code
          </summary>
          <div className="mt-3 grid gap-3">
            <CodeBlock what="The change as YAML" text={stringify(fragment, { lineWidth: 100 })} />
            <p className="text-small text-quiet">
              The same by the command line, with this part edited in the file:
            </p>
            <CodeBlock
              what="The commands"
              text={
                'postern export > postern.yaml\npostern plan -f postern.yaml\npostern apply -f postern.yaml'
              }
            />
          </div>
        </details>
      )}
    </Dialog>
  );
}

/** Puts what was there before into force again. Before the first change there was nothing to go back to but the name. */
async function takeBack(base: DocumentInForce, saved: ShownDocument, from: number): Promise<void> {
  if (base.revision > 0) await admin.rollback(base.revision, from);
  else await admin.save({ ...base.document, organisation: saved.organisation }, from);
}
