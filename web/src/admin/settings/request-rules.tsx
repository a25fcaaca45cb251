/** What may be asked for, by whom, and who approves it. */
import { useState } from 'react';
import { Plus } from 'lucide-react';
import type { RequestRuleDocument } from '../../../../protocol/request-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Entry, EntryList } from '../../ui/entry-list.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { withEntry } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { RequestRuleEditor } from './request-rule-editor.tsx';

export default function RequestRules({ base }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const [editing, setEditing] = useState<RequestRuleDocument | 'new'>();
  const [review, propose] = useReview();
  const mayWrite = may('document.write-access');
  const rules = base.document.requests ?? [];
  const addOne = mayWrite ? (
    <Button small onClick={() => setEditing('new')}>
      <Plus className="size-4" aria-hidden="true" />
      Add a rule
    </Button>
  ) : undefined;
  return (
    <>
      <p className="max-w-2xl text-quiet text-pretty">
        Where a rule lets them, people ask for what they may not use; somebody approves it for a while, and it
        ends by itself.
      </p>
      {rules.length === 0 ? (
        <EmptyState title="Nothing can be asked for">
          <p>A rule says who may ask for what, for how long, and who answers.</p>
          {addOne}
        </EmptyState>
      ) : (
        <Panel title="Rules" aside={addOne}>
          <EntryList label="Rules for requests">
            {rules.map((rule) => (
              <Entry
                key={rule.name}
                name={<Foreign text={rule.name} limit={63} />}
                note={<Foreign text={ruleText(rule)} limit={400} />}
                aside={rule.breakGlass === true ? <Badge tone="wait">At once</Badge> : undefined}
                actions={
                  mayWrite ? (
                    <>
                      <Button small tone="quiet" onClick={() => setEditing(rule)}>
                        Change<span className="sr-only"> {rule.name}</span>
                      </Button>
                      <Button
                        small
                        tone="quiet"
                        onClick={() =>
                          propose({
                            title: `Remove the request rule ${rule.name}`,
                            base,
                            next: withEntry(base.document, 'requests', rule.name, undefined),
                          })
                        }
                      >
                        Remove<span className="sr-only"> {rule.name}</span>
                      </Button>
                    </>
                  ) : undefined
                }
              />
            ))}
          </EntryList>
        </Panel>
      )}
      {editing === undefined ? undefined : (
        <RequestRuleEditor
          base={base}
          existing={editing === 'new' ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      )}
      {review}
    </>
  );
}

type Asking = RequestRuleDocument['who'];

/** A rule as a sentence. */
function ruleText({
  who,
  to,
  approvers,
  quorum = 1,
  longest,
  waives,
  breakGlass,
}: RequestRuleDocument): string {
  const target =
    to === 'everything'
      ? 'everything'
      : [
          ...(to.resources ?? []),
          ...(to.tags === undefined ? [] : [`what is tagged ${to.tags.join(', ')}`]),
        ].join(', ');
  const answer =
    breakGlass === true
      ? 'is let in at once, for a reason, and everybody is told'
      : `needs ${quorum === 1 ? 'one' : quorum} of ${approvers === undefined ? 'nobody' : named(approvers)}`;
  const without = waives === undefined ? '' : `; ${waives.join(', ')} may be waived`;
  return `${named(who)} may ask for ${target}, for at most ${longest}: ${answer}${without}.`;
}

function named(who: Asking): string {
  if (who === 'everyone') return 'Everyone';
  return [...(who.groups ?? []), ...(who.people ?? [])].join(', ') || 'nobody';
}
