/** Makes a service token: which program it speaks for, which resource it opens; its secret is shown once. */
import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { allPassesQuery } from '../../admin-queries.ts';
import { admin, type DocumentInForce } from '../../api/admin.ts';
import { Field, Select } from '../../ui/field.tsx';
import { MakeDialog } from '../../ui/make-dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ShownOnce } from '../../ui/shown-once.tsx';

export function MakePass({
  base,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const accounts = (base.document.serviceAccounts ?? []).map(({ name }) => name);
  const resources = (base.document.resources ?? [])
    .filter(({ web }) => web !== undefined)
    .map(({ name }) => name);
  const [serviceAccount, setAccount] = useState(accounts[0] ?? '');
  const [resource, setResource] = useState(resources[0] ?? '');
  const [name, setName] = useState('');
  const [expires, setExpires] = useState('90d');
  const send = () =>
    admin.makePass({
      name: name === '' ? serviceAccount : name,
      resource,
      serviceAccount,
      ...(expires === '' ? {} : { expires }),
    });
  const make = useMutation({
    mutationFn: send,
    onSuccess: () => queries.invalidateQueries({ queryKey: allPassesQuery.queryKey }),
  });
  const lacking =
    accounts.length === 0
      ? 'Add a service account first: a token speaks for one.'
      : resources.length === 0
        ? 'No resource has a public hostname yet: a token opens one.'
        : undefined;
  return (
    <MakeDialog
      title="Make a service token"
      lead="By it a program comes to a public hostname without a browser, as far as policies let its account."
      work={make}
      yes="Make the token"
      incomplete={lacking !== undefined}
      refused="The token could not be made"
      code={send}
      onClose={onClose}
      form={
        lacking === undefined ? (
          <>
            <Select
              label="For the service account"
              value={serviceAccount}
              options={accounts.map((each) => ({ value: each, label: each }))}
              onChange={(event) => setAccount(event.target.value)}
            />
            <Select
              label="Opens the resource"
              value={resource}
              options={resources.map((each) => ({ value: each, label: each }))}
              onChange={(event) => setResource(event.target.value)}
            />
            <Field
              label="What it is for"
              placeholder={serviceAccount}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Field
              label="Ends after"
              hint="Such as 90d; empty: never by itself."
              value={expires}
              onChange={(event) => setExpires(event.target.value.trim())}
            />
          </>
        ) : (
          <Notice title={lacking} />
        )
      }
    >
      {({ id, secret }) => (
        <ShownOnce what="The headers" text={`Postern-Client-Id: ${id}\nPostern-Client-Secret: ${secret}`}>
          {`Send both with every request. Whoever has them comes in as ${serviceAccount}.`}
        </ShownOnce>
      )}
    </MakeDialog>
  );
}
