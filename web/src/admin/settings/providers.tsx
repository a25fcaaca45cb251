/** Identity providers: where people sign in with the accounts they have. */
import { useState } from 'react';
import { Plus } from 'lucide-react';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Field } from '../../ui/field.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { EntryEditor } from '../document/entry-editor.tsx';
import { withEntry, type ShownProvider } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';

export function Providers({ base }: { readonly base: DocumentInForce }) {
  const may = useMay();
  const [{ add }, change] = useListSearch();
  const [editing, setEditing] = useState<ShownProvider>();
  const [review, propose] = useReview();
  const providers = base.document.identityProviders ?? [];
  const mayWrite = may('document.write-sign-in');
  const addOne = mayWrite ? (
    <Button small onClick={() => change({ add: 'provider' })}>
      <Plus className="size-4" aria-hidden="true" />
      Add a provider
    </Button>
  ) : undefined;
  return (
    <>
      {providers.length === 0 ? (
        <EmptyState title="Nobody can sign in by a provider yet">
          <p>Any OpenID Connect provider will do. It needs the redirect address that the form shows.</p>
          {addOne}
        </EmptyState>
      ) : (
        <Panel title="Identity providers" aside={addOne}>
          <ul className="divide-y divide-line">
            {providers.map((provider) => (
              <li key={provider.name} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
                <div className="min-w-0 flex-1 basis-60">
                  <Foreign text={provider.name} limit={63} className="font-medium" />
                  <Foreign
                    text={provider.issuer}
                    limit={120}
                    className="block font-mono text-note text-quiet"
                  />
                </div>
                <span className="text-small text-quiet">
                  {provider.groupsClaim === undefined ? 'no groups' : `groups from ${provider.groupsClaim}`}
                </span>
                {mayWrite ? (
                  <span className="flex gap-1">
                    <Button small tone="quiet" onClick={() => setEditing(provider)}>
                      Change<span className="sr-only"> {provider.name}</span>
                    </Button>
                    <Button
                      small
                      tone="quiet"
                      onClick={() =>
                        propose({
                          title: `Remove the identity provider ${provider.name}`,
                          base,
                          next: withEntry(base.document, 'identityProviders', provider.name, undefined),
                        })
                      }
                    >
                      Remove<span className="sr-only"> {provider.name}</span>
                    </Button>
                  </span>
                ) : undefined}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {mayWrite && (add === 'provider' || editing !== undefined) ? (
        <ProviderEditor
          base={base}
          existing={editing}
          onClose={() => {
            setEditing(undefined);
            change({ add: undefined });
          }}
        />
      ) : undefined}
      {review}
    </>
  );
}

function ProviderEditor({
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
          <Field
            label="Name"
            hint="People read it on the sign-in page."
            placeholder="corp"
            value={entry.name}
            disabled={existing !== undefined}
            onChange={(event) => set({ ...entry, name: event.target.value.toLowerCase() })}
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
          <Field
            label="Client secret"
            type="password"
            autoComplete="new-password"
            hint={
              existing === undefined
                ? 'Kept sealed, and never shown again.'
                : 'Empty: the one in force stays.'
            }
            value={entry.clientSecret ?? ''}
            onChange={(event) => {
              const { clientSecret: _, ...rest } = entry;
              set(event.target.value === '' ? rest : { ...rest, clientSecret: event.target.value });
            }}
          />
          <Field
            label="Claim with the groups"
            placeholder="groups"
            value={entry.groupsClaim ?? ''}
            onChange={(event) => {
              const { groupsClaim: _, ...rest } = entry;
              set(event.target.value === '' ? rest : { ...rest, groupsClaim: event.target.value.trim() });
            }}
          />
        </>
      )}
    />
  );
}
