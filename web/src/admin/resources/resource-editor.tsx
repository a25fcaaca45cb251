/** A resource as a form: where it is, how it is reached, who may know of it. */
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import { Choices } from '../../ui/choices.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { More } from '../../ui/group.tsx';
import { EntryEditor, type Editing } from '../document/entry-editor.tsx';
import { keysOf } from '../document/keys-of.ts';
import { TestTarget } from './test-target.tsx';
import { WebFields } from './web-fields.tsx';

const visibilities = [
  { value: '', label: 'Those who are allowed, or lack only a condition' },
  { value: 'granted', label: 'Only those who may use it now' },
  { value: 'everyone', label: 'Everyone in the organisation' },
];
const recordTypes = ['SRV', 'MX', 'TXT'];
const usualPorts = ['tcp/22', 'tcp/80', 'tcp/443', 'tcp/3389', 'tcp/5432', 'tcp/3306', 'tcp/6379', 'udp/53'];

export function ResourceEditor({
  network,
  ...editing
}: Editing<'resources'> & {
  /** Where a new one is. */
  readonly network?: string | undefined;
}) {
  const { networks = [], resources = [], groups = [] } = editing.base.document;
  const tags = [...new Set(resources.flatMap((each) => each.tags ?? []))].toSorted();
  return (
    <EntryEditor
      list="resources"
      {...editing}
      fresh={{ name: '', network: network ?? networks[0]?.name ?? '', address: '', ports: [] }}
      nameHint="How people and policies call it, such as wiki."
    >
      {(entry, set) => {
        const key = keysOf(entry, set);
        return (
          <>
            <Select
              label="Network"
              options={networks.map(({ name }) => ({ value: name, label: name }))}
              {...key.needed('network')}
            />
            <Field
              label="Address"
              mono
              placeholder="wiki.acme.internal"
              hint="As the connector resolves it: a name, a wildcard such as *.db.acme.internal, or an address or network (10.20.0.0/24) with an alias."
              {...key.needed('address')}
            />
            {isLiteral(entry.address) || entry.alias !== undefined ? (
              <Field
                label="Alias"
                mono
                placeholder="printer.acme.internal"
                hint="The name by which people reach an address; below it those of a network, such as 10-20-0-5.rack.acme.internal."
                {...key.text('alias')}
              />
            ) : undefined}
            <Choices
              label="Ports"
              hint="Such as tcp/443 or tcp/8000-8100."
              free
              options={usualPorts}
              {...key.list('ports')}
            />
            <TestTarget entry={entry} />
            <Choices
              label="Tags"
              hint="Policies may speak of a tag in the place of names."
              free
              options={tags}
              {...key.list('tags')}
            />
            <WebFields
              web={entry.web}
              groups={groups}
              suggested={originOf(entry)}
              onChange={(web) => {
                const { web: _, ...rest } = entry;
                set(web === undefined ? rest : { ...rest, web });
              }}
            />
            <More
              summary="Who may know of it, sign-in, locks and outages"
              open={rarer.some((each) => entry[each] !== undefined)}
            >
              <Select
                label="Who may know that it exists"
                options={visibilities}
                {...key.text('visibility')}
              />
              {(entry.address ?? '').startsWith('*.') || entry.within !== undefined ? (
                <Choices
                  label="The wildcard may lead to"
                  hint="Networks such as 10.20.0.0/16; the private ranges unless said."
                  free
                  {...key.list('within')}
                />
              ) : undefined}
              <Choices
                label="DNS records"
                hint="What programs may ask for through the connector beyond where it is; services such as _ldap._tcp lie below an exact name."
                options={recordTypes}
                {...key.list('dns')}
              />
              <div className="grid gap-4 sm:grid-cols-2">
                <Field
                  label="Signed in within"
                  placeholder="as long as the session"
                  hint="1m to 30d."
                  {...key.text('session')}
                />
                <Field
                  label="Locked when unused for"
                  placeholder="never"
                  hint="1d to 366d: then it has to be asked for."
                  {...key.text('lockUnused')}
                />
                <Field
                  label="Usable without the controller for"
                  placeholder="1h"
                  hint="0s to 8h."
                  {...key.text('outage')}
                />
              </div>
            </More>
          </>
        );
      }}
    </EntryEditor>
  );
}

const rarer = ['visibility', 'within', 'dns', 'session', 'lockUnused', 'outage'] as const;

/** Where its web application is, by its first port; an entry that is being written may lack both. */
function originOf({ address = '', ports = [] }: Partial<ResourceDocument>): string {
  const port = /^tcp\/(\d+)/.exec(ports[0] ?? '')?.[1] ?? '80';
  const host = address.includes(':') ? `[${address}]` : address;
  return `${port === '443' || port === '8443' ? 'https' : 'http'}://${host}:${port}`;
}

function isLiteral(address = ''): boolean {
  return /^[\d.]+(\/\d+)?$/.test(address) || address.includes(':');
}
