/** Identity providers: where people sign in with the accounts they have. */
import { Link } from '@tanstack/react-router';
import { ExternalLink } from 'lucide-react';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Badge } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Entry } from '../../ui/entry-list.tsx';
import { EntryPanel } from '../../ui/entry-panel.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { EntryButtons } from '../document/entry-buttons.tsx';
import { useEditor } from '../document/use-editor.tsx';
import { ProviderEditor } from './provider-editor.tsx';
import type { ListField } from '../../ui/use-found.ts';

export function Providers({ base }: { readonly base: DocumentInForce }) {
  const mayWrite = useMay()('document.write-sign-in');
  const [{ add }, change] = useListSearch();
  const [form, edit] = useEditor(ProviderEditor, base);
  return (
    <>
      <EntryPanel
        title="Identity providers"
        add={
          mayWrite ? (
            <AddButton small onClick={() => change({ add: 'provider' })}>
              Add a provider
            </AddButton>
          ) : undefined
        }
        name="providers"
        fields={fields}
        entries={base.document.identityProviders ?? []}
        empty={{
          title: 'Nobody can sign in by a provider yet',
          text: 'Any OpenID Connect provider will do. It needs the redirect address that the form shows.',
        }}
      >
        {(provider) => (
          <Entry
            key={provider.name}
            name={<Foreign text={provider.name} limit={63} />}
            note={<Foreign text={provider.issuer} limit={120} className="font-mono text-note" />}
            aside={
              <>
                {provider.directory === undefined ? undefined : <Badge tone="plain">Directory</Badge>}
                <span>
                  {provider.groupsClaim === undefined ? 'no groups' : `groups from ${provider.groupsClaim}`}
                </span>
              </>
            }
            actions={
              mayWrite ? (
                <>
                  <Link
                    to="/admin/sign-in-trial"
                    search={{ provider: provider.name }}
                    target="_blank"
                    rel="noopener"
                    className={buttonClass('quiet', undefined, true)}
                  >
                    Try it
                    <span className="sr-only"> with {provider.name}, in a new tab</span>
                    <ExternalLink className="size-3.5" aria-hidden="true" />
                  </Link>
                  <EntryButtons
                    list="identityProviders"
                    name={provider.name}
                    base={base}
                    onChange={() => edit(provider)}
                  />
                </>
              ) : undefined
            }
          />
        )}
      </EntryPanel>
      {form}
      {mayWrite && add === 'provider' ? (
        <ProviderEditor base={base} onClose={() => change({ add: undefined })} />
      ) : undefined}
    </>
  );
}

type Provider = NonNullable<DocumentInForce['document']['identityProviders']>[number];

const fields: readonly ListField<Provider>[] = [
  { id: 'name', head: 'Name', value: ({ name }) => name },
  { id: 'issuer', head: 'Issuer', value: ({ issuer }) => issuer },
  { id: 'groups', head: 'Groups from', value: ({ groupsClaim = '' }) => groupsClaim },
  { id: 'directory', head: 'Directory', value: ({ directory }) => directory !== undefined },
];
