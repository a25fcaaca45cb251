/** Every revision of the document: when, by whom, what it changed, and the way back to it. */
import { useMemo, useState } from 'react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { stringify } from 'yaml';
import type { DocumentChange, DocumentRevision } from '../../../../protocol/document-revisions.ts';
import { revisionQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { FoundList } from '../../ui/found-list.tsx';
import { Page } from '../../ui/page.tsx';
import type { ListField } from '../../ui/use-found.ts';
import { ShowOlder } from '../../ui/show-older.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { useNames } from '../log/use-names.ts';
import { useDocument } from '../use-document.ts';

const pageSize = 20;

export function HistoryPage() {
  const may = useMay();
  const queries = useQueryClient();
  const names = useNames();
  const fields = useMemo(() => fieldsOf(names), [names]);
  const document = useDocument();
  const [{ revision }, change] = useListSearch();
  const [back, setBack] = useState<number>();
  const history = useInfiniteQuery({
    queryKey: ['admin', 'history'],
    queryFn: ({ pageParam }) => admin.history(pageParam),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ revisions }) =>
      revisions.length < pageSize ? undefined : revisions.at(-1)?.revision,
  });
  const inForce = document.data?.revision;
  const opened = Number(revision);
  return (
    <Page title="History" lead="Every revision of the organisation’s document, and what it changed.">
      <Loaded what="The history" query={history}>
        {({ pages }) => {
          const rows = pages.flatMap(({ revisions }) => revisions);
          return rows.length === 0 ? (
            <EmptyState title="No revision yet">
              <p>The first change makes the first one.</p>
            </EmptyState>
          ) : (
            <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
              <FoundList name="revisions" rows={rows} fields={fields}>
                {(found) => (
                  <ul
                    className="divide-y divide-line rounded-panel border border-line bg-surface shadow-panel"
                    aria-label="Revisions"
                  >
                    {found.map((row) => (
                      <Row
                        key={row.revision}
                        row={row}
                        who={names.get(row.who) ?? row.who}
                        inForce={row.revision === inForce}
                        onOpen={() => change({ revision: String(row.revision) })}
                      />
                    ))}
                  </ul>
                )}
              </FoundList>
              <ShowOlder what="revisions" query={history} />
            </div>
          );
        }}
      </Loaded>
      {Number.isInteger(opened) && opened > 0 ? (
        <Drawer
          wide
          title={`Revision ${opened}`}
          onClose={() => change({ revision: undefined })}
          foot={
            may('document.write-sign-in') && inForce !== undefined && opened !== inForce ? (
              <Button tone="secondary" onClick={() => setBack(opened)}>
                Put it into force again
              </Button>
            ) : undefined
          }
        >
          <Revision revision={opened} />
        </Drawer>
      ) : undefined}
      {back === undefined || inForce === undefined ? undefined : (
        <Confirm
          question={{
            title: `Go back to revision ${back}?`,
            text: `It is put into force again as a new revision, with the secrets that are kept now. Revision ${inForce} stays in the history.`,
            yes: 'Go back to it',
            done:
              document.data?.document.changes?.approval === 'required'
                ? 'It waits for a second administrator, under Proposals.'
                : `Revision ${back} is in force again.`,
            run: () => admin.rollback(back, inForce),
          }}
          onClose={(done) => {
            setBack(undefined);
            if (!done) return;
            change({ revision: undefined });
            void queries.invalidateQueries({ queryKey: ['admin'] });
          }}
        />
      )}
    </Page>
  );
}

function fieldsOf(names: ReadonlyMap<string, string>): readonly ListField<DocumentRevision>[] {
  return [
    { id: 'number', head: 'Revision', value: ({ revision }) => revision },
    { id: 'time', head: 'Time', value: ({ time }) => time },
    { id: 'who', head: 'Who', value: ({ who }) => names.get(who) ?? who },
    { id: 'changes', head: 'Changes', value: ({ changes }) => changes },
  ];
}

function Row({
  row: { revision, time, changes },
  who,
  inForce,
  onOpen,
}: {
  readonly row: DocumentRevision;
  readonly who: string;
  readonly inForce: boolean;
  readonly onOpen: () => void;
}) {
  return (
    <li>
      <button
        type="button"
        onClick={onOpen}
        className="flex w-full flex-wrap items-baseline gap-x-4 gap-y-1 px-5 py-3 text-left text-small -outline-offset-2 hover:bg-sunken/60"
      >
        <span className="w-24 font-medium tabular-nums">Revision {revision}</span>
        <span className="min-w-0 flex-1 basis-40">
          <Foreign text={who} limit={80} />
        </span>
        {inForce ? <Badge tone="good">In force</Badge> : undefined}
        <span className="text-quiet tabular-nums">
          {changes} {changes === 1 ? 'change' : 'changes'}
        </span>
        <span className="text-quiet">
          <Instant instant={time} />
        </span>
      </button>
    </li>
  );
}

function Revision({ revision }: { readonly revision: number }) {
  const found = useQuery(revisionQuery(revision));
  return (
    <Loaded what="The revision" query={found}>
      {({ changes }) => (
        <ul className="grid gap-5">
          {changes.map((each) => (
            <Change key={`${each.kind} ${each.name}`} change={each} />
          ))}
        </ul>
      )}
    </Loaded>
  );
}

const tones = { created: 'good', changed: 'plain', removed: 'bad' } as const;

function Change({ change: { action, kind, name, before, after } }: { readonly change: DocumentChange }) {
  return (
    <li>
      <p className="mb-2 flex items-baseline gap-2 text-small">
        <Badge tone={tones[action]}>{action}</Badge>
        <span className="text-quiet">{kind}</span>
        <Foreign text={name} limit={80} className="font-medium" />
      </p>
      <div className={`grid gap-2 ${before === undefined || after === undefined ? '' : 'md:grid-cols-2'}`}>
        {before === undefined ? undefined : <Side label="Before" value={before} tone="bg-bad-ground" />}
        {after === undefined ? undefined : <Side label="After" value={after} tone="bg-good-ground" />}
      </div>
    </li>
  );
}

function Side({
  label,
  value,
  tone,
}: {
  readonly label: string;
  readonly value: unknown;
  readonly tone: string;
}) {
  return (
    <div className={`min-w-0 rounded-control px-3.5 py-2.5 ${tone}`}>
      <p className="text-note text-quiet">{label}</p>
      <pre className="font-mono text-small whitespace-pre-wrap wrap-anywhere">
        {stringify(value, { lineWidth: 60 })}
      </pre>
    </div>
  );
}
