/** Rules for paths of a web application: the first that matches counts, and where none does people sign in. */
import type { PathRuleDocument } from '../../../../protocol/web-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Repeated } from '../../ui/repeated.tsx';
import { keysOf } from '../document/keys-of.ts';

const effects = [
  { value: 'public', label: 'open to everybody' },
  { value: 'require', label: 'for some of the signed in' },
  { value: 'block', label: 'closed' },
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
              {...keysOf(rule, set).list('methods')}
            />
          </div>
          {rule.effect === 'require' ? (
            <div className="grid gap-3 sm:grid-cols-2">
              <Choices label="In one of the groups" options={groups} {...keysOf(rule, set).list('groups')} />
              <Field label="Signed in within" placeholder="1h" {...keysOf(rule, set).text('signIn')} />
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
