/** One resource: what it is, who may use it and why, what happened with it of late, and its settings. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ResourceEntry } from '../../../../protocol/inventory.ts';
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import type { PolicyDocument } from '../../../../protocol/policy-document.ts';
import type { WebDocument } from '../../../../protocol/web-document.ts';
import { accessQuery, allResourcesQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { AccessList } from '../access-list.tsx';
import { EntityPage } from '../entity-page.tsx';
import { useOwnRemoval } from '../document/use-removal.tsx';
import { LogList } from '../log/log-list.tsx';
import { PolicyLines } from '../policies/policy-lines.tsx';
import { useHits } from '../policies/use-hits.ts';
import { policiesAbout } from '../policies/about.ts';
import { useDocument } from '../use-document.ts';
import { certificateTexts, pathRuleText } from './web-texts.ts';
import { kindTexts } from './kind-texts.ts';
import { HealthPanel } from './health-panel.tsx';
import { ResourceEditor } from './resource-editor.tsx';
import { ToldPanel } from './told-panel.tsx';

const route = getRouteApi('/shell/admin/resources/$name');

export function ResourcePage() {
  const { name } = route.useParams();
  const { tab } = route.useSearch();
  const may = useMay();
  const resources = useQuery(allResourcesQuery);
  const document = useDocument();
  const [editing, setEditing] = useState(false);
  const [review, remove] = useOwnRemoval('resources');
  const entry = resources.data?.find((each) => each.name === name);
  const base = document.data;
  const declared = base?.document.resources?.find((each) => each.name === name);
  const mayWrite = may('document.write-network');
  return (
    <EntityPage
      kind="Resource"
      name={name}
      above={<TextLink to="/admin/resources">Resources</TextLink>}
      query={resources}
      find={entry}
      missing={['There is no resource of this name', 'It may have been removed, or renamed in the document.']}
      renderActions={() =>
        mayWrite && base !== undefined && declared !== undefined ? (
          <>
            <Button tone="secondary" onClick={() => remove(name, base)}>
              Remove
            </Button>
            <Button onClick={() => setEditing(true)}>Change</Button>
          </>
        ) : undefined
      }
      tab={tab}
      tabs={[
        { id: undefined, label: 'Overview' },
        ...(may('simulate.read') ? [{ id: 'access', label: 'Access' }] : []),
        ...(may('audit.read') ? [{ id: 'activity', label: 'Activity' }] : []),
      ]}
    >
      {(found) => (
        <>
          {tab === 'access' ? (
            <Access name={name} />
          ) : tab === 'activity' && may('audit.read') ? (
            <LogList query={{ resource: name }} />
          ) : (
            <Overview entry={found} declared={declared} policies={base?.document.policies} />
          )}
          {editing && base !== undefined && declared !== undefined ? (
            <ResourceEditor base={base} existing={declared} onClose={() => setEditing(false)} />
          ) : undefined}
          {review}
        </>
      )}
    </EntityPage>
  );
}

function Overview({
  entry,
  declared,
  policies,
}: {
  readonly entry: ResourceEntry;
  readonly declared: ResourceDocument | undefined;
  readonly policies: readonly PolicyDocument[] | undefined;
}) {
  const hits = useHits();
  return (
    <>
      <Panel title="What it is">
        <Facts
          facts={[
            [
              'Reached as',
              <ul key="hosts">
                {entry.hosts.map((host) => (
                  <li key={host} className="flex items-center gap-1">
                    <Foreign text={host} limit={120} className="font-mono text-small" />
                    <CopyButton text={host} what={host} />
                  </li>
                ))}
              </ul>,
            ],
            [
              'Address inside',
              <Foreign key="address" text={entry.address} limit={253} className="font-mono text-small" />,
            ],
            [
              'Ports',
              <span key="ports" className="font-mono text-small">
                {entry.ports.join(', ')}
              </span>,
            ],
            ['Kind', kindTexts[entry.kind]],
            [
              'Last used',
              entry.lastUsed === undefined ? 'never' : <Ago key="used" instant={entry.lastUsed} />,
            ],
            [
              'Network',
              <TextLink key="network" to="/admin/networks/$name" params={{ name: entry.network }}>
                <Foreign text={entry.network} limit={63} />
              </TextLink>,
            ],
            entry.tags.length === 0
              ? undefined
              : ['Tags', <Foreign key="tags" text={entry.tags.join(', ')} limit={300} />],
            declared?.session === undefined ? undefined : ['Signed in at most', `${declared.session} ago`],
            declared?.outage === undefined
              ? undefined
              : ['Without the controller', `usable for ${declared.outage}`],
            declared?.lockUnused === undefined
              ? undefined
              : ['Locked', `for whoever has not used it for ${declared.lockUnused}`],
          ]}
        />
      </Panel>
      <HealthPanel name={entry.name} declared={declared} />
      {declared?.web === undefined ? undefined : (
        <>
          <WebFacts web={declared.web} />
          <ToldPanel web={declared.web} resource={entry.id} />
        </>
      )}
      {policies === undefined ? undefined : (
        <Panel title="Policies that speak of it">
          <PolicyLines
            policies={policiesAbout(policies, entry)}
            hits={hits}
            empty="No policy speaks of it, so nobody may use it."
          />
        </Panel>
      )}
    </>
  );
}

function WebFacts({ web }: { readonly web: WebDocument }) {
  const hostnames = [...(web.hostname === undefined ? [] : [web.hostname]), ...(web.hostnames ?? [])];
  const origins = [...(web.origin === undefined ? [] : [web.origin]), ...(web.origins ?? [])];
  const mono = (text: string) => <Foreign text={text} limit={512} className="font-mono text-small" />;
  return (
    <Panel
      title="In the browser"
      aside={
        <span className="text-small">
          <TextLink to="/admin/hostnames" search={{ q: hostnames[0] ?? '' }}>
            Its certificates and records
          </TextLink>
        </span>
      }
    >
      {web.maintenance === undefined ? undefined : (
        <div className="px-5 pt-4">
          <Notice tone="wait" title="People read this in its place">
            <Foreign text={web.maintenance} limit={1_024} />
          </Notice>
        </div>
      )}
      <Facts
        facts={[
          ['Opened as', mono(hostnames.join(', '))],
          ['Origin', mono(origins.join(', '))],
          web.rules === undefined || web.rules.length === 0
            ? undefined
            : [
                'Paths',
                <ul key="rules" className="grid gap-1">
                  {web.rules.map((rule) => (
                    <li key={JSON.stringify(rule)} className="text-small">
                      {mono([...(rule.methods ?? []), ...rule.paths].join(' '))}{' '}
                      <span className="text-quiet">{pathRuleText(rule)}</span>
                    </li>
                  ))}
                </ul>,
              ],
          web.headers === undefined
            ? undefined
            : ['Sends as well', mono(Object.keys(web.headers).join(', '))],
          web.allowOrigins === undefined ? undefined : ['Other sites', mono(web.allowOrigins.join(', '))],
          web.certificate === undefined ? undefined : ['Certificate', certificateTexts[web.certificate]],
        ]}
      />
    </Panel>
  );
}

function Access({ name }: { readonly name: string }) {
  const access = useQuery(accessQuery({ resource: name }));
  return (
    <Loaded what="The access" query={access}>
      {(list) => <AccessList access={list} of="resource" />}
    </Loaded>
  );
}
