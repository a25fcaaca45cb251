/** Public hostnames: which resource each opens, with which certificate, and what DNS says of it when it is asked. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { HostnameCheck, HostnameEntry } from '../../../../protocol/hostnames.ts';
import { hostnamesQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Instant } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded, Skeleton } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';

export function HostnamesPage() {
  const hostnames = useQuery(hostnamesQuery);
  const [asked, setAsked] = useState<string>();
  return (
    <Page
      title="Public hostnames"
      lead="Names under which people open an application in any browser, with sign-in in front of it."
    >
      <Loaded what="The hostnames" query={hostnames}>
        {(rows) => (
          <DataTable
            name="hostnames"
            rows={rows}
            columns={columns}
            keyOf={({ hostname, resource }) => `${hostname} ${resource}`}
            renderActions={({ hostname }) => (
              <Button small tone="secondary" onClick={() => setAsked(hostname)}>
                Check<span className="sr-only"> {hostname}</span>
              </Button>
            )}
            empty={
              <EmptyState title="No public hostname">
                <p>
                  Give a resource a web door in its YAML: web, with a hostname and the origin that the
                  connector reaches.
                </p>
              </EmptyState>
            }
          />
        )}
      </Loaded>
      {asked === undefined ? undefined : (
        <Drawer
          title={asked}
          lead="What DNS and the connectors say of it now."
          onClose={() => setAsked(undefined)}
        >
          <Checked hostname={asked} />
        </Drawer>
      )}
    </Page>
  );
}

const columns: readonly Column<HostnameEntry>[] = [
  {
    id: 'hostname',
    head: 'Hostname',
    value: ({ hostname }) => hostname,
    cell: ({ hostname }) => <Foreign text={hostname} limit={253} className="font-mono text-note" />,
  },
  {
    id: 'resource',
    head: 'Resource',
    value: ({ resource }) => resource,
    cell: ({ resource }) => (
      <TextLink to="/admin/resources/$name" params={{ name: resource }}>
        <Foreign text={resource} limit={63} />
      </TextLink>
    ),
  },
  { id: 'network', head: 'Network', from: 'md', width: 'w-32', value: ({ network }) => network },
  {
    id: 'certificate',
    head: 'Certificates',
    from: 'sm',
    width: 'w-40',
    value: ({ certificates }) => certificates.length,
    cell: ({ certificates }) =>
      certificates.length === 0 ? (
        <Badge tone="wait">None reported</Badge>
      ) : (
        `on ${certificates.length} ${certificates.length === 1 ? 'connector' : 'connectors'}`
      ),
  },
];

const pointTexts: Readonly<
  Record<HostnameCheck['dns']['points'], { readonly tone: 'good' | 'wait' | 'bad'; readonly text: string }>
> = {
  here: { tone: 'good', text: 'It points at the relays' },
  partly: { tone: 'wait', text: 'It points at the relays and elsewhere' },
  elsewhere: { tone: 'bad', text: 'It points elsewhere' },
  nowhere: { tone: 'bad', text: 'It points nowhere' },
  unknown: { tone: 'wait', text: 'DNS did not answer' },
};

const certificateTexts: Readonly<
  Record<HostnameCheck['certificates'][number]['certificate']['state'], string>
> = {
  none: 'None',
  waiting: 'On its way',
  ready: 'Ready',
  failed: 'It could not be had',
};

function Checked({ hostname }: { readonly hostname: string }) {
  const check = useQuery({
    queryKey: ['check', hostname],
    queryFn: () => admin.checkHostname(hostname),
    gcTime: 0,
  });
  if (check.error !== null)
    return (
      <Notice tone="bad" title="It could not be checked" live>
        {check.error.message}
      </Notice>
    );
  if (check.data === undefined) return <Skeleton what="what DNS says" />;
  const { dns, trust, missing, certificates } = check.data;
  const { tone, text } = pointTexts[dns.points];
  return (
    <>
      <Notice tone={tone} title={text} live />
      <Panel title="DNS">
        <Facts
          facts={[
            [
              'Addresses',
              <Foreign
                key="addresses"
                text={dns.addresses.join(', ') || 'none'}
                limit={400}
                className="font-mono text-small"
              />,
            ],
            dns.alias === undefined
              ? undefined
              : ['An alias of', <Foreign key="alias" text={dns.alias} limit={253} />],
            [
              'Who can get a certificate',
              trust === 'relay-proof'
                ? 'only the connectors’ own account'
                : 'anybody who controls its address',
            ],
          ]}
        />
      </Panel>
      {missing.length === 0 ? undefined : (
        <Panel title="Records to set">
          <ul className="divide-y divide-line">
            {missing.map(({ name, type, value }) => (
              <li key={`${name} ${type} ${value}`} className="flex items-start gap-2 px-5 py-3">
                <code className="min-w-0 flex-1 font-mono text-small wrap-anywhere">
                  {name} {type} {value}
                </code>
                <CopyButton text={value} what={`the value of ${name}`} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Certificates">
        {certificates.length === 0 ? (
          <p className="px-5 py-4 text-quiet">No connector has reported one.</p>
        ) : (
          <ul className="divide-y divide-line">
            {certificates.map(({ connector, name, certificate }) => (
              <li key={connector} className="px-5 py-3 text-small">
                <Foreign text={name} limit={63} className="font-medium" />
                <p className="text-quiet">
                  {certificateTexts[certificate.state]}
                  {certificate.until === undefined ? undefined : (
                    <>
                      , until <Instant instant={new Date(certificate.until * 1_000).toISOString()} />
                    </>
                  )}
                  {certificate.issuer === undefined ? undefined : (
                    <Foreign text={`, by ${certificate.issuer}`} limit={120} />
                  )}
                </p>
                {certificate.problem === undefined ? undefined : (
                  <Foreign text={certificate.problem} limit={300} className="text-bad" />
                )}
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}
