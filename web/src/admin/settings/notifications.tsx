/** Who is told what happens: webhooks, with when each was last told, a test, and what still waits. */
import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import type { WebhookEntry } from '../../../../protocol/webhooks.ts';
import { webhooksQuery } from '../../admin-queries.ts';
import { admin, type DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Entry, EntryList } from '../../ui/entry-list.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { withEntry, type ShownWebhook } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { WebhookEditor } from './webhook-editor.tsx';

export default function Notifications({ base }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const list = useQuery(webhooksQuery);
  const [editing, setEditing] = useState<ShownWebhook | 'new'>();
  const mayWrite = may('document.write-access');
  const addOne = mayWrite ? (
    <Button small onClick={() => setEditing('new')}>
      <Plus className="size-4" aria-hidden="true" />
      Add a webhook
    </Button>
  ) : undefined;
  return (
    <>
      <p className="max-w-2xl text-quiet text-pretty">
        A webhook is told of every request for access: asked, approved, denied, over, and of access in an
        emergency. Where it may, it answers them as well.
      </p>
      <Loaded what="The webhooks" query={list}>
        {(found) =>
          found.length === 0 ? (
            <EmptyState title="No webhook">
              <p>Name an address, and it is told over a signed request what happens.</p>
              {addOne}
            </EmptyState>
          ) : (
            <Panel title="Webhooks" aside={addOne}>
              <EntryList label="Webhooks">
                {found.map((each) => (
                  <Row
                    key={each.name}
                    webhook={each}
                    base={base}
                    onEdit={() => setEditing(base.document.webhooks?.find(({ name }) => name === each.name))}
                  />
                ))}
              </EntryList>
            </Panel>
          )
        }
      </Loaded>
      {editing === undefined ? undefined : (
        <WebhookEditor
          base={base}
          existing={editing === 'new' ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      )}
    </>
  );
}

function Row({
  webhook: { name, url, decides, told, fault, waiting },
  base,
  onEdit,
}: {
  readonly webhook: WebhookEntry;
  readonly base: DocumentInForce;
  readonly onEdit: () => void;
}) {
  const may = useMay();
  const test = useMutation({ mutationFn: () => admin.testWebhook(name) });
  const [review, propose] = useReview();
  return (
    <Entry
      name={<Foreign text={name} limit={63} />}
      note={<Foreign text={url} limit={160} className="font-mono text-note" />}
      aside={
        <>
          {fault === undefined ? undefined : <Badge tone="bad">Does not answer</Badge>}
          {decides ? <Badge tone="plain">Decides</Badge> : undefined}
          <span>
            {told === undefined ? (
              'never told'
            ) : (
              <>
                told <Ago instant={told} />
              </>
            )}
          </span>
          {waiting === 0 ? undefined : <span>{waiting} waiting</span>}
        </>
      }
      actions={
        <>
          {may('webhooks.test') ? (
            <Button small tone="secondary" busy={test.isPending} onClick={() => test.mutate()}>
              Test<span className="sr-only"> {name}</span>
            </Button>
          ) : undefined}
          {may('document.write-access') ? (
            <>
              <Button small tone="quiet" onClick={onEdit}>
                Change<span className="sr-only"> {name}</span>
              </Button>
              <Button
                small
                tone="quiet"
                onClick={() =>
                  propose({
                    title: `Remove the webhook ${name}`,
                    base,
                    next: withEntry(base.document, 'webhooks', name, undefined),
                  })
                }
              >
                Remove<span className="sr-only"> {name}</span>
              </Button>
            </>
          ) : undefined}
        </>
      }
    >
      <Outcome test={test} fault={fault} />
      {review}
    </Entry>
  );
}

/** How the test went; without one, what went wrong last. */
function Outcome({
  test: { data, error },
  fault,
}: {
  readonly test: {
    readonly data: { ok: boolean; ms: number; fault?: string } | undefined;
    readonly error: Error | null;
  };
  readonly fault: string | undefined;
}) {
  if (error !== null)
    return (
      <div className="mt-3">
        <Notice tone="bad" title="It could not be tested" live>
          {error.message}
        </Notice>
      </div>
    );
  if (data !== undefined)
    return (
      <div className="mt-3">
        <Notice
          tone={data.ok ? 'good' : 'bad'}
          title={data.ok ? `It took the test, in ${data.ms} ms` : 'It did not take the test'}
          live
        >
          {data.fault === undefined ? undefined : <Foreign text={data.fault} limit={300} />}
        </Notice>
      </div>
    );
  return fault === undefined ? undefined : (
    <p className="mt-1 text-small text-bad">
      <Foreign text={fault} limit={300} />
    </p>
  );
}
