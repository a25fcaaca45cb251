/** Who is told what happens: webhooks, with when each was last told, a test, and what still waits. */
import { useMutation, useQuery } from '@tanstack/react-query';
import type { WebhookEntry } from '../../../../protocol/webhooks.ts';
import { webhooksQuery } from '../../admin-queries.ts';
import { admin, type DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Entry } from '../../ui/entry-list.tsx';
import { EntryPanel } from '../../ui/entry-panel.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Loaded } from '../../ui/states.tsx';
import { EntryButtons } from '../document/entry-buttons.tsx';
import { useEditor } from '../document/use-editor.tsx';
import { WebhookEditor } from './webhook-editor.tsx';
import type { ListField } from '../../ui/use-found.ts';

export default function Notifications({ base }: { readonly base: DocumentInForce }) {
  const mayWrite = useMay()('document.write-access');
  const list = useQuery(webhooksQuery);
  const [form, edit] = useEditor(WebhookEditor, base);
  return (
    <>
      <p className="max-w-2xl text-quiet text-pretty">
        A webhook is told of every request for access: asked, approved, denied, over, and of access in an
        emergency. Where it may, it answers them as well.
      </p>
      <Loaded what="The webhooks" query={list}>
        {(found) => (
          <EntryPanel
            title="Webhooks"
            add={
              mayWrite ? (
                <AddButton small onClick={() => edit('new')}>
                  Add a webhook
                </AddButton>
              ) : undefined
            }
            name="webhooks"
            fields={fields}
            entries={found}
            empty={{
              title: 'No webhook',
              text: 'Name an address, and it is told over a signed request what happens.',
            }}
          >
            {(each) => (
              <Row
                key={each.name}
                webhook={each}
                base={base}
                onEdit={() => edit(base.document.webhooks?.find(({ name }) => name === each.name))}
              />
            )}
          </EntryPanel>
        )}
      </Loaded>
      {form}
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
            <EntryButtons list="webhooks" name={name} base={base} onChange={onEdit} />
          ) : undefined}
        </>
      }
    >
      <Outcome test={test} fault={fault} />
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

const fields: readonly ListField<WebhookEntry>[] = [
  { id: 'name', head: 'Name', value: ({ name }) => name },
  { id: 'url', head: 'Address', value: ({ url }) => url },
  { id: 'told', head: 'Last told', value: ({ told = '' }) => told },
  { id: 'waiting', head: 'Waiting', value: ({ waiting }) => waiting },
  { id: 'fault', head: 'Fault', value: ({ fault = '' }) => fault },
];
