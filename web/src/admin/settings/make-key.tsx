/** Makes an enrolment key for a connector, a relay or a service account, and shows its text once. */
import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { admin } from '../../api/admin.ts';
import type { KeyEntry } from '../../../../protocol/inventory.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Field } from '../../ui/field.tsx';
import { MakeDialog } from '../../ui/make-dialog.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';

const lines: Readonly<Record<KeyEntry['purpose'], (key: string) => string>> = {
  connector: (key) => `postern connector --key ${key} --state /var/lib/postern`,
  relay: (key) =>
    `postern relay --listen 0.0.0.0:8444 --public-url https://RELAY:8444 --controller ${location.origin} --key ${key} --state /var/lib/postern`,
  service: (key) => `postern up --key ${key} --state /var/lib/postern`,
};

export function MakeKey({
  purpose,
  name,
  onClose,
}: {
  readonly purpose: KeyEntry['purpose'];
  readonly name: string;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const [expires, setExpires] = useState(purpose === 'service' ? '' : '24h');
  const make = useMutation({
    mutationFn: () => admin.makeKey({ purpose, name, ...(expires === '' ? {} : { expires }) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['admin', 'keys'] }),
  });
  return (
    <MakeDialog
      title={`A key for ${name}`}
      work={make}
      yes="Make the key"
      refused="The key could not be made"
      onClose={onClose}
      form={
        <Field
          label="Ends after"
          hint={purpose === 'service' ? 'Such as 90d; empty: never by itself.' : 'Such as 24h.'}
          value={expires}
          onChange={(event) => setExpires(event.target.value.trim())}
        />
      }
    >
      {({ key }) => (
        <>
          <ShownOnce what="The key" text={key}>
            {`Whoever has this key can join as ${name}.`}
          </ShownOnce>
          <CodeBlock what="The line to run" text={lines[purpose](key)} />
        </>
      )}
    </MakeDialog>
  );
}
