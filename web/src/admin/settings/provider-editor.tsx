/** An identity provider as a form, with the address to enter there, and its directory. */
import type { DirectoryDocument } from '../../../../protocol/organisation-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Check, Field, Select } from '../../ui/field.tsx';
import { Group, More } from '../../ui/group.tsx';
import { AuthorityField } from '../document/authority-field.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';
import { withKey } from '../document/with-key.ts';
import { SecretField } from './secret-field.tsx';

export function ProviderEditor(editing: Editing<'identityProviders'>) {
  return (
    <EntryEditor
      list="identityProviders"
      {...editing}
      fresh={{ name: '', issuer: 'https://', clientId: 'postern' }}
      nameExample="corp"
      nameHint="People read it on the sign-in page."
    >
      {(entry, set) => {
        const key = keysOf(entry, set);
        return (
          <>
            <Field label="Issuer" mono {...key.needed('issuer')} />
            <div>
              <p className="mb-1 text-small font-medium">Redirect address to enter there</p>
              <CodeBlock
                what="The redirect address"
                text={`${location.origin}/oidc/${entry.name || 'NAME'}/callback`}
              />
            </div>
            <Field label="Client id" mono {...key.needed('clientId')} />
            <SecretField
              label="Client secret"
              hint="The provider shows it where the client is made."
              isNew={editing.existing === undefined}
              drawn={false}
              value={entry.clientSecret}
              onChange={(secret) => set(withKey(entry, 'clientSecret', secret))}
            />
            <Field
              label="Claim with the groups"
              placeholder="groups"
              hint="Only groups that are declared here count; the others are ignored."
              {...key.text('groupsClaim')}
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
                {...key.list('acrValues')}
              />
              <AuthorityField {...key.lines('ca')} />
            </More>
          </>
        );
      }}
    </EntryEditor>
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
  const key = keysOf(directory, onChange);
  return (
    <>
      <Select
        label="Who is who"
        hint="What is equal in the directory and at a sign-in."
        options={joins}
        {...key.text('join')}
        value={directory.join === 'email' ? '' : (directory.join ?? '')}
      />
      <Check label="Only those may sign in whom the directory tells of" {...key.flag('required')} />
      <Field
        label="It stops and asks at"
        type="number"
        min={1}
        max={100}
        hint="Percent of its people who would lose something within an hour. Left empty: 20, or five people where that is more."
        value={directory.stopAt ?? ''}
        onChange={(event) => {
          const share = event.target.valueAsNumber;
          onChange(withKey(directory, 'stopAt', Number.isInteger(share) ? share : ''));
        }}
      />
    </>
  );
}
