/** One resource: what it is, who may use it and why, what happened with it of late, and its settings. */
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { accessQuery, allResourcesQuery } from '../../admin-queries.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { AccessList } from '../access-list.tsx';
import { withEntry } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { LogList } from '../log/log-list.tsx';
import { PolicyLines } from '../policies/policy-lines.tsx';
import { policiesAbout } from '../policies/about.ts';
import { useDocument } from '../use-document.ts';
import { ResourceEditor } from './resource-editor.tsx';

const route = getRouteApi('/shell/admin/resources/$name');

export function ResourcePage() {
  const { name } = route.useParams();
  const { tab } = route.useSearch();
  const may = useMay();
  const navigate = useNavigate();
  const resources = useQuery(allResourcesQuery);
  const document = useDocument();
  const [editing, setEditing] = useState(false);
  const [review, propose] = useReview();
  const entry = resources.data?.find((each) => each.name === name);
  const base = document.data;
  const declared = base?.document.resources?.find((each) => each.name === name);
  const above = <TextLink to="/admin/resources">Resources</TextLink>;
  if (resources.data !== undefined && entry === undefined) {
    return (
      <Page title="Resource" name={name} above={above}>
        <EmptyState title="There is no resource of this name">
          <p>It may have been removed, or renamed in the document.</p>
        </EmptyState>
      </Page>
    );
  }
  const mayWrite = may('document.write-network');
  return (
    <Page
      title="Resource"
      name={name}
      above={above}
      actions={
        mayWrite && base !== undefined && declared !== undefined ? (
          <>
            <Button
              tone="secondary"
              onClick={() =>
                propose({
                  title: `Remove the resource ${name}`,
                  base,
                  next: withEntry(base.document, 'resources', name, undefined),
                  onSaved: () => void navigate({ to: '/admin/resources' }),
                })
              }
            >
              Remove
            </Button>
            <Button onClick={() => setEditing(true)}>Change</Button>
          </>
        ) : undefined
      }
    >
      <Tabs
        label="Parts of the resource"
        current={tab}
        tabs={[
          { id: undefined, label: 'Overview' },
          { id: 'access', label: 'Access' },
          ...(may('audit.read') ? [{ id: 'activity', label: 'Activity' }] : []),
        ]}
      />
      {tab === 'access' ? (
        <Access name={name} />
      ) : tab === 'activity' && may('audit.read') ? (
        <LogList query={{ resource: name }} />
      ) : (
        <Loaded what="The resource" query={resources}>
          {() => (
            <>
              <Panel title="What it is">
                {entry === undefined ? undefined : (
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
                        <Foreign
                          key="address"
                          text={entry.address}
                          limit={253}
                          className="font-mono text-small"
                        />,
                      ],
                      [
                        'Ports',
                        <span key="ports" className="font-mono text-small">
                          {entry.ports.join(', ')}
                        </span>,
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
                      declared?.session === undefined
                        ? undefined
                        : ['Signed in at most', `${declared.session} ago`],
                      declared?.outage === undefined
                        ? undefined
                        : ['Without the controller', `usable for ${declared.outage}`],
                      declared?.web === undefined
                        ? undefined
                        : [
                            'In the browser',
                            <Foreign
                              key="web"
                              text={[declared.web.hostname, ...(declared.web.hostnames ?? [])]
                                .filter(Boolean)
                                .join(', ')}
                              limit={253}
                              className="font-mono text-small"
                            />,
                          ],
                    ]}
                  />
                )}
              </Panel>
              {base === undefined || entry === undefined ? undefined : (
                <Panel title="Policies that speak of it">
                  <PolicyLines
                    policies={policiesAbout(base.document.policies ?? [], entry)}
                    empty="No policy speaks of it, so nobody may use it."
                  />
                </Panel>
              )}
            </>
          )}
        </Loaded>
      )}
      {editing && base !== undefined && declared !== undefined ? (
        <ResourceEditor base={base} existing={declared} onClose={() => setEditing(false)} />
      ) : undefined}
      {review}
    </Page>
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
