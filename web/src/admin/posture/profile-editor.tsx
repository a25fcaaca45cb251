/** A posture profile as a form: what each system has to be like. What is rarer stands in its YAML. */
import { useState } from 'react';
import type { PostureProfileDocument } from '../../../../protocol/posture-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Check, Field } from '../../ui/field.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { DryRunButton } from './dry-run.tsx';

const systems = [
  { key: 'linux', label: 'Linux', version: '5.10' },
  { key: 'macos', label: 'macOS', version: '14' },
  { key: 'windows', label: 'Windows', version: '10.0.19045' },
] as const;
const checks = [
  { key: 'diskEncryption', label: 'The disk is encrypted' },
  { key: 'firewall', label: 'A firewall runs' },
  { key: 'screenLock', label: 'The screen locks' },
  { key: 'antivirus', label: 'An antivirus runs' },
  { key: 'secureBoot', label: 'Secure boot is on' },
  { key: 'automaticUpdates', label: 'Updates install by themselves' },
] as const;

type System = (typeof systems)[number]['key'];

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
  return (
    <EntryEditor
      list="postureProfiles"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(profile, set) => (
        <>
          <Field
            label="Name"
            placeholder="healthy"
            value={profile.name}
            disabled={existing !== undefined}
            onChange={(event) => set({ ...profile, name: event.target.value.toLowerCase() })}
          />
          {systems.map(({ key, label, version }) => (
            <fieldset key={key} className="grid gap-2.5 rounded-control border border-line px-4 pt-2 pb-4">
              <legend className="px-1 text-small font-semibold text-quiet">{label}</legend>
              <Check
                label={`Devices with ${label} may meet it`}
                checked={profile[key] !== undefined}
                onChange={(event) => {
                  const { [key]: _, ...rest } = profile;
                  set(event.target.checked ? { ...rest, [key]: {} } : rest);
                }}
              />
              {profile[key] === undefined ? undefined : (
                <>
                  {checks.map((check) => (
                    <Check
                      key={check.key}
                      label={check.label}
                      checked={profile[key]?.[check.key] !== undefined}
                      onChange={(event) =>
                        set(withCheck(profile, key, check.key, event.target.checked ? true : undefined))
                      }
                    />
                  ))}
                  <Field
                    label="At least the version"
                    placeholder={version}
                    value={profile[key]?.minVersion ?? ''}
                    onChange={(event) =>
                      set(withCheck(profile, key, 'minVersion', event.target.value.trim() || undefined))
                    }
                  />
                </>
              )}
            </fieldset>
          ))}
          <DryRunButton profile={profile} />
        </>
      )}
    />
  );
}

function withCheck(
  profile: PostureProfileDocument,
  system: System,
  key: string,
  value: string | true | undefined,
): PostureProfileDocument {
  const { [key]: _, ...rest } = (profile[system] ?? {}) as Record<string, unknown>;
  return { ...profile, [system]: value === undefined ? rest : { ...rest, [key]: value } };
}
