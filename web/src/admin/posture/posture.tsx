/** Posture profiles: what devices have to be like, how many are, and what a change would block before it is made. */
import { useState } from 'react';
import type { PostureProfileDocument } from '../../../../protocol/posture-document.ts';
import { useMay } from '../../shell/may.ts';
import { AddButton } from '../../ui/add-button.tsx';
import { Button } from '../../ui/button.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Loaded } from '../../ui/states.tsx';
import { EntryButtons } from '../document/entry-buttons.tsx';
import { useEditor } from '../document/use-editor.tsx';
import { useDocument } from '../use-document.ts';
import { DryRun } from './dry-run.tsx';
import { ProfileEditor } from './profile-editor.tsx';
import { Sources } from './sources.tsx';

export function PosturePage() {
  const mayWrite = useMay()('document.write-access');
  const document = useDocument();
  const base = document.data;
  const [form, edit] = useEditor(ProfileEditor, base);
  const [trying, setTrying] = useState<PostureProfileDocument>();
  return (
    <Page
      title="Posture"
      lead="What a device has to be like. A profile asks nothing by itself: policies name it."
      actions={mayWrite ? <AddButton onClick={() => edit('new')}>Add a profile</AddButton> : undefined}
    >
      <Loaded what="The profiles" query={document}>
        {(found) => (
          <DataTable
            name="profiles"
            rows={found.document.postureProfiles ?? none}
            columns={columns}
            keyOf={({ name }) => name}
            actionsWidth="w-44 sm:w-64"
            renderActions={(profile) => (
              <span className="inline-flex flex-wrap justify-end gap-1">
                <Button small tone="secondary" onClick={() => setTrying(profile)}>
                  Dry run<span className="sr-only"> of {profile.name}</span>
                </Button>
                {mayWrite ? (
                  <EntryButtons
                    list="postureProfiles"
                    name={profile.name}
                    base={found}
                    onChange={() => edit(profile)}
                  />
                ) : undefined}
              </span>
            )}
            empty={
              <EmptyState title="No posture profile">
                <p>
                  Disk encryption, a firewall, a recent system: say what matters, and see first which devices
                  it would block.
                </p>
              </EmptyState>
            }
          />
        )}
      </Loaded>
      {base === undefined ? undefined : <Sources base={base} />}
      {form}
      {trying === undefined ? undefined : (
        <Drawer title={`What ${trying.name} would block`} onClose={() => setTrying(undefined)}>
          <DryRun profile={trying} />
        </Drawer>
      )}
    </Page>
  );
}

const none: readonly PostureProfileDocument[] = [];

const columns: readonly Column<PostureProfileDocument>[] = [
  {
    id: 'name',
    head: 'Profile',
    width: 'sm:w-48',
    value: ({ name }) => name,
    cell: (profile) => (
      <>
        <Foreign text={profile.name} limit={63} className="font-medium" />
        <Foreign text={summary(profile)} limit={200} className="block text-note text-quiet sm:hidden" />
      </>
    ),
  },
  {
    id: 'asks',
    head: 'Asks for',
    from: 'sm',
    value: summary,
    cell: (profile) => <Foreign text={summary(profile)} limit={300} className="text-quiet" />,
  },
];

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
