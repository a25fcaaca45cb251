/** What may be asked for, by whom, and who approves it. */
import type { RequestRuleDocument } from '../../../../protocol/request-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Entry } from '../../ui/entry-list.tsx';
import { EntryPanel } from '../../ui/entry-panel.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { EntryButtons } from '../document/entry-buttons.tsx';
import { useEditor } from '../document/use-editor.tsx';
import { RequestRuleEditor } from './request-rule-editor.tsx';
import type { ListField } from '../../ui/use-found.ts';

export default function RequestRules({ base }: { readonly base: DocumentInForce }) {
  const mayWrite = useMay()('document.write-access');
  const [form, edit] = useEditor(RequestRuleEditor, base);
  return (
    <>
      <p className="max-w-2xl text-quiet text-pretty">
        Where a rule lets them, people ask for what they may not use; somebody approves it for a while, and it
        ends by itself.
      </p>
      <EntryPanel
        title="Rules"
        label="Rules for requests"
        add={
          mayWrite ? (
            <AddButton small onClick={() => edit('new')}>
              Add a rule
            </AddButton>
          ) : undefined
        }
        name="rules"
        fields={fields}
        entries={base.document.requests ?? []}
        empty={{
          title: 'Nothing can be asked for',
          text: 'A rule says who may ask for what, for how long, and who answers.',
        }}
      >
        {(rule) => (
          <Entry
            key={rule.name}
            name={<Foreign text={rule.name} limit={63} />}
            note={<Foreign text={ruleText(rule)} limit={400} />}
            aside={rule.breakGlass === true ? <Badge tone="wait">At once</Badge> : undefined}
            actions={
              mayWrite ? (
                <EntryButtons list="requests" name={rule.name} base={base} onChange={() => edit(rule)} />
              ) : undefined
            }
          />
        )}
      </EntryPanel>
      {form}
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

const fields: readonly ListField<RequestRuleDocument>[] = [
  { id: 'name', head: 'Name', value: ({ name }) => name },
  { id: 'longest', head: 'Longest', value: ({ longest }) => longest },
  { id: 'rule', head: 'What it says', value: ruleText },
];
