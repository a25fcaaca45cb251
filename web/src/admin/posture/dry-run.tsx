/** Which devices a profile would block, and by which check, before it is in force. */
import { useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { DryRunOutcome } from '../../../../protocol/inventory.ts';
import type { PostureProfileDocument } from '../../../../protocol/posture-document.ts';
import { admin } from '../../api/admin.ts';
import { Button } from '../../ui/button.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { TextLink } from '../../ui/text-link.tsx';

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
