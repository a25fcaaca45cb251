/** Connects a network: which one, then one line to copy, and the steps of the connector as they happen. */
import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { connectorsQuery } from '../../admin-queries.ts';
import { admin, type DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { withEntry } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { Connecting, useConnecting, type MadeKey } from './connecting.tsx';

const another = '';

export function AddConnector({
  base,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly onClose: () => void;
}) {
  const may = useMay();
  const [{ network: asked }] = useListSearch();
  const names = (base.document.networks ?? []).map(({ name }) => name);
  const [chosen, setChosen] = useState(asked ?? names[0] ?? another);
  const [fresh, setFresh] = useState('');
  const [review, propose] = useReview();
  const known = useQuery(connectorsQuery);
  const make = useMutation({
    mutationFn: (name: string) => admin.makeKey({ purpose: 'connector', name }),
  });
  const go = (): void => {
    if (chosen !== another) {
      make.mutate(chosen);
      return;
    }
    const entry = { name: fresh };
    propose({
      title: `Add the network ${fresh}`,
      base,
      next: withEntry(base.document, 'networks', undefined, entry),
      fragment: { networks: [entry] },
      onSaved: () => {
        setChosen(fresh);
        make.mutate(fresh);
      },
    });
  };
  const mayAddNetwork = may('document.write-network');
  return (
    <Drawer
      title="Add a connector"
      lead="It runs on any machine inside the private network, and dials out. No port has to be opened."
      onClose={onClose}
      foot={
        make.data === undefined ? (
          <>
            <Button tone="secondary" onClick={onClose}>
              Cancel
            </Button>
            <Button busy={make.isPending} disabled={chosen === another && fresh === ''} onClick={go}>
              Make its key
            </Button>
          </>
        ) : undefined
      }
    >
      {make.data === undefined ? (
        <>
          {names.length === 0 ? undefined : (
            <Select
              label="Network"
              value={chosen}
              onChange={(event) => setChosen(event.target.value)}
              options={[
                ...names.map((name) => ({ value: name, label: name })),
                ...(mayAddNetwork ? [{ value: another, label: 'Another network …' }] : []),
              ]}
            />
          )}
          {chosen === another ? (
            <Field
              label="Name of the network"
              hint="Small letters, digits and hyphens, such as hq or prod-vpc."
              value={fresh}
              onChange={(event) => setFresh(event.target.value.toLowerCase())}
            />
          ) : undefined}
          {make.error === null ? undefined : (
            <Notice tone="bad" title="The key could not be made" live>
              {make.error.message}
            </Notice>
          )}
        </>
      ) : (
        <Started
          network={chosen}
          made={make.data}
          before={known.data?.map(({ id }) => id) ?? []}
          onClose={onClose}
        />
      )}
      {review}
    </Drawer>
  );
}

function Started({
  network,
  made,
  before,
  onClose,
}: {
  readonly network: string;
  readonly made: MadeKey;
  readonly before: readonly string[];
  readonly onClose: () => void;
}) {
  const [known] = useState(before);
  const { steps, connected } = useConnecting({ network, made, before: known });
  return (
    <>
      <Connecting network={network} made={made} steps={steps} />
      {connected ? (
        <Notice tone="good" title={`${network} is connected`} live>
          <p className="mb-3">Now add something in it that people may reach.</p>
          <Link
            to="/admin/resources"
            search={{ add: 'resource', network }}
            className={buttonClass('primary')}
            onClick={onClose}
          >
            Add a resource
          </Link>
        </Notice>
      ) : undefined}
    </>
  );
}
