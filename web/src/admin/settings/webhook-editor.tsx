/** A webhook as a form: where it is, what its requests are signed with, and whether it decides. */
import { Check, Field } from '../../ui/field.tsx';
import { AuthorityField } from '../document/authority-field.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';
import { withKey } from '../document/with-key.ts';
import { SecretField } from './secret-field.tsx';

export function WebhookEditor(editing: Editing<'webhooks'>) {
  return (
    <EntryEditor list="webhooks" {...editing} fresh={{ name: '', url: 'https://' }} nameExample="chat">
      {(entry, set) => {
        const key = keysOf(entry, set);
        return (
          <>
            <Field label="Address" mono placeholder="https://chat.acme.example/hook" {...key.needed('url')} />
            <SecretField
              label="Secret"
              hint="Signs every request, in both directions: the other side needs it too. At least 16 characters."
              isNew={editing.existing === undefined}
              value={entry.secret}
              onChange={(secret) => set(withKey(entry, 'secret', secret))}
            />
            <Check
              label="What it sends back decides on requests"
              hint="In the name of an approver whom it names by their e-mail address."
              {...key.flag('decides')}
            />
            <AuthorityField {...key.lines('ca')} />
          </>
        );
      }}
    </EntryEditor>
  );
}
