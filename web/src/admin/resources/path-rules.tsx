/** Rules for paths of a web application: the first that matches counts, and where none does people sign in. */
import type { PathRuleDocument } from '../../../../protocol/web-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Repeated } from '../../ui/repeated.tsx';
import { withKey } from '../document/with-key.ts';

const effects = [
  { value: 'public', label: 'open to everybody, without signing in' },
  { value: 'require', label: 'for some who are signed in' },
  { value: 'block', label: 'closed to everybody' },
];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function PathRules({
  rules,
  groups,
  onChange,
}: {
  readonly rules: readonly PathRuleDocument[];
  readonly groups: readonly string[];
  readonly onChange: (rules: PathRuleDocument[]) => void;
}) {
  return (
    <Repeated
      ordered
      legend="Paths"
      noun="path rule"
      hint="The first that matches counts; where none does, people sign in and the policies decide."
      items={rules}
      empty={{ paths: [], effect: 'public' }}
      onChange={onChange}
    >
      {(rule, set, place) => (
        <div className="grid gap-3 rounded-control bg-sunken/60 p-3">
          <Choices
            label={`Paths of rule ${place + 1}`}
            hint="/exact, or /prefix/* for everything below it."
            free
            options={[]}
            chosen={rule.paths ?? []}
            onChange={(paths) => set({ ...rule, paths })}
          />
          <div className="grid gap-3 sm:grid-cols-2">
            <Select
              label="Are"
              value={rule.effect}
              options={effects}
              onChange={(event) => set(withEffect(rule, event.target.value as PathRuleDocument['effect']))}
            />
            <Choices
              label="For the methods"
              hint="Every one, unless said."
              options={methods}
              chosen={rule.methods ?? []}
              onChange={(list) => set(withKey(rule, 'methods', list))}
            />
          </div>
          {rule.effect === 'require' ? (
            <div className="grid gap-3 sm:grid-cols-2">
              <Choices
                label="In one of the groups"
                options={groups}
                chosen={rule.groups ?? []}
                onChange={(list) => set(withKey(rule, 'groups', list))}
              />
              <Field
                label="Signed in within"
                placeholder="1h"
                value={rule.signIn ?? ''}
                onChange={(event) => set(withKey(rule, 'signIn', event.target.value.trim()))}
              />
            </div>
          ) : undefined}
        </div>
      )}
    </Repeated>
  );
}

/** Groups and the age of a sign-in go with `require` alone. */
function withEffect(rule: PathRuleDocument, effect: PathRuleDocument['effect']): PathRuleDocument {
  const { groups: _g, signIn: _s, ...rest } = rule;
  return effect === 'require' ? { ...rule, effect } : { ...rest, effect };
}
