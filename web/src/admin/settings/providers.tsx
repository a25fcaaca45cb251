/** Identity providers: where people sign in with the accounts they have. */
import { useState } from 'react';
import { Link } from '@tanstack/react-router';
import { ExternalLink, Plus } from 'lucide-react';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Entry, EntryList } from '../../ui/entry-list.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { withEntry, type ShownProvider } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { ProviderEditor } from './provider-editor.tsx';

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
          <EntryList label="Identity providers">
            {providers.map((provider) => (
              <Entry
                key={provider.name}
                name={<Foreign text={provider.name} limit={63} />}
                note={<Foreign text={provider.issuer} limit={120} className="font-mono text-note" />}
                aside={
                  <>
                    {provider.directory === undefined ? undefined : <Badge tone="plain">Directory</Badge>}
                    <span>
                      {provider.groupsClaim === undefined
                        ? 'no groups'
                        : `groups from ${provider.groupsClaim}`}
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
                    </>
                  ) : undefined
                }
              />
            ))}
          </EntryList>
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
