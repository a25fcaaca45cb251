/** Posture profiles: what devices have to be like, how many are, and what a change would block before it is made. */
import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import type { DryRunOutcome } from '../../../../protocol/inventory.ts';
import type { PostureProfileDocument } from '../../../../protocol/posture-document.ts';
import { postureSourcesQuery } from '../../admin-queries.ts';
import { admin, type DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Ago } from '../../ui/instant.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded, Skeleton } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';
import { withEntry } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { useDocument } from '../use-document.ts';
import { ProfileEditor } from './profile-editor.tsx';

export function PosturePage() {
  const may = useMay();
  const document = useDocument();
  const sources = useQuery(postureSourcesQuery);
  const [editing, setEditing] = useState<PostureProfileDocument | 'new'>();
  const [trying, setTrying] = useState<PostureProfileDocument>();
  const [review, propose] = useReview();
  const mayWrite = may('document.write-access');
  const base = document.data;
  const remove = (name: string, from: DocumentInForce): void =>
    propose({
      title: `Remove the posture profile ${name}`,
      base: from,
      next: withEntry(from.document, 'postureProfiles', name, undefined),
    });
  return (
    <Page
      title="Posture"
      lead="What a device has to be like. A profile asks nothing by itself: policies name it."
      actions={
        mayWrite ? (
          <Button onClick={() => setEditing('new')}>
            <Plus className="size-4" aria-hidden="true" />
            Add a profile
          </Button>
        ) : undefined
      }
    >
      <Loaded what="The profiles" query={document}>
        {(found) =>
          (found.document.postureProfiles ?? []).length === 0 ? (
            <EmptyState title="No posture profile">
              <p>
                Disk encryption, a firewall, a recent system: say what matters, and see first which devices it
                would block.
              </p>
            </EmptyState>
          ) : (
            <Panel title="Profiles">
              <ul className="divide-y divide-line">
                {found.document.postureProfiles?.map((profile) => (
                  <li key={profile.name} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
                    <div className="min-w-0 flex-1 basis-60">
                      <Foreign text={profile.name} limit={63} className="font-medium" />
                      <p className="text-small text-quiet">{summary(profile)}</p>
                    </div>
                    <Button small tone="secondary" onClick={() => setTrying(profile)}>
                      Dry run<span className="sr-only"> of {profile.name}</span>
                    </Button>
                    {mayWrite ? (
                      <>
                        <Button small tone="quiet" onClick={() => setEditing(profile)}>
                          Change<span className="sr-only"> {profile.name}</span>
                        </Button>
                        <Button small tone="quiet" onClick={() => remove(profile.name, found)}>
                          Remove<span className="sr-only"> {profile.name}</span>
                        </Button>
                      </>
                    ) : undefined}
                  </li>
                ))}
              </ul>
            </Panel>
          )
        }
      </Loaded>
      {sources.data === undefined || sources.data.length === 0 ? undefined : (
        <Panel title="Who else says which devices are compliant">
          <ul className="divide-y divide-line">
            {sources.data.map(({ name, way, heard, fault, verdicts, notCompliant }) => (
              <li key={name} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-5 py-3 text-small">
                <Foreign text={name} limit={63} className="min-w-0 flex-1 font-medium" />
                {fault === undefined ? undefined : <Badge tone="bad">Does not answer</Badge>}
                <span className="text-quiet">{way === 'webhook' ? 'sends' : 'is asked'}</span>
                <span className="text-quiet">
                  {verdicts} devices, {notCompliant} not compliant
                </span>
                <span className="text-quiet">
                  {heard === undefined ? 'never heard' : <Ago instant={heard} />}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {editing !== undefined && base !== undefined ? (
        <ProfileEditor
          base={base}
          existing={editing === 'new' ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      ) : undefined}
      {trying === undefined ? undefined : (
        <Drawer title={`What ${trying.name} would block`} onClose={() => setTrying(undefined)}>
          <DryRun profile={trying} />
        </Drawer>
      )}
      {review}
    </Page>
  );
}

const systems = { linux: 'Linux', macos: 'macOS', windows: 'Windows' } as const;

function summary(profile: PostureProfileDocument): string {
  const parts = Object.entries(systems).flatMap(([key, label]) => {
    const checks = profile[key as keyof typeof systems];
    return checks === undefined
      ? []
      : [`${label}: ${Object.keys(checks).map(words).join(', ') || 'nothing'}`];
  });
  if (profile.verdicts !== undefined) parts.push(`called compliant by ${profile.verdicts.join(' and ')}`);
  return parts.join(' · ');
}

/** `diskEncryption` as `disk encryption`. */
function words(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Asked anew each time it is opened. */
export function DryRun({ profile }: { readonly profile: PostureProfileDocument }) {
  const [first] = useState(profile);
  const run = useQuery({
    queryKey: ['dry-run', first],
    queryFn: () => admin.dryRun(first),
    gcTime: 0,
  });
  if (run.error !== null)
    return (
      <Notice tone="bad" title="It could not be tried" live>
        {run.error.message}
      </Notice>
    );
  return run.data === undefined ? <Skeleton what="what it would block" /> : <Outcome outcome={run.data} />;
}

/** The same on demand, for a profile that is being written. */
export function DryRunButton({ profile }: { readonly profile: PostureProfileDocument }) {
  const run = useMutation({ mutationFn: () => admin.dryRun(profile) });
  return (
    <div className="grid gap-3">
      <div>
        <Button
          tone="secondary"
          small
          busy={run.isPending}
          disabled={profile.name === ''}
          onClick={() => run.mutate()}
        >
          Dry run
        </Button>
      </div>
      {run.error === null ? undefined : (
        <Notice tone="bad" title="It could not be tried" live>
          {run.error.message}
        </Notice>
      )}
      {run.data === undefined ? undefined : <Outcome outcome={run.data} />}
    </div>
  );
}

function Outcome({ outcome: { devices, blocked, list } }: { readonly outcome: DryRunOutcome }) {
  const failing = list.filter(({ met }) => met !== true);
  return (
    <>
      <Notice
        tone={blocked === 0 ? 'good' : 'wait'}
        title={
          blocked === 0
            ? `It would block none of ${devices} devices`
            : `It would block ${blocked} of ${devices} devices`
        }
        live
      />
      {failing.length === 0 ? undefined : (
        <ul className="divide-y divide-line rounded-control border border-line">
          {failing.slice(0, 100).map(({ id, name, ownerName, checks }) => (
            <li key={id} className="px-4 py-2.5 text-small">
              <TextLink to="/admin/devices/$id" params={{ id }}>
                <Foreign text={name} limit={64} />
              </TextLink>{' '}
              <Foreign text={ownerName} limit={80} className="text-quiet" />
              <p className="text-quiet">
                {checks
                  .filter(({ met }) => !met)
                  .map(({ text }) => text)
                  .join('; ')}
              </p>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
