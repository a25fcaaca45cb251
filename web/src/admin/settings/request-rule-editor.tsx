/** A rule for requests as a form. */
import { useState } from 'react';
import type { RequestRuleDocument } from '../../../../protocol/request-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check, Field } from '../../ui/field.tsx';
import { Group } from '../../ui/group.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { NameField } from '../document/name-field.tsx';
import { TargetFields } from '../document/target-fields.tsx';
import { withKey } from '../document/with-key.ts';

type Named = Exclude<RequestRuleDocument['who'], 'everyone'>;

export function RequestRuleEditor({
  base,
  existing,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly existing: RequestRuleDocument | undefined;
  readonly onClose: () => void;
}) {
  const { groups = [], policies = [] } = base.document;
  const [initial] = useState<RequestRuleDocument>(
    existing ?? { name: '', who: 'everyone', to: {}, approvers: {}, longest: '8h' },
  );
  const requires = policies.filter((policy) => policy.require !== undefined).map(({ name }) => name);
  return (
    <EntryEditor
      list="requests"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(rule, set) => (
        <>
          <NameField
            entry={rule}
            set={set}
            isNew={existing === undefined}
            placeholder="databases-on-demand"
          />
          <Group legend="Who may ask">
            <Check
              label="Everyone"
              checked={rule.who === 'everyone'}
              onChange={(event) => set({ ...rule, who: event.target.checked ? 'everyone' : {} })}
            />
            {rule.who === 'everyone' ? undefined : (
              <PeopleFields who={rule.who} groups={groups} onChange={(who) => set({ ...rule, who })} />
            )}
          </Group>
          <Group legend="For what">
            <TargetFields document={base.document} to={rule.to} onChange={(to) => set({ ...rule, to })} />
            <Field
              label="For how long at most"
              placeholder="8h"
              hint="5m to 30d."
              value={rule.longest}
              onChange={(event) => set({ ...rule, longest: event.target.value.trim() })}
            />
          </Group>
          <Group legend={rule.breakGlass === true ? 'Who is told' : 'Who approves'}>
            <Check
              label="Nobody has to: access at once, for a reason"
              hint="For an emergency. Everybody below is told, and it stands in the log."
              checked={rule.breakGlass === true}
              onChange={(event) => set(withKey(rule, 'breakGlass', event.target.checked ? true : ''))}
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
                rule.breakGlass === true ? 'Requirements that are waived' : 'Requirements that they may waive'
              }
              options={requires}
              chosen={rule.waives ?? []}
              onChange={(waives) => set(withKey(rule, 'waives', waives))}
            />
          </Group>
        </>
      )}
    />
  );
}

function PeopleFields({
  who,
  groups,
  onChange,
}: {
  readonly who: Named;
  readonly groups: readonly string[];
  readonly onChange: (who: Named) => void;
}) {
  return (
    <>
      <Choices
        label="Groups"
        options={groups}
        chosen={who.groups ?? []}
        onChange={(list) => onChange(withKey(who, 'groups', list))}
      />
      <Choices
        label="People"
        hint="By e-mail address."
        free
        options={[]}
        chosen={who.people ?? []}
        onChange={(list) => onChange(withKey(who, 'people', list))}
      />
    </>
  );
}
