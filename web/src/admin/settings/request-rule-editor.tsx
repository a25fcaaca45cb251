/** A rule for requests as a form. */
import { Choices } from '../../ui/choices.tsx';
import { Check, Field } from '../../ui/field.tsx';
import { Group } from '../../ui/group.tsx';
import { AllOr } from '../document/all-or.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';
import { PeopleFields } from '../document/people-fields.tsx';
import { TargetFields } from '../document/target-fields.tsx';
import { withKey } from '../document/with-key.ts';

export function RequestRuleEditor(editing: Editing<'requests'>) {
  const { document } = editing.base;
  const { groups = [], policies = [] } = document;
  const requires = policies.filter((policy) => policy.require !== undefined).map(({ name }) => name);
  return (
    <EntryEditor
      list="requests"
      {...editing}
      fresh={{ name: '', who: 'everyone', to: {}, approvers: {}, longest: '8h' }}
      nameExample="databases-on-demand"
    >
      {(rule, set) => {
        const key = keysOf(rule, set);
        return (
          <>
            <Group legend="Who may ask">
              <AllOr
                all="everyone"
                label="Everyone"
                value={rule.who}
                onChange={(who) => set({ ...rule, who })}
              >
                {(some) => (
                  <PeopleFields who={some} groups={groups} onChange={(who) => set({ ...rule, who })} />
                )}
              </AllOr>
            </Group>
            <Group legend="For what">
              <TargetFields document={document} to={rule.to} onChange={(to) => set({ ...rule, to })} />
              <Field
                label="For how long at most"
                placeholder="8h"
                hint="5m to 30d."
                {...key.needed('longest')}
              />
            </Group>
            <Group legend={rule.breakGlass === true ? 'Who is told' : 'Who approves'}>
              <Check
                label="Nobody has to: access at once, for a reason"
                hint="For an emergency. Everybody below is told, and it stands in the log."
                {...key.flag('breakGlass')}
              />
              <PeopleFields
                who={rule.approvers ?? {}}
                groups={groups}
                onChange={(approvers) => set({ ...rule, approvers })}
              />
              {rule.breakGlass === true ? undefined : (
                <Field
                  label="How many of them must agree"
                  type="number"
                  min={1}
                  max={16}
                  value={rule.quorum ?? 1}
                  onChange={(event) => {
                    const count = event.target.valueAsNumber;
                    set(withKey(rule, 'quorum', Number.isInteger(count) && count > 1 ? count : ''));
                  }}
                />
              )}
              <Choices
                label={
                  rule.breakGlass === true
                    ? 'Requirements that are waived'
                    : 'Requirements that they may waive'
                }
                options={requires}
                {...key.list('waives')}
              />
            </Group>
          </>
        );
      }}
    </EntryEditor>
  );
}
