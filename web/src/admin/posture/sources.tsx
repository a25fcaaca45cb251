/** Who else says which devices are compliant: when each was heard, what is wrong with it, and its settings. */
import { useQuery } from '@tanstack/react-query';
import { postureSourcesQuery } from '../../admin-queries.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Badge } from '../../ui/badge.tsx';
import { counted } from '../../ui/counted.ts';
import { Entry, EntryList, NoEntry } from '../../ui/entry-list.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { EntryButtons } from '../document/entry-buttons.tsx';
import { useEditor } from '../document/use-editor.tsx';
import { SourceEditor } from './source-editor.tsx';

export function Sources({ base }: { readonly base: DocumentInForce }) {
  const mayWrite = useMay()('document.write-access');
  const sources = useQuery(postureSourcesQuery);
  const [form, edit] = useEditor(SourceEditor, base);
  return (
    <Panel
      title="Who else says which devices are compliant"
      aside={
        mayWrite ? (
          <AddButton small tone="secondary" onClick={() => edit('new')}>
            Add a source
          </AddButton>
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
                      <span>{way === 'webhook' ? 'tells us' : 'asked by us'}</span>
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
                      <EntryButtons
                        list="postureSources"
                        name={name}
                        base={base}
                        onChange={() =>
                          edit(base.document.postureSources?.find((each) => each.name === name))
                        }
                      />
                    ) : undefined
                  }
                />
              ))}
            </EntryList>
          )
        }
      </Loaded>
      {form}
    </Panel>
  );
}
