/** Posture profiles: what devices have to be like, how many are, and what a change would block before it is made. */
import { useState } from 'react';
import { Plus } from 'lucide-react';
import type { PostureProfileDocument } from '../../../../protocol/posture-document.ts';
import type { DocumentInForce } from '../../api/admin.ts';
import { useMay } from '../../shell/may.ts';
import { Button } from '../../ui/button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Entry, EntryList } from '../../ui/entry-list.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { withEntry } from '../document/shown-document.ts';
import { useReview } from '../document/use-review.tsx';
import { useDocument } from '../use-document.ts';
import { DryRun } from './dry-run.tsx';
import { ProfileEditor } from './profile-editor.tsx';
import { Sources } from './sources.tsx';

export function PosturePage() {
  const may = useMay();
  const document = useDocument();
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
              <EntryList label="Profiles">
                {found.document.postureProfiles?.map((profile) => (
                  <Entry
                    key={profile.name}
                    name={<Foreign text={profile.name} limit={63} />}
                    note={summary(profile)}
                    actions={
                      <>
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
                      </>
                    }
                  />
                ))}
              </EntryList>
            </Panel>
          )
        }
      </Loaded>
      {base === undefined ? undefined : <Sources base={base} />}
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
