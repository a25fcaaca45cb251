/** An identity provider as a form, with the address to enter there, and its directory. */
import { useState } from 'react';
import type { DirectoryDocument } from '../../../../protocol/organisation-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Choices } from '../../ui/choices.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Check, Field, Select, TextArea } from '../../ui/field.tsx';
import { Group, More } from '../../ui/group.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { NameField } from '../document/name-field.tsx';
import type { ShownProvider } from '../document/shown-document.ts';
import { withKey } from '../document/with-key.ts';
import { SecretField } from './secret-field.tsx';

export function ProviderEditor({
  base,
  existing,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly existing: ShownProvider | undefined;
  readonly onClose: () => void;
}) {
  const [initial] = useState<ShownProvider>(
    existing ?? { name: '', issuer: 'https://', clientId: 'postern' },
  );
  return (
    <EntryEditor
      list="identityProviders"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(entry, set) => (
        <>
          <NameField
            entry={entry}
            set={set}
            isNew={existing === undefined}
            placeholder="corp"
            hint="People read it on the sign-in page."
          />
          <Field
            label="Issuer"
            mono
            value={entry.issuer}
            onChange={(event) => set({ ...entry, issuer: event.target.value.trim() })}
          />
          <div>
            <p className="mb-1 text-small font-medium">Redirect address to enter there</p>
            <CodeBlock
              what="The redirect address"
              text={`${location.origin}/oidc/${entry.name || 'NAME'}/callback`}
            />
          </div>
          <Field
            label="Client id"
            mono
            value={entry.clientId}
            onChange={(event) => set({ ...entry, clientId: event.target.value.trim() })}
          />
          <SecretField
            label="Client secret"
            hint="The provider shows it where the client is made."
            isNew={existing === undefined}
            drawn={false}
            value={entry.clientSecret}
            onChange={(secret) => set(withKey(entry, 'clientSecret', secret))}
          />
          <Field
            label="Claim with the groups"
            placeholder="groups"
            hint="Only groups that are declared here count; the others are ignored."
            value={entry.groupsClaim ?? ''}
            onChange={(event) => set(withKey(entry, 'groupsClaim', event.target.value.trim()))}
          />
          <Group legend="Directory (SCIM 2.0)">
            <Check
              label="Its directory tells of people and groups"
              hint="People lose what they have as soon as the directory says that they left. It comes in by a token, made after saving."
              checked={entry.directory !== undefined}
              onChange={(event) => {
                const { directory: _, ...rest } = entry;
                set(event.target.checked ? { ...rest, directory: {} } : rest);
              }}
            />
            {entry.directory === undefined ? undefined : (
              <DirectoryFields
                directory={entry.directory}
                onChange={(directory) => set({ ...entry, directory })}
              />
            )}
          </Group>
          <More
            summary="Context classes and its own authority"
            open={entry.acrValues !== undefined || entry.ca !== undefined}
          >
            <Choices
              label="Context classes every sign-in asks for"
              hint="acr_values, the wanted one first."
              free
              options={[]}
              chosen={entry.acrValues ?? []}
              onChange={(list) => set(withKey(entry, 'acrValues', list))}
            />
            <TextArea
              label="Its own authority"
              hint="A certificate as PEM, where no public authority knows it."
              rows={3}
              value={entry.ca ?? ''}
              onChange={(event) => set(withKey(entry, 'ca', event.target.value))}
            />
          </More>
        </>
      )}
    />
  );
}

const joins = [
  { value: '', label: 'The verified e-mail address' },
  { value: 'externalId', label: 'The subject and externalId' },
  { value: 'userName', label: 'The subject and userName' },
];

function DirectoryFields({
  directory,
  onChange,
}: {
  readonly directory: DirectoryDocument;
  readonly onChange: (directory: DirectoryDocument) => void;
}) {
  return (
    <>
      <Select
        label="Who is who"
        hint="What is equal in the directory and at a sign-in."
        value={directory.join === 'email' ? '' : (directory.join ?? '')}
        options={joins}
        onChange={(event) =>
          onChange(withKey(directory, 'join', event.target.value as 'externalId' | 'userName' | ''))
        }
      />
      <Check
        label="Only those may sign in whom the directory tells of"
        checked={directory.required === true}
        onChange={(event) => onChange(withKey(directory, 'required', event.target.checked ? true : ''))}
      />
      <Field
        label="It stops and asks at"
        type="number"
        min={1}
        max={100}
        hint="Percent of its people who would lose something within an hour; 20 unless said, and never fewer than five people."
        value={directory.stopAt ?? ''}
        onChange={(event) => {
          const share = event.target.valueAsNumber;
          onChange(withKey(directory, 'stopAt', Number.isInteger(share) ? share : ''));
        }}
      />
    </>
  );
}
