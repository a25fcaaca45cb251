/** Who else says which devices are compliant: when each was heard, what is wrong with it, and its settings. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { postureSourcesQuery } from '../../admin-queries.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { counted } from '../../ui/counted.ts';
import { Entry, EntryList, NoEntry } from '../../ui/entry-list.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { withEntry, type ShownPostureSource } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { SourceEditor } from './source-editor.tsx';

export function Sources({ base }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const sources = useQuery(postureSourcesQuery);
  const [editing, setEditing] = useState<ShownPostureSource | 'new'>();
  const [review, propose] = useReview();
  const mayWrite = may('document.write-access');
  return (
    <Panel
      title="Who else says which devices are compliant"
      aside={
        mayWrite ? (
          <Button small tone="secondary" onClick={() => setEditing('new')}>
            <Plus className="size-4" aria-hidden="true" />
            Add a source
          </Button>
        ) : undefined
      }
    >
      <Loaded what="The sources" query={sources}>
        {(list) =>
          list.length === 0 ? (
            <NoEntry>
              Nobody. A device management or an EDR can say it, and a profile can ask for its word.
            </NoEntry>
          ) : (
            <EntryList label="Posture sources">
              {list.map(({ name, way, heard, fault, verdicts, notCompliant }) => (
                <Entry
                  key={name}
                  name={<Foreign text={name} limit={63} />}
                  note={
                    fault === undefined ? (
                      `${counted(verdicts, 'device')}, ${notCompliant} not compliant`
                    ) : (
                      <Foreign text={fault} limit={300} className="text-bad" />
                    )
                  }
                  aside={
                    <>
                      {fault === undefined ? undefined : <Badge tone="bad">Does not answer</Badge>}
                      <span>{way === 'webhook' ? 'sends' : 'is asked'}</span>
                      <span>
                        {heard === undefined ? (
                          'never heard'
                        ) : (
                          <>
                            heard <Ago instant={heard} />
                          </>
                        )}
                      </span>
                    </>
                  }
                  actions={
                    mayWrite ? (
                      <>
                        <Button
                          small
                          tone="quiet"
                          onClick={() =>
                            setEditing(base.document.postureSources?.find((each) => each.name === name))
                          }
                        >
                          Change<span className="sr-only"> {name}</span>
                        </Button>
                        <Button
                          small
                          tone="quiet"
                          onClick={() =>
                            propose({
                              title: `Remove the posture source ${name}`,
                              base,
                              next: withEntry(base.document, 'postureSources', name, undefined),
                            })
                          }
                        >
                          Remove<span className="sr-only"> {name}</span>
                        </Button>
                      </>
                    ) : undefined
                  }
                />
              ))}
            </EntryList>
          )
        }
      </Loaded>
      {editing === undefined ? undefined : (
        <SourceEditor
          base={base}
          existing={editing === 'new' ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      )}
      {review}
    </Panel>
  );
}
