/** A policy as a form: what it does, to whom, about what, and when. Its sentence stands above and changes with it. */
import { useState } from 'react';
import type { ConditionsDocument, PolicyDocument } from '../../../../protocol/policy-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Choices } from '../../ui/choices.tsx';
import { Check, Field, Select } from '../../ui/field.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { effectOf, whoOf, type Effect } from './about.ts';
import { Sentence } from './sentence.tsx';

export function PolicyEditor({
  base,
  existing,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly existing: PolicyDocument | undefined;
  readonly onClose: () => void;
}) {
  const { groups = [], serviceAccounts = [], resources = [], postureProfiles = [] } = base.document;
  const [initial] = useState<PolicyDocument>(existing ?? { name: '', allow: {}, to: {} });
  const tags = [...new Set(resources.flatMap((each) => each.tags ?? []))].toSorted();
  return (
    <EntryEditor
      list="policies"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(policy, set) => {
        const who = whoOf(policy);
        const { to = {} } = policy;
        return (
          <>
            <p className="rounded-control bg-sunken px-4 py-3 first-letter:uppercase">
              <Sentence policy={policy} />
            </p>
            <Field
              label="Name"
              placeholder="staff-wiki"
              value={policy.name ?? ''}
              disabled={existing !== undefined}
              onChange={(event) => set({ ...policy, name: event.target.value.toLowerCase() })}
            />
            <Select
              label="It"
              value={effectOf(policy)}
              options={[
                { value: 'allow', label: 'allows' },
                { value: 'deny', label: 'denies, whatever else allows' },
                { value: 'require', label: 'requires more of whoever is allowed' },
              ]}
              onChange={(event) => set(withWho(policy, event.target.value as Effect, who))}
            />
            <Check
              label="Everyone"
              checked={who === 'everyone'}
              onChange={(event) =>
                set(withWho(policy, effectOf(policy), event.target.checked ? 'everyone' : {}))
              }
            />
            {who === 'everyone' ? undefined : (
              <>
                <Choices
                  label="Groups"
                  options={groups}
                  chosen={who.groups ?? []}
                  onChange={(list) => set(withWho(policy, effectOf(policy), withList(who, 'groups', list)))}
                />
                <Choices
                  label="People"
                  hint="By e-mail address."
                  free
                  options={[]}
                  chosen={who.people ?? []}
                  onChange={(list) => set(withWho(policy, effectOf(policy), withList(who, 'people', list)))}
                />
                <Choices
                  label="Service accounts"
                  options={serviceAccounts.map(({ name }) => name)}
                  chosen={who.serviceAccounts ?? []}
                  onChange={(list) =>
                    set(withWho(policy, effectOf(policy), withList(who, 'serviceAccounts', list)))
                  }
                />
              </>
            )}
            <Check
              label="Every resource"
              checked={to === 'everything'}
              onChange={(event) => set({ ...policy, to: event.target.checked ? 'everything' : {} })}
            />
            {to === 'everything' ? undefined : (
              <>
                <Choices
                  label="Resources"
                  options={resources.map(({ name }) => name)}
                  chosen={to.resources ?? []}
                  onChange={(list) => set({ ...policy, to: withList(to, 'resources', list) })}
                />
                <Choices
                  label="Resources with a tag"
                  options={tags}
                  chosen={to.tags ?? []}
                  onChange={(list) => set({ ...policy, to: withList(to, 'tags', list) })}
                />
              </>
            )}
            <Check
              label="Exposing ports of their own machine (postern expose)"
              checked={policy.mayExpose === true}
              onChange={(event) => {
                const { mayExpose: _, ...rest } = policy;
                set(event.target.checked ? { ...rest, mayExpose: true } : rest);
              }}
            />
            <Select
              label="Through"
              value={policy.doors?.length === 1 ? policy.doors[0] : ''}
              options={[
                { value: '', label: 'the client and the browser' },
                { value: 'client', label: 'the client' },
                { value: 'web', label: 'the browser' },
              ]}
              onChange={(event) => {
                const { doors: _, ...rest } = policy;
                const { value } = event.target;
                set(value === 'client' || value === 'web' ? { ...rest, doors: [value] } : rest);
              }}
            />
            <Conditions
              when={policy.when ?? {}}
              profiles={postureProfiles.map(({ name }) => name)}
              onChange={(when) => {
                const { when: _, ...rest } = policy;
                set(Object.keys(when).length === 0 ? rest : { ...rest, when });
              }}
            />
          </>
        );
      }}
    />
  );
}

function Conditions({
  when,
  profiles,
  onChange,
}: {
  readonly when: ConditionsDocument;
  readonly profiles: readonly string[];
  readonly onChange: (when: ConditionsDocument) => void;
}) {
  const set = (key: keyof ConditionsDocument, value: unknown): void => {
    const { [key]: _, ...rest } = when;
    const empty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
    onChange(empty ? rest : { ...rest, [key]: value });
  };
  return (
    <fieldset className="grid gap-4 rounded-control border border-line px-4 pt-2 pb-4">
      <legend className="px-1 text-small font-semibold text-quiet">Only when</legend>
      <Choices
        label="The device meets"
        options={profiles}
        chosen={when.posture ?? []}
        onChange={(list) => set('posture', list)}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Several factors used within"
          placeholder="12h"
          disabled={typeof when.mfa === 'object'}
          value={typeof when.mfa === 'string' ? when.mfa : ''}
          onChange={(event) => set('mfa', event.target.value.trim())}
        />
        <Field
          label="Signed in within"
          placeholder="8h"
          value={when.session ?? ''}
          onChange={(event) => set('session', event.target.value.trim())}
        />
      </div>
      <Check
        label="The device is approved"
        checked={when.deviceApproved === true}
        onChange={(event) => set('deviceApproved', event.target.checked ? true : undefined)}
      />
      <Choices
        label="Coming from"
        hint="Addresses or networks, such as 203.0.113.0/24."
        free
        options={[]}
        chosen={when.source ?? []}
        onChange={(list) => set('source', list)}
      />
    </fieldset>
  );
}

function withWho(policy: PolicyDocument, effect: Effect, who: ReturnType<typeof whoOf>): PolicyDocument {
  const { name, allow: _a, deny: _d, require: _r, ...rest } = policy;
  return { name, [effect]: who, ...rest };
}

function withList<T extends object>(of: T, key: keyof T, list: readonly string[]): T {
  const { [key]: _, ...rest } = of;
  return (list.length === 0 ? rest : { ...rest, [key]: list }) as T;
}
