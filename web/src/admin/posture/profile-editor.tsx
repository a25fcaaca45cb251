/** A posture profile as a form: what each system has to be like, who else has to agree, and how fresh that has to be. */
import { Choices } from '../../ui/choices.tsx';
import { Field } from '../../ui/field.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';
import { DryRunButton } from './dry-run.tsx';
import { SystemFields, systems } from './system-fields.tsx';

export function ProfileEditor(editing: Editing<'postureProfiles'>) {
  const sources = (editing.base.document.postureSources ?? []).map(({ name }) => name);
  return (
    <EntryEditor
      list="postureProfiles"
      {...editing}
      fresh={{ name: '', linux: { diskEncryption: true } }}
      nameExample="healthy"
    >
      {(profile, set) => {
        const key = keysOf(profile, set);
        return (
          <>
            {systems.map((system) => (
              <SystemFields
                key={system.key}
                system={system}
                asked={profile[system.key]}
                onChange={(asked) => {
                  const { [system.key]: _, ...rest } = profile;
                  set(asked === undefined ? rest : { ...profile, [system.key]: asked });
                }}
              />
            ))}
            {sources.length === 0 && profile.verdicts === undefined ? undefined : (
              <Choices
                label="Called compliant by"
                hint="Each of these sources has to say so."
                options={sources}
                {...key.list('verdicts')}
              />
            )}
            <Field
              label="What a device told counts for"
              placeholder="5m"
              hint="Older counts as not known."
              {...key.text('freshness')}
            />
            <DryRunButton profile={profile} />
          </>
        );
      }}
    </EntryEditor>
  );
}
