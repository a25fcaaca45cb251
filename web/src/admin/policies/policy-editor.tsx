/** A policy as a form: what it does, to whom, about what, and when. Its sentence stands above and changes with it. */
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check, Select } from '../../ui/field.tsx';
import { Group } from '../../ui/group.tsx';
import { InstantField } from '../../ui/instant-field.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';
import { TargetFields } from '../document/target-fields.tsx';
import { withKey } from '../document/with-key.ts';
import { effectOf, isBegun, whoOf, type Effect } from './about.ts';
import { ConditionsFields } from './conditions-fields.tsx';
import { Sentence } from './sentence.tsx';
import { WhoFields } from './who-fields.tsx';

const effects = [
  { value: 'allow', label: 'allows' },
  { value: 'deny', label: 'denies, whatever else allows' },
  { value: 'require', label: 'requires more of whoever is allowed' },
];
const doors = [
  { value: '', label: 'the client and the browser' },
  { value: 'client', label: 'the client' },
  { value: 'web', label: 'the browser' },
];

export function PolicyEditor(editing: Editing<'policies'>) {
  const { document } = editing.base;
  const requires = (document.policies ?? []).filter((each) => each.require !== undefined);
  return (
    <EntryEditor
      list="policies"
      {...editing}
      fresh={{ name: '', allow: {}, to: {} }}
      nameExample="staff-wiki"
      renderHead={(policy) => (
        <p className="rounded-control bg-sunken px-4 py-3 first-letter:uppercase">
          {isBegun(policy) ? (
            <Sentence policy={policy} />
          ) : (
            <span className="text-quiet">Choose whom it is about, and what.</span>
          )}
        </p>
      )}
    >
      {(policy, set) => {
        const key = keysOf(policy, set);
        return (
          <>
            <Select
              label="This policy"
              value={effectOf(policy)}
              options={effects}
              onChange={(event) => set(withWho(policy, event.target.value as Effect, whoOf(policy)))}
            />
            <Group legend="Who">
              <WhoFields
                document={document}
                who={whoOf(policy)}
                onChange={(who) => set(withWho(policy, effectOf(policy), who))}
              />
            </Group>
            <Group legend="What">
              <TargetFields
                document={document}
                to={policy.to ?? {}}
                onChange={(to) => set({ ...policy, to })}
              />
              <Check
                label="Exposing ports of their own machine (postern expose)"
                {...key.flag('mayExpose')}
              />
              <Select
                label="Through"
                value={policy.doors?.length === 1 ? policy.doors[0] : ''}
                options={doors}
                onChange={(event) => {
                  const { value } = event.target;
                  set(withKey(policy, 'doors', value === 'client' || value === 'web' ? [value] : ''));
                }}
              />
            </Group>
            <ConditionsFields
              when={policy.when ?? {}}
              profiles={(document.postureProfiles ?? []).map(({ name }) => name)}
              onChange={(when) => set(withKey(policy, 'when', when))}
            />
            <Group legend="For how long">
              <div className="grid gap-4 sm:grid-cols-2">
                <InstantField
                  label="From"
                  hint="At once, unless said."
                  value={policy.from}
                  onChange={(from) => set(withKey(policy, 'from', from))}
                />
                <InstantField
                  label="Until"
                  hint="For good, unless said."
                  value={policy.until}
                  onChange={(until) => set(withKey(policy, 'until', until))}
                />
              </div>
              {effectOf(policy) === 'allow' && (policy.until !== undefined || policy.waives !== undefined) ? (
                <Choices
                  label="Without having to meet"
                  hint="Requirements that whom it lets in need not meet, as long as it lasts."
                  options={requires.map(({ name }) => name)}
                  {...key.list('waives')}
                />
              ) : undefined}
            </Group>
          </>
        );
      }}
    </EntryEditor>
  );
}

function withWho(policy: PolicyDocument, effect: Effect, who: ReturnType<typeof whoOf>): PolicyDocument {
  const { name, allow: _a, deny: _d, require: _r, ...rest } = policy;
  return { name, [effect]: who, ...rest };
}
