/** The first of the first steps: a network gets its connector by one copied line. */
import { useState, type SyntheticEvent } from 'react';
import { useMutation } from '@tanstack/react-query';
import { admin } from '../../api/admin.ts';
import { useMe } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Failed } from '../document/failed.tsx';
import { nameFor } from '../document/first-name.tsx';
import { withEntry } from '../document/shown-document.ts';
import { Connecting, useConnecting } from '../networks/connecting.tsx';
import { useChange } from './use-change.ts';

export function ConnectNetwork({
  organisation,
  first,
  connectors,
  onConnected,
}: {
  /** Its name; empty where nobody has named it yet. */
  readonly organisation: string;
  /** The network that is there already. */
  readonly first: string | undefined;
  readonly connectors: readonly string[];
  readonly onConnected: (network: string) => void;
}) {
  const [name, setName] = useState(first ?? 'office');
  const me = useMe();
  const [called, setCalled] = useState(() => organisation || nameFor(me.person.email));
  const [before] = useState(connectors);
  const add = useChange((document) => {
    const named = { ...document, organisation: document.organisation || called };
    const isThere = named.networks?.some((network) => network.name === name) === true;
    return isThere ? named : withEntry(named, 'networks', name, { name });
  });
  const make = useMutation({
    mutationFn: async () => {
      if (name !== first) await add.mutateAsync();
      return admin.makeKey({ purpose: 'connector', name });
    },
  });
  const { steps, connected } = useConnecting({ network: name, made: make.data, before });
  const go = (event: SyntheticEvent): void => {
    event.preventDefault();
    make.mutate();
  };
  if (make.data !== undefined) {
    return (
      <>
        <Connecting network={name} made={make.data} steps={steps} />
        <div className="flex flex-wrap items-center gap-3">
          <Button disabled={!connected} onClick={() => onConnected(name)}>
            Go on
          </Button>
          <span className="text-small text-quiet">
            {connected ? `${name} is connected.` : 'Goes on once the connector answers.'}
          </span>
        </div>
      </>
    );
  }
  return (
    <form onSubmit={go} className="grid gap-4">
      {organisation === '' ? (
        <Field
          label="Name of the organisation"
          hint="Small letters, digits and hyphens, such as acme."
          className="max-w-sm"
          required
          value={called}
          onChange={(event) => setCalled(event.target.value.toLowerCase())}
        />
      ) : undefined}
      <Field
        label="Name of the network"
        hint="Small letters, digits and hyphens, such as office or prod-vpc."
        className="max-w-sm"
        required
        value={name}
        onChange={(event) => setName(event.target.value.toLowerCase())}
      />
      {make.error === null ? undefined : <Failed error={make.error} />}
      <div>
        <Button type="submit" busy={make.isPending} disabled={name === '' || called === ''}>
          Make the line
        </Button>
      </div>
    </form>
  );
}
