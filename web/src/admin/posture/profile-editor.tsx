/** A posture profile as a form: what each system has to be like, who else has to agree, and how fresh that has to be. */
import { useState } from 'react';
import type { PostureProfileDocument } from '../../../../protocol/posture-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Choices } from '../../ui/choices.tsx';
import { Field } from '../../ui/field.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { NameField } from '../document/name-field.tsx';
import { withKey } from '../document/with-key.ts';
import { DryRunButton } from './dry-run.tsx';
import { SystemFields, systems } from './system-fields.tsx';

export function ProfileEditor({
  base,
  existing,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly existing: PostureProfileDocument | undefined;
  readonly onClose: () => void;
}) {
  const [initial] = useState<PostureProfileDocument>(
    existing ?? { name: '', linux: { diskEncryption: true } },
  );
  const sources = (base.document.postureSources ?? []).map(({ name }) => name);
  return (
    <EntryEditor
      list="postureProfiles"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(profile, set) => (
        <>
          <NameField entry={profile} set={set} isNew={existing === undefined} placeholder="healthy" />
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
              chosen={profile.verdicts ?? []}
              onChange={(list) => set(withKey(profile, 'verdicts', list))}
            />
          )}
          <Field
            label="What a device told counts for"
            placeholder="5m"
            hint="Older counts as not known."
            value={profile.freshness ?? ''}
            onChange={(event) => set(withKey(profile, 'freshness', event.target.value.trim()))}
          />
          <DryRunButton profile={profile} />
        </>
      )}
    />
  );
}
