/** Makes an enrolment key for a service account, and shows its text once. */
import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { admin } from '../../api/admin.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Field } from '../../ui/field.tsx';
import { MakeDialog } from '../../ui/make-dialog.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';

export function MakeKey({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [expires, setExpires] = useState('');
  const send = () => admin.makeKey({ purpose: 'service', name, ...(expires === '' ? {} : { expires }) });
  const make = useMutation({
    mutationFn: send,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['admin', 'keys'] }),
  });
  return (
    <MakeDialog
      title={`A key for ${name}`}
      work={make}
      yes="Make the key"
      refused="The key could not be made"
      code={send}
      onClose={onClose}
      form={
        <Field
          label="Ends after"
          hint="Such as 90d; empty: never by itself."
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
          <CodeBlock what="The line to run" text={`postern up --key ${key} --state /var/lib/postern`} />
        </>
      )}
    </MakeDialog>
  );
}
