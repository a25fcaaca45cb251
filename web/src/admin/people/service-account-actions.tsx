/** What can be done to a service account: a key for it, another entry in the document, or none. */
import { useState } from 'react';
import { useNavigate } from '@tanstack/react-router';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { useRemoval } from '../document/use-removal.tsx';
import { MakeKey } from '../settings/make-key.tsx';
import { useDocument } from '../use-document.ts';
import { ServiceAccountEditor } from './service-account-editor.tsx';

export function ServiceAccountActions({ name }: { readonly name: string }) {
  const may = useMay();
  const navigate = useNavigate();
  const { data: base } = useDocument();
  const [open, setOpen] = useState<'edit' | 'key'>();
  const [review, remove] = useRemoval();
  const declared = base?.document.serviceAccounts?.find((each) => each.name === name);
  const close = (): void => setOpen(undefined);
  return (
    <>
      {may('document.write-access') && base !== undefined && declared !== undefined ? (
        <>
          <Button
            tone="secondary"
            onClick={() =>
              remove({
                list: 'serviceAccounts',
                name,
                base,
                onSaved: () => void navigate({ to: '/admin/people', search: { tab: 'service-accounts' } }),
              })
            }
          >
            Remove
          </Button>
          <Button tone="secondary" onClick={() => setOpen('edit')}>
            Change
          </Button>
        </>
      ) : undefined}
      {may('keys.write-services') ? <Button onClick={() => setOpen('key')}>Make a key</Button> : undefined}
      {open === 'edit' && base !== undefined && declared !== undefined ? (
        <ServiceAccountEditor base={base} existing={declared} onClose={close} />
      ) : undefined}
      {open === 'key' ? <MakeKey name={name} onClose={close} /> : undefined}
      {review}
    </>
  );
}
