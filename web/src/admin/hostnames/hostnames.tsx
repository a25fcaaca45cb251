/** Public hostnames: which resource each opens, with which certificate, and what DNS says of it when it is asked. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { HostnameCheck, HostnameEntry } from '../../../../protocol/hostnames.ts';
import { hostnamesQuery } from '../../admin-queries.ts';
import { admin } from '../../api/admin.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
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
import { Tabs } from '../../ui/tabs.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { useListSearch } from '../../ui/use-list-search.ts';
import { Proofs } from './proofs.tsx';

export function HostnamesPage() {
  const [{ tab }] = useListSearch();
  return (
    <Page
      title="Public hostnames"
      lead="Names under which people open an application in any browser, with sign-in in front of it."
    >
      <Tabs
        label="Parts of public hostnames"
        current={tab}
        tabs={[
          { id: undefined, label: 'Hostnames' },
          { id: 'proofs', label: 'Proofs' },
        ]}
      />
      {tab === 'proofs' ? <Proofs /> : <Hostnames />}
    </Page>
  );
}

function Hostnames() {
  const hostnames = useQuery(hostnamesQuery);
  const [asked, setAsked] = useState<string>();
  return (
    <>
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
                  Let people open a resource in any browser: change it, and give it a public hostname under
                  “In the browser”.
                </p>
                <Link to="/admin/resources" className={buttonClass('secondary', undefined, true)}>
                  Go to the resources
                </Link>
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
    </>
  );
}

const columns: readonly Column<HostnameEntry>[] = [
  {
    id: 'hostname',
    head: 'Hostname',
    value: ({ hostname }) => hostname,
    cell: ({ hostname, certificates }) => (
      <>
        <Foreign text={hostname} limit={253} className="font-mono text-note" />
        <div className="mt-1 empty:hidden sm:hidden">
          <CertificateState certificates={certificates} />
        </div>
      </>
    ),
  },
  {
    id: 'resource',
    head: 'Resource',
    from: 'sm',
    value: ({ resource }) => resource,
    cell: ({ resource }) => (
      <TextLink to="/admin/resources/$name" params={{ name: resource }}>
        <Foreign text={resource} limit={63} />
      </TextLink>
    ),
  },
  { id: 'network', head: 'Network', from: 'xl', width: 'w-32', value: ({ network }) => network },
  {
    id: 'certificate',
    head: 'Certificate',
    from: 'sm',
    width: 'w-44',
    value: ({ certificates }) => certificates.map(({ certificate }) => certificate.state).join(' '),
    cell: ({ certificates }) => <CertificateState certificates={certificates} />,
  },
  {
    id: 'issuer',
    head: 'By',
    from: 'xl',
    width: 'w-48',
    value: ({ certificates }) => issuerOf(certificates),
    cell: ({ certificates }) => <Foreign text={issuerOf(certificates)} limit={80} className="text-quiet" />,
  },
  {
    id: 'ends',
    head: 'Ends',
    from: 'xl',
    width: 'w-40',
    value: ({ certificates }) => soonest(certificates) ?? 0,
    cell: ({ certificates }) => {
      const until = soonest(certificates);
      return until === undefined ? '' : <Instant instant={new Date(until * 1_000).toISOString()} />;
    },
  },
];

type Reported = HostnameEntry['certificates'];

/** The worst that a connector reports. */
function CertificateState({ certificates }: { readonly certificates: Reported }) {
  const states = certificates.map(({ certificate }) => certificate.state);
  if (states.length === 0) return <Badge tone="wait">None reported</Badge>;
  if (states.includes('failed')) return <Badge tone="bad">Could not be had</Badge>;
  if (states.some((state) => state !== 'ready')) return <Badge tone="wait">On its way</Badge>;
  return <Badge tone="good">{states.length === 1 ? 'Ready' : `Ready on ${states.length} connectors`}</Badge>;
}

function issuerOf(certificates: Reported): string {
  return [...new Set(certificates.flatMap(({ certificate }) => certificate.issuer ?? []))].join(', ');
}

/** When the first of them ends, Unix seconds. */
function soonest(certificates: Reported): number | undefined {
  const ends = certificates.flatMap(({ certificate }) => certificate.until ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Where connectors take it from, and who sees to the next one. */
const sources: Readonly<Record<Reported[number]['certificate']['from'], string>> = {
  acme: 'from a public authority; the connector renews it by itself',
  file: 'from files on the connector; whoever put them there renews it',
  'built-in': 'from the built-in authority, which browsers do not know; renewed by itself',
};

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

const certificateTones = { none: 'wait', waiting: 'wait', ready: 'good', failed: 'bad' } as const;

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
                ? 'only the connectors’ own account: the name is relay-proof'
                : 'whoever receives its port 443, so the relays too: the name is relay-trusted. The CAA record below changes that.',
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
                <p className="flex flex-wrap items-center gap-2">
                  <Foreign text={name} limit={63} className="font-medium" />
                  <Badge tone={certificateTones[certificate.state]}>
                    {certificateTexts[certificate.state]}
                  </Badge>
                </p>
                <p className="mt-1 text-quiet text-pretty">
                  {sources[certificate.from]}
                  {certificate.issuer === undefined ? undefined : (
                    <Foreign text={`, by ${certificate.issuer}`} limit={120} />
                  )}
                  {certificate.until === undefined ? undefined : (
                    <>
                      , until <Instant instant={new Date(certificate.until * 1_000).toISOString()} />
                    </>
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
