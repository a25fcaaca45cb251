/** A webhook as a form: where it is, what its requests are signed with, and whether it decides. */
import { useState } from 'react';
import type { DocumentInForce } from '../../api/admin.ts';
import { Check, Field, TextArea } from '../../ui/field.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { NameField } from '../document/name-field.tsx';
import type { ShownWebhook } from '../document/shown-document.ts';
import { withKey } from '../document/with-key.ts';
import { SecretField } from './secret-field.tsx';

export function WebhookEditor({
  base,
  existing,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly existing: ShownWebhook | undefined;
  readonly onClose: () => void;
}) {
  const [initial] = useState<ShownWebhook>(existing ?? { name: '', url: 'https://' });
  return (
    <EntryEditor
      list="webhooks"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(entry, set) => (
        <>
          <NameField entry={entry} set={set} isNew={existing === undefined} placeholder="chat" />
          <Field
            label="Address"
            mono
            placeholder="https://chat.acme.example/hook"
            value={entry.url}
            onChange={(event) => set({ ...entry, url: event.target.value.trim() })}
          />
          <SecretField
            label="Secret"
            hint="Signs every request, in both directions: the other side needs it too. At least 16 characters."
            isNew={existing === undefined}
            value={entry.secret}
            onChange={(secret) => set(withKey(entry, 'secret', secret))}
          />
          <Check
            label="What it sends back decides on requests"
            hint="In the name of an approver whom it names by their e-mail address."
            checked={entry.decides === true}
            onChange={(event) => set(withKey(entry, 'decides', event.target.checked ? true : ''))}
          />
          <TextArea
            label="Its own authority"
            hint="A certificate as PEM, where no public authority knows it."
            rows={3}
            value={entry.ca ?? ''}
            onChange={(event) => set(withKey(entry, 'ca', event.target.value))}
          />
        </>
      )}
    />
  );
}
