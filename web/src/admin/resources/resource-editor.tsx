/** A resource as a form: where it is, how it is reached, who may know of it. */
import { useState } from 'react';
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Choices } from '../../ui/choices.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';

const visibilities = [
  { value: '', label: 'Those who are allowed, or lack only a condition' },
  { value: 'granted', label: 'Only those who may use it now' },
  { value: 'everyone', label: 'Everyone in the organisation' },
];
const usualPorts = ['tcp/22', 'tcp/80', 'tcp/443', 'tcp/3389', 'tcp/5432', 'tcp/3306', 'tcp/6379', 'udp/53'];

export function ResourceEditor({
  base,
  existing,
  network,
  onClose,
}: {
  readonly base: DocumentInForce;
  readonly existing?: ResourceDocument;
  readonly network?: string | undefined;
  readonly onClose: () => void;
}) {
  const { networks = [], resources = [] } = base.document;
  const [initial] = useState<ResourceDocument>(
    existing ?? { name: '', network: network ?? networks[0]?.name ?? '', address: '', ports: [] },
  );
  const tags = [...new Set(resources.flatMap((each) => each.tags ?? []))].toSorted();
  return (
    <EntryEditor
      list="resources"
      name={existing?.name}
      initial={initial}
      base={base}
      onClose={onClose}
      renderForm={(entry, set) => (
        <>
          <Field
            label="Name"
            hint={
              existing === undefined
                ? 'How people and policies call it, such as wiki.'
                : 'A name stays, since policies use it.'
            }
            value={entry.name}
            disabled={existing !== undefined}
            onChange={(event) => set({ ...entry, name: event.target.value.toLowerCase() })}
          />
          <Select
            label="Network"
            value={entry.network}
            onChange={(event) => set({ ...entry, network: event.target.value })}
            options={networks.map(({ name }) => ({ value: name, label: name }))}
          />
          <Field
            label="Address"
            mono
            placeholder="wiki.acme.internal"
            hint="As the connector resolves it: a name, a wildcard such as *.db.acme.internal, or an address or network (10.20.0.0/24) with an alias."
            value={entry.address ?? ''}
            onChange={(event) => set({ ...entry, address: event.target.value.trim() })}
          />
          {isLiteral(entry.address) || entry.alias !== undefined ? (
            <Field
              label="Alias"
              mono
              placeholder="printer.acme.internal"
              hint="The name by which people reach an address; below it those of a network, such as 10-20-0-5.rack.acme.internal."
              value={entry.alias ?? ''}
              onChange={(event) => set(withAlias(entry, event.target.value.trim()))}
            />
          ) : undefined}
          <Choices
            label="Ports"
            hint="Such as tcp/443 or tcp/8000-8100."
            free
            options={usualPorts}
            chosen={entry.ports ?? []}
            onChange={(ports) => set({ ...entry, ports })}
          />
          <Choices
            label="Tags"
            hint="Policies may speak of a tag in the place of names."
            free
            options={tags}
            chosen={entry.tags ?? []}
            onChange={(list) => set({ ...entry, tags: list })}
          />
          <Select
            label="Who may know that it exists"
            value={entry.visibility ?? ''}
            options={visibilities}
            onChange={(event) => {
              const { visibility: _, ...rest } = entry;
              const { value } = event.target;
              set(value === 'granted' || value === 'everyone' ? { ...rest, visibility: value } : rest);
            }}
          />
        </>
      )}
    />
  );
}

function isLiteral(address = ''): boolean {
  return /^[\d.]+(\/\d+)?$/.test(address) || address.includes(':');
}

function withAlias(entry: ResourceDocument, alias: string): ResourceDocument {
  const { alias: _, ...rest } = entry;
  return alias === '' ? rest : { ...rest, alias };
}
