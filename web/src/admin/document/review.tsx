/** What a change of the document would do, before it is saved: who loses and gains what, warnings, failing tests, as code. */
import { useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { stringify } from 'yaml';
import type { PlanAccess, PlanResult } from '../../../../protocol/plan.ts';
import { admin } from '../../api/admin.ts';
import { ApiProblem } from '../../api/call.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { foreignText } from '../../ui/foreign-text.ts';
import { Foreign } from '../../ui/foreign.tsx';
import { Notice, type NoticeTone } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { ChangeList } from './change-list.tsx';
import { Issues } from './issues.tsx';
import type { Proposal } from './use-review.tsx';

export default function Review({
  proposal,
  onClose,
}: {
  readonly proposal: Proposal;
  readonly onClose: () => void;
}) {
  const { title, base, next, fragment, onSaved } = proposal;
  const queries = useQueryClient();
  const [saving, setSaving] = useState<'no' | 'busy' | Error>('no');
  const plan = useQuery({
    queryKey: ['plan', base.revision, next],
    queryFn: () => admin.plan(next),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const save = async (): Promise<void> => {
    setSaving('busy');
    try {
      const { revision } = await admin.save(next, base.revision);
      toast({
        text: `Saved as revision ${revision}.`,
        undo: async () => {
          await admin.rollback(base.revision, revision);
          await queries.invalidateQueries({ queryKey: ['admin'] });
        },
      });
      onClose();
      onSaved?.();
      await queries.invalidateQueries({ queryKey: ['admin'] });
    } catch (error) {
      setSaving(error instanceof Error ? error : new Error(String(error)));
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
      {saving instanceof Error ? <Failed error={saving} /> : undefined}
      {plan.error !== null ? (
        <Failed error={plan.error} />
      ) : plan.data === undefined ? (
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

function Failed({ error }: { readonly error: Error }) {
  const conflict = error instanceof ApiProblem && error.status === 409;
  return (
    <Notice
      tone="bad"
      title={conflict ? 'Somebody else changed the document' : 'It cannot be saved like this'}
      live
    >
      {error instanceof ApiProblem && error.issues.length > 0 ? (
        <Issues issues={error.issues} />
      ) : (
        <p>
          {conflict
            ? 'Close this, look at what is there now, and make your change again. Nothing was changed.'
            : error.message}
        </p>
      )}
    </Notice>
  );
}

function Planned({ plan }: { readonly plan: PlanResult }) {
  const { access, changes, moreAccess, notLookedAt, warnings, tests } = plan;
  return (
    <>
      {tests.failed.length === 0 ? undefined : (
        <Notice tone="bad" title="A policy test would fail, so it cannot be saved" live>
          <ul className="list-disc pl-5">
            {tests.failed.flatMap(({ index, subject, failures }) =>
              failures.map(({ expected, resource, door }) => (
                <li key={`${index} ${resource} ${door} ${expected}`}>
                  Test {index + 1}: <Foreign text={subject} limit={80} /> {expected} use{' '}
                  <Foreign text={resource} limit={63} />, says the test; it would be the other way round.
                </li>
              )),
            )}
          </ul>
        </Notice>
      )}
      {warnings.map(({ kind, policy, message }) => (
        <Notice key={`${kind} ${policy} ${message}`} tone="wait" title={foreignText(message, 300)} />
      ))}
      <section>
        <h3 className="mb-2 text-small font-semibold text-quiet">Who would lose or gain</h3>
        {access.length === 0 ? (
          <p className="text-small text-quiet">Nobody loses or gains anything by it.</p>
        ) : (
          <ul className="divide-y divide-line rounded-control border border-line">
            {access.map((row, index) => (
              // Rows are what they say; the order never changes.
              // oxlint-disable-next-line react/no-array-index-key
              <AccessRow key={index} row={row} />
            ))}
          </ul>
        )}
        {moreAccess > 0 ? (
          <p className="mt-2 text-small text-quiet">And {moreAccess} more such rows.</p>
        ) : undefined}
        {notLookedAt > 0 ? (
          <p className="mt-2 text-small text-wait">
            The change is too large to look at all of it: {notLookedAt} combinations of people, resource and
            door were left out.
          </p>
        ) : undefined}
      </section>
      <section>
        <h3 className="mb-2 text-small font-semibold text-quiet">What changes in the document</h3>
        <ChangeList changes={changes} />
        {tests.passed > 0 && tests.failed.length === 0 ? (
          <p className="mt-2 text-small text-good">
            {tests.passed === 1 ? 'The policy test passes.' : `All ${tests.passed} policy tests pass.`}
          </p>
        ) : undefined}
      </section>
    </>
  );
}

const looks: Readonly<Record<PlanAccess['change'], { readonly tone: NoticeTone; readonly text: string }>> = {
  loses: { tone: 'bad', text: 'loses' },
  gains: { tone: 'good', text: 'gains' },
  'needs-more': { tone: 'wait', text: 'needs more for' },
  'needs-less': { tone: 'good', text: 'needs less for' },
  'needs-other': { tone: 'wait', text: 'needs something else for' },
};

function AccessRow({ row }: { readonly row: PlanAccess }) {
  const { change, when, who, resources, resourceCount, doors, needs } = row;
  const { tone, text } = looks[change];
  return (
    <li className="flex gap-3 px-3.5 py-2.5 text-small">
      <span className="w-28 shrink-0">
        <Badge tone={tone}>{text}</Badge>
      </span>
      <p className="min-w-0">
        <span className="font-medium">
          <Foreign text={whoText(who)} limit={200} />
        </span>{' '}
        <span className="text-quiet">{text}</span>{' '}
        <Foreign text={listed(resources, resourceCount)} limit={300} className="font-medium" />
        <span className="text-quiet">
          {' '}
          {doors.length === 1 ? (doors[0] === 'web' ? 'in the browser' : 'with the client') : ''}
          {when === 'now' ? ', with what is open now' : ', once signed in'}
          {needs.length === 0 ? '' : `; it takes ${needs.join(', ')}`}
        </span>
      </p>
    </li>
  );
}

function whoText({ kind, count, names, groups }: PlanAccess['who']): string {
  if (kind === 'anyone') return `anyone in ${groups.join(', ') || 'the organisation'}`;
  return names.length === 0 ? `${count} ${kind}` : listed(names, count);
}

function listed(names: readonly string[], count: number): string {
  const rest = count - names.length;
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
