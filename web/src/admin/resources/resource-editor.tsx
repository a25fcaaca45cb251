/** A resource as a form: where it is, how it is reached, who may know of it. */
import { useState } from 'react';
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { Choices } from '../../ui/choices.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { More } from '../../ui/group.tsx';
import { EntryEditor } from '../document/entry-editor.tsx';
import { TestTarget } from './test-target.tsx';
import { NameField } from '../document/name-field.tsx';
import { withKey } from '../document/with-key.ts';
import { WebFields } from './web-fields.tsx';

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
          <NameField
            entry={entry}
            set={set}
            isNew={existing === undefined}
            hint="How people and policies call it, such as wiki."
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
              onChange={(event) => set(withKey(entry, 'alias', event.target.value.trim()))}
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
          <TestTarget entry={entry} />
          <Choices
            label="Tags"
            hint="Policies may speak of a tag in the place of names."
            free
            options={tags}
            chosen={entry.tags ?? []}
            onChange={(list) => set({ ...entry, tags: list })}
          />
          <WebFields
            web={entry.web}
            groups={base.document.groups ?? []}
            suggested={originOf(entry)}
            onChange={(web) => {
              const { web: _, ...rest } = entry;
              set(web === undefined ? rest : { ...rest, web });
            }}
          />
          <More
            summary="Who may know of it, sign-in, locks and outages"
            open={rarer.some((key) => entry[key] !== undefined)}
          >
            <Select
              label="Who may know that it exists"
              value={entry.visibility ?? ''}
              options={visibilities}
              onChange={(event) =>
                set(withKey(entry, 'visibility', event.target.value as 'granted' | 'everyone' | ''))
              }
            />
            {(entry.address ?? '').startsWith('*.') || entry.within !== undefined ? (
              <Choices
                label="The wildcard may lead to"
                hint="Networks such as 10.20.0.0/16; the private ranges unless said."
                free
                options={[]}
                chosen={entry.within ?? []}
                onChange={(list) => set(withKey(entry, 'within', list))}
              />
            ) : undefined}
            <div className="grid gap-4 sm:grid-cols-2">
              <Field
                label="Signed in within"
                placeholder="as long as the session"
                hint="1m to 30d."
                value={entry.session ?? ''}
                onChange={(event) => set(withKey(entry, 'session', event.target.value.trim()))}
              />
              <Field
                label="Locked when unused for"
                placeholder="never"
                hint="1d to 366d: then it has to be asked for."
                value={entry.lockUnused ?? ''}
                onChange={(event) => set(withKey(entry, 'lockUnused', event.target.value.trim()))}
              />
              <Field
                label="Usable without the controller for"
                placeholder="1h"
                hint="0s to 8h."
                value={entry.outage ?? ''}
                onChange={(event) => set(withKey(entry, 'outage', event.target.value.trim()))}
              />
            </div>
          </More>
        </>
      )}
    />
  );
}

const rarer = ['visibility', 'within', 'session', 'lockUnused', 'outage'] as const;

/** Where its web application is, by its first port; an entry that is being written may lack both. */
function originOf({ address = '', ports = [] }: Partial<ResourceDocument>): string {
  const port = /^tcp\/(\d+)/.exec(ports[0] ?? '')?.[1] ?? '80';
  const host = address.includes(':') ? `[${address}]` : address;
  return `${port === '443' || port === '8443' ? 'https' : 'http'}://${host}:${port}`;
}

function isLiteral(address = ''): boolean {
  return /^[\d.]+(\/\d+)?$/.test(address) || address.includes(':');
}
